// The command line as one program that needs neither Node nor a folder: Bun with our code in it, compiled beforehand.
// It starts in a third of Node's time (docs/decisions/003).
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Bundle, checkout, writeBundle } from './bundle.ts';

/** Where the engine would be loaded, the command goes on in Node. */
const onlyNode = join(import.meta.dirname, 'only-node.ts');

/** The file that tells the version lies beside no such program: it takes the text along. */
const manifest = /\(0,\w+\.readFileSync\)\(new URL\("\.\.\/\.\.\/package\.json",bundleUrl\),"utf8"\)/g;

/** Makes `program` of this bundle by way of the folder of code. False where there is no Bun that runs here. */
export function writeSingleFile(
  program: string,
  code: string,
  { entry, servers }: { entry: Bundle['entry']; servers: readonly string[] },
): boolean {
  const bun = bunProgram();
  if (bun === undefined) return false;
  const output = 'single-file.cjs';
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  writeBundle(code, {
    entry,
    output,
    alias: Object.fromEntries(servers.map((name) => [name, onlyNode])),
    replace: [[manifest, JSON.stringify(JSON.stringify({ version }))]],
    url: `"file://"+process.execPath`,
  });
  const lost = /\w*\W?\(bundleUrl\)\(["'`][^.].*?\)/.exec(readFileSync(join(code, output), 'utf8'));
  if (lost !== null) throw new Error(`${output} loads a package that is not in it: ${lost[0]}`);
  const words = [
    'build',
    '--compile',
    '--bytecode',
    '--format=cjs',
    // Errors are told by the names of their classes.
    '--keep-names',
    // The files of the folder where a user stands are the user's: `.env` is Compose's to read.
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    `--outfile=${program}`,
    join(code, output),
  ];
  const { status, stdout, stderr } = spawnSync(bun, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`bun build ended with code ${status}: ${stdout}${stderr}`);
  rmSync(join(code, output));
  writeFileSync(`${program}.LICENSE`, licenses);
  return true;
}

/** Bun's package brings no text of its own. */
const licenses = `The program beside this file is Wharf's command line (Apache-2.0) joined with Bun (MIT, Copyright Oven and contributors).
Bun holds JavaScriptCore, WebCore's parts of WebKit (LGPL-2.0 and LGPL-2.1, BSD) and other libraries, each under its own licence.
The list, the sources and how to link Bun with another WebKit: https://bun.com/docs/project/licensing
Wharf's part also runs without Bun, on Node: wharf-on-node.
`;

function bunProgram(): string | undefined {
  const arch = process.arch === 'arm64' ? 'aarch64' : process.arch;
  const name = `@oven/bun-linux-${arch}/package.json`;
  try {
    const named = process.env['WHARF_BUN'] ?? createRequire(import.meta.url).resolve(name);
    const bun = named.replace(/package\.json$/, 'bin/bun');
    const runs = existsSync(bun) && spawnSync(bun, ['--version'], { stdio: 'ignore' }).status === 0;
    return runs ? bun : undefined;
  } catch {
    return undefined;
  }
}
