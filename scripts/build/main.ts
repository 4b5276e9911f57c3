// Makes `dist/`: one directory that runs without the sources. The command line is one file, the daemon another, so
// that a client never reads the engine. `npm run build -- [DIR] --no-node` leaves Node itself out (120 MB).
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
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';

const root = join(import.meta.dirname, '../..');
const dist = resolve(process.argv.slice(2).find((word) => !word.startsWith('-')) ?? join(root, 'dist'));
const code = join(dist, 'lib/code');

/** Packages that are not bundled, as they have native parts or are loaded by name. */
const copied = ['koffi', '@balena/dockerignore'];

interface Bundle {
  /** An entry of the sources, or the text of one. */
  entry: { file: string } | { text: string };
  output: string;
  /** Imports that stay imports. */
  external?: string[];
  /** Texts of the bundle that name sources, and what they become. */
  replace?: (readonly [string, string])[];
}

/** One for all bundles, as errors are told by their class; whatever a bundle holds else, it holds for itself. */
const errors = '#shared/errors.ts';
const shared = [`require("${errors}")`, 'require("./errors.cjs")'] as const;

/** Files that run in threads of their own, wherever the sources start one. */
const workers = globSync('src/**/*.ts', { cwd: root }).flatMap((source) => {
  const text = readFileSync(join(root, source), 'utf8');
  return [...text.matchAll(/new Worker\(new URL\('([^']+)'/g)].map(([, named = '']) => {
    const file = join(dirname(source), named);
    return { named, file, output: `${basename(named, '.ts')}.cjs` };
  });
});

/** What runs long and is big: the commands load it when they are asked for it. */
const servers = ['#daemon/run.ts', '#daemon/hub.ts'];
const lazyServers = 'Promise.resolve().then(() => require("./daemon.cjs"))';

const bundles: Bundle[] = [
  { entry: { file: 'src/shared/errors.ts' }, output: 'errors.cjs' },
  {
    entry: {
      text: `import { runProgram } from '#cli/program.ts';\nvoid runProgram(process.argv.slice(2));\n`,
    },
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
for (const each of bundles) writeBundle(each);
copyPackages();
writeRest();
if (!process.argv.includes('--no-node')) copyNode();
warmUp();

function writeBundle({ entry, output, external = [], replace = [] }: Bundle): void {
  const file = join(code, output);
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
    `--banner:js=const bundleUrl = require('node:url').pathToFileURL(__filename).href;`,
    ...[...copied, ...external].map((name) => `--external:${name}`),
    `--outfile=${file}`,
  ];
  const input = 'text' in entry ? entry.text : '';
  const { status, stderr } = spawnSync(esbuildProgram(), words, { cwd: root, input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`esbuild ended with code ${status}: ${stderr}`);
  let text = readFileSync(file, 'utf8');
  for (const [from, to] of replace) {
    if (!text.includes(from)) throw new Error(`${output} does not hold ${from}`);
    text = text.replaceAll(from, to);
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

/** With what they depend on. Sources and documents of packages stay behind. */
function copyPackages(): void {
  const wanted = new Set<string>();
  const add = (name: string) => {
    const folder = join(root, 'node_modules', name);
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
    const from = join(root, 'node_modules', name);
    cpSync(from, join(dist, 'node_modules', name), {
      recursive: true,
      filter: (path) => !left.test(path.slice(from.length)),
    });
  }
}

function writeRest(): void {
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ name, version, license }, undefined, 2)}\n`);
  mkdirSync(join(dist, 'bin'));
  copyFileSync(join(import.meta.dirname, 'wharf.sh'), join(dist, 'bin/wharf'));
  chmodSync(join(dist, 'bin/wharf'), 0o755);
}

function copyNode(): void {
  const node = realpathSync(join(root, 'node_modules/.bin/node'));
  copyFileSync(node, join(dist, 'lib/node'));
  chmodSync(join(dist, 'lib/node'), 0o755);
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
    spawnSync(join(dist, 'bin/wharf'), words, { stdio: 'ignore' });
  }
  const bytes = bundles.map(
    ({ output }) => `${output} ${Math.round(statSync(join(code, output)).size / 1024)} KiB`,
  );
  console.log(`${dist}: ${bytes.join(', ')}`);
}
