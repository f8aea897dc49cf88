// What the callback decides, in Node.js.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notifier, plugin } from './plugin.js';

const at = { nowMs: 1n, random: [1n, 2n] };
const notice = { id: '1', app: 'demo', room: 'r', sid: 's', sequence: 0n, atMs: 7n, kind: 'recorder_started', details: '{"a":1}' };

function begun() {
  assert.deepEqual(plugin.configure('{"url": "http://127.0.0.1:81/a?b=c", "secret": "hush"}'), [
    { scheme: 'http', host: '127.0.0.1', port: 81 },
  ]);
  const delivery = new notifier.Delivery(notice);
  return [delivery, delivery.next(at, undefined).val];
}

const answered = (status) => begun()[0].next(at, { tag: 'response', val: { status, headers: [] } });

test('an event is posted with the token', () => {
  const [, request] = begun();
  assert.equal(request.target, '/a?b=c');
  assert.deepEqual(request.headers[1], ['authorization', 'Bearer hush']);
  const body = JSON.parse(new TextDecoder().decode(request.body[0].val));
  assert.deepEqual([body.kind, body.details.a], ['recorder_started', 1]);
});

test('only 2xx is delivered', () => {
  assert.equal(answered(204).tag, 'done');
  assert.equal(answered(500).val.retriable, true);
  assert.equal(answered(404).val.retriable, false);
});

test('mistakes of the configuration are told', () => {
  assert.throws(() => plugin.configure('{}'), ([wrong]) => wrong.pointer === '/url');
});
