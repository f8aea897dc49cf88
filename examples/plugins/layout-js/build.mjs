// Makes a component of plugin.js: `node build.mjs WORLD OUT.wasm`.
//
// With ENGINE=quickjs the engine inside is QuickJS instead of SpiderMonkey: a tenth of the size.
// Either way without WASI: the host gives a plugin nothing but `log`.
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

const [world, out] = process.argv.slice(2);
const packages = createRequire(resolve(process.env.NODE_MODULES ?? 'node_modules', 'x'));
const load = (name) => import(pathToFileURL(packages.resolve(name)));

async function spiderMonkey() {
  const { componentize } = await load('@bytecodealliance/componentize-js');
  return componentize({
    sourcePath: 'plugin.js',
    witPath: resolve('wit'),
    worldName: world,
    disableFeatures: ['random', 'stdio', 'clocks', 'http', 'fetch-event'],
  });
}

async function quickJs() {
  const { componentize } = await load('componentize-qjs');
  const jsSource = await readFile('plugin.js', 'utf8');
  return componentize({ witPath: 'wit', jsSource, world, stubWasi: true, sync: true, optSize: true });
}

const { component } = await (process.env.ENGINE === 'quickjs' ? quickJs() : spiderMonkey());
await writeFile(out, component);
console.log(`${out}: ${component.length} bytes`);
