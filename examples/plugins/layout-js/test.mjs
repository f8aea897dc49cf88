// What the layout decides, in Node.js.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arranger, plugin } from './plugin.js';

const size = { width: 640, height: 360 };
const person = (uid) => ({ uid, name: `${uid}`, camera: size, hasAudio: true, speaking: uid === 2 });
const room = (count, options = '{}') => ({
  canvas: size,
  participants: Array.from({ length: count }, (_, n) => person(n + 1)),
  options,
});

test('everybody is in the grid and the speaker framed', () => {
  assert.equal(arranger.arrange(room(0)).layers.length, 0);
  const { layers } = arranger.arrange(room(5));
  assert.equal(layers.length, 6);
  assert.equal(layers[1].content.tag, 'colour');
  assert.equal(layers[1].area.x, 1 / 3);
  assert.equal(arranger.arrange(room(5, '{"frames": false}')).layers.length, 5);
});

test('options that make no sense are told', () => {
  assert.throws(() => arranger.arrange(room(1, '{"frames": 7}')), /frames: write/);
});

test('it describes itself', () => {
  assert.equal(plugin.describe().name, 'example-layout-js');
});
