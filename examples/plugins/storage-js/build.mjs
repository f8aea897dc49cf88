// Makes a component of plugin.js: `node build.mjs WORLD OUT.wasm`.
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { componentize } from '@bytecodealliance/componentize-js';

const [world, out] = process.argv.slice(2);
const { component } = await componentize({
  sourcePath: 'plugin.js',
  witPath: resolve('wit'),
  worldName: world,
  // Nothing of WASI: the host gives a plugin nothing but `log`.
  disableFeatures: ['random', 'stdio', 'clocks', 'http', 'fetch-event'],
});
await writeFile(out, component);
console.log(`${out}: ${component.length} bytes`);
