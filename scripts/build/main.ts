// Makes `dist/`: one directory that runs without the sources. The command line is one program (Bun with our code in it);
// the daemon, the Hub and what else needs Node run on Node. `npm run build -- [DIR] --no-node` leaves Node out (120 MB).
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { onNode } from '#cli/hand-over.ts';
import { type Bundle, checkout, writeBundle } from './bundle.ts';
import { writeSingleFile } from './single-file.ts';

const dist = resolve(process.argv.slice(2).find((word) => !word.startsWith('-')) ?? join(checkout, 'dist'));
const code = join(dist, 'lib/code');

/** Packages that are not bundled, as they have native parts or are loaded by name. */
const copied = ['koffi'];

/** One for all bundles, as errors are told by their class; whatever a bundle holds else, it holds for itself. */
const errors = '#shared/errors.ts';
const shared = [`require("${errors}")`, 'require("./errors.cjs")'] as const;

/** Files that run in threads of their own, wherever the sources start one. */
const workers = globSync('src/**/*.ts', { cwd: checkout }).flatMap((source) => {
  const text = readFileSync(join(checkout, source), 'utf8');
  return [...text.matchAll(/new Worker\(new URL\('([^']+)'/g)].map(([, named = '']) => {
    const file = join(dirname(source), named);
    return { named, file, output: `${basename(named, '.ts')}.cjs` };
  });
});

/** What runs long and is big: the commands load it when they are asked for it. */
const servers = ['#daemon/run.ts', '#daemon/hub.ts'];
const lazyServers = 'Promise.resolve().then(() => require("./daemon.cjs"))';

const commandLine = {
  text: `import { runProgram } from '#cli/program.ts';\nvoid runProgram(process.argv.slice(2));\n`,
};

const bundles: Bundle[] = [
  { entry: { file: 'src/shared/errors.ts' }, output: 'errors.cjs' },
  {
    entry: commandLine,
    output: 'wharf.cjs',
    external: [...servers, errors],
    replace: [shared, ...servers.map((name) => [`import("${name}")`, lazyServers] as const)],
  },
  {
    entry: { text: servers.map((name) => `export * from '${name}';\n`).join('') },
    output: 'daemon.cjs',
    external: [errors],
    replace: [shared, ...workers.map(({ named, output }) => [named, `./${output}`] as const)],
  },
  ...workers.map(({ file, output }): Bundle => ({ entry: { file }, output })),
];

rmSync(dist, { recursive: true, force: true });
mkdirSync(code, { recursive: true });
for (const each of bundles) writeBundle(code, { ...each, external: [...copied, ...(each.external ?? [])] });
copyPackages();
writeRest();
linkProgram();
if (!process.argv.includes('--no-node')) copyNode();
warmUp();

/** With what they depend on. Sources and documents of packages stay behind. */
function copyPackages(): void {
  const wanted = new Set<string>();
  const add = (name: string) => {
    const folder = join(checkout, 'node_modules', name);
    if (wanted.has(name) || !existsSync(folder)) return;
    wanted.add(name);
    const manifest: { dependencies?: object; optionalDependencies?: object } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    for (const each of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) add(each);
  };
  for (const name of copied) add(name);
  const left = /^\/(?:doc|docs|vendor|test|tests|CHANGELOG\.md|README\.md)$/;
  for (const name of wanted) {
    const from = join(checkout, 'node_modules', name);
    cpSync(from, join(dist, 'node_modules', name), {
      recursive: true,
      filter: (path) => !left.test(path.slice(from.length)),
    });
  }
}

function writeRest(): void {
  const { name, version, license } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ name, version, license }, undefined, 2)}\n`);
  mkdirSync(join(dist, 'bin'));
  copyProgram(join(import.meta.dirname, 'wharf.sh'), `lib/${onNode}`);
  copyProgram(join(checkout, 'bin/wharf-compose'), 'bin/wharf-compose');
}

/** The single file where it can be made here, and Node's way otherwise. */
function linkProgram(): void {
  const made = writeSingleFile(join(dist, 'lib/wharf'), code, { entry: commandLine, servers });
  if (!made) console.log('there is no Bun that runs here: bin/wharf starts Node, which takes longer');
  symlinkSync(`../lib/${made ? 'wharf' : onNode}`, join(dist, 'bin/wharf'));
}

function copyProgram(from: string, to: string): void {
  copyFileSync(from, join(dist, to));
  chmodSync(join(dist, to), 0o755);
}

function copyNode(): void {
  const node = realpathSync(join(checkout, 'node_modules/.bin/node'));
  copyProgram(node, 'lib/node');
  const license = join(dirname(dirname(node)), 'LICENSE');
  if (existsSync(license)) copyFileSync(license, join(dist, 'lib/node.LICENSE'));
}

/** Fills the cache of compiled code, so that a user's first command is as quick as the next. */
function warmUp(): void {
  for (const words of [
    ['--version'],
    ['run', '--help'],
    ['daemon', '--help'],
    ['-H', 'unix:///nowhere', 'ps'],
  ]) {
    spawnSync(join(dist, 'lib', onNode), words, { stdio: 'ignore' });
  }
  const bytes = bundles.map(
    ({ output }) => `${output} ${Math.round(statSync(join(code, output)).size / 1024)} KiB`,
  );
  console.log(`${dist}: ${bytes.join(', ')}`);
}
