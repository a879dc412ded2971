/**
 * Builds the page into the server's package: index.html, and beside it assets whose names carry a
 * hash of their content. The same sources give the same bytes, so that CI can compare.
 *
 * `node build.mjs [FOLDER]`; without a folder the committed one is replaced.
 */

import { readFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const committed = path.join(here, '../server/tusline/page');
const target = path.resolve(process.argv[2] ?? committed);

const result = await build({
  absWorkingDir: here,
  entryPoints: ['src/main.ts', 'page/style.css'],
  entryNames: '[name]-[hash]',
  outdir: path.join(target, 'assets'),
  bundle: true,
  // the package's untranspiled sources: a third smaller, for browsers that read them anyway
  alias: { 'tus-js-client': 'tus-js-client/lib/browser/index.js' },
  minify: true,
  format: 'esm',
  target: ['es2022', 'chrome100', 'firefox100', 'safari15.4'],
  charset: 'utf8',
  legalComments: 'none', // licences.txt has them in full
  metafile: true,
  write: false,
});

/** Entry point's file name → its address in the page. */
const assets = new Map(
  Object.entries(result.metafile.outputs)
    .filter(([, output]) => output.entryPoint !== undefined)
    .map(([file, output]) => [
      path.basename(output.entryPoint).replace(/\.ts$/, '.js'),
      `assets/${path.basename(file)}`,
    ]),
);

/** The licence texts of every package that went into the bundle. */
async function licences() {
  const names = new Set(
    Object.keys(result.metafile.inputs)
      .map((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1])
      .filter((name) => name !== undefined),
  );
  const texts = [...names].sort().map(async (name) => {
    const folder = path.join(here, 'node_modules', name);
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
    if (file === undefined) throw new Error(`${name} has no licence file`);
    const { version } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
    return `${name} ${version}\n\n${(await readFile(path.join(folder, file), 'utf8')).trim()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`);
}

/** The template with each {{name}} replaced by the asset's address. Raises on an unknown name. */
async function index() {
  const template = await readFile(path.join(here, 'page/index.html'), 'utf8');
  return template.replace(/\{\{(.+?)\}\}/g, (_, name) => {
    const address = assets.get(name);
    if (address === undefined) throw new Error(`index.html names ${name}, which is not built`);
    return address;
  });
}

const [page, notices] = await Promise.all([index(), licences()]);
await rm(path.join(target, 'assets'), { recursive: true, force: true });
await mkdir(path.join(target, 'assets'), { recursive: true });
await writeFile(path.join(target, 'index.html'), page);
await writeFile(path.join(target, 'licences.txt'), notices);
for (const file of result.outputFiles) {
  await writeFile(file.path, file.contents);
  console.log(`${path.relative(target, file.path)}  ${file.contents.length} bytes`);
}
