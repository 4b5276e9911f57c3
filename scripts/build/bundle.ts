// One bundle of the release: an entry of the sources and all it needs, as one CommonJS file made by esbuild.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export const checkout = join(import.meta.dirname, '../..');

export interface Bundle {
  /** An entry of the sources, or the text of one. */
  entry: { file: string } | { text: string };
  output: string;
  /** Imports that stay imports. */
  external?: string[];
  /** Imports that become another file. */
  alias?: Record<string, string>;
  /** Texts of the bundle that name sources, and what they become. */
  replace?: (readonly [string | RegExp, string])[];
  /** An expression: the URL of the place that stands for every source's own. */
  url?: string;
}

const ownUrl = `require('node:url').pathToFileURL(__filename).href`;

/** Writes it into `folder`. Throws where esbuild fails, and where a source would be looked for that is not there. */
export function writeBundle(folder: string, bundle: Bundle): void {
  const { entry, output, external = [], alias = {}, replace = [], url = ownUrl } = bundle;
  const file = join(folder, output);
  const words = [
    ...('file' in entry ? [entry.file] : []),
    '--bundle',
    '--platform=node',
    '--target=node24',
    '--format=cjs',
    '--legal-comments=none',
    // What is shorter is read and hashed sooner at each start; names stay, as errors are told by them.
    '--minify-whitespace',
    '--minify-syntax',
    '--log-level=warning',
    '--define:import.meta.url=bundleUrl',
    `--banner:js=const bundleUrl = ${url};`,
    ...external.map((name) => `--external:${name}`),
    ...Object.entries(alias).map(([name, path]) => `--alias:${name}=${path}`),
    `--outfile=${file}`,
  ];
  const input = 'text' in entry ? entry.text : '';
  const { status, stderr } = spawnSync(esbuildProgram(), words, { cwd: checkout, input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`esbuild ended with code ${status}: ${stderr}`);
  let text = readFileSync(file, 'utf8');
  for (const [from, to] of replace) {
    const replaced = text.replaceAll(from, to);
    if (replaced === text) throw new Error(`${output} does not hold ${from}`);
    text = replaced;
  }
  const lost = /new URL\("\.[^"]*\.ts"/.exec(text);
  if (lost !== null) throw new Error(`${output} names a source that is not there: ${lost[0]}`);
  writeFileSync(file, text);
}

/** esbuild's own program: its npm package chooses it by platform, and a script may be missing where none were run. */
function esbuildProgram(): string {
  const find = createRequire(import.meta.url);
  const main = process.env['WHARF_ESBUILD'] ?? find.resolve(`@esbuild/linux-${process.arch}/bin/esbuild`);
  if (!existsSync(main)) throw new Error('esbuild is not installed: npm install');
  return main;
}
