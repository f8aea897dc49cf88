// What the storage decides, in Node.js.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plugin, uploader } from './plugin.js';

const job = { id: '1', key: 'a/ü b.m3u8', size: 3n, contentType: 'text/plain', tags: [] };
const at = { nowMs: 1n, random: [1n, 2n] };
const answer = (status, headers = []) => [
  { id: 2, outcome: { tag: 'response', val: { status, headers, body: new Uint8Array(), truncated: false } } },
];

function begun() {
  plugin.configure('{"endpoint": "https://s.example:8443", "bucket": "b", "token": "hush"}');
  const upload = uploader.Upload.open(job);
  assert.equal(upload.next(at, []).val[0].work.tag, 'digest');
  const [{ work }] = upload.next(at, [{ id: 1, outcome: { tag: 'digest', val: Uint8Array.of(0xab, 0xcd) } }]).val;
  assert.equal(work.val.target, '/b/a/%C3%BC%20b.m3u8');
  return upload;
}

test('a job is done when the digests are the same', () => {
  const done = begun().next(at, answer(200, [['etag', '"abcd"']]));
  assert.deepEqual(done, { tag: 'done', val: { url: 'https://s.example:8443/b/a/%C3%BC%20b.m3u8', etag: 'abcd' } });
  assert.equal(begun().next(at, answer(200, [['etag', '"ffff"']])).val.kind.tag, 'integrity');
});

test('failures have their class', () => {
  const kind = (status, headers) => begun().next(at, answer(status, headers)).val.kind;
  assert.deepEqual(kind(503, [['retry-after', '2']]), { tag: 'throttled', val: 2000 });
  assert.deepEqual(kind(401), { tag: 'bad-credentials' });
  assert.deepEqual(kind(500), { tag: 'transient' });
});

test('mistakes of the configuration are told', () => {
  assert.throws(() => plugin.configure('{"bucket": 7}'), (wrong) => wrong.length === 3);
});
