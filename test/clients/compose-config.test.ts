// Every case of test/compose-cases beside the stock docker-compose: the same `config`, or an error in both.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { formatConfigJson } from '#compose/config.ts';
import type { Json } from '#compose/json.ts';
import type { LoadOptions } from '#compose/load/assemble.ts';
import { loadProject } from '#compose/load/load.ts';
import { noStockCompose, stockCompose } from './stock-compose.ts';

interface Case {
  name: string;
  compose?: string;
  files?: Record<string, string>;
  directory?: string;
  environment?: Record<string, string>;
  options?: Partial<LoadOptions>;
}

/** Where the two differ on purpose, and why. */
const deliberate: Record<string, string> = {
  'env_file stays where it is not to be read': 'what is not read need not be there',
  'a restart policy that is none': 'told before anything is made, not by the engine after',
  'ports that clash between services': 'told before anything is made',
  "published ports on the host's network": 'told before anything is made',
  'a start interval without a start period': 'told before anything is made',
  'keys are not filled': 'a key has its dollars as they are written',
  'variables stay as they are where filling is off': 'command and entrypoint are shown all the same',
  'an override adds services, volumes and networks':
    'a volume may have a name of one letter, which the stock one takes for a Windows drive',
  'volumes with names, drivers and external ones': 'the same',
  'a named volume that is a folder of this machine': 'the same',
  'extension fields are replaced as a whole':
    'extensions of services are shown, and nothing is known of how to merge them',
  'extension fields stay': 'extensions of services are shown',
  'a named service is enabled whatever its profiles': 'config shows what the named service needs beside',
  'volumes in their long spelling': 'create_host_path: false is shown, as it has an effect',
  deploy: 'an empty placement is not shown',
  'build in its long spelling': 'contexts from services are checked when they are used',
  'networks with addresses, and an external one': 'internal: false is shown as it was written',
  'the other attributes of a service': 'an absent exec is not shown',
  'an attribute with nothing behind it counts as absent': 'kinder: the line says nothing',
  'block device limits': 'the keys are those of the file',
  'hooks before the start and before the stop': 'newer than the stock client',
  'an external network in the old spelling': 'an external network has no addressing of the file',
  models: 'models are shown even where nothing can run them',
};

/** Where what the stock one does depends on how long it is given. */
const unequal = 'aliases that grow without end';

const root = mkdtempSync(join(tmpdir(), 'wharf-compose-config-'));
after(() => rmSync(root, { recursive: true, force: true }));

const cases = globSync('test/compose-cases/*.yaml')
  .sort()
  .flatMap((file) => (parse(readFileSync(file, 'utf8')) as Case[]).map((one) => ({ file, one })));

test('the stock client says the same of every case', { skip: noStockCompose, timeout: 170_000 }, async () => {
  const differences: string[] = [];
  const queue = [...cases.entries()].filter(([, { one }]) => one.name !== unequal);
  const compareOne = async (index: number, one: Case): Promise<void> => {
    const folder = join(root, String(index), 'app');
    for (const [name, text] of Object.entries(one.files ?? { 'compose.yaml': one.compose ?? '' })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const [ours, theirs] = [oursOf(one, folder), await theirsOf(one, folder)];
    const isSame = JSON.stringify(ours.data) === JSON.stringify(theirs.data);
    if (isSame !== one.name in deliberate) return;
    if (isSame) {
      differences.push(`${one.name}: said to differ on purpose, and does not`);
      return;
    }
    differences.push(`${one.name}:\n  ours:   ${shown(ours)}\n  stock:  ${shown(theirs)}`);
  };
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      await compareOne(next[0], next[1].one);
  };
  await Promise.all([work(), work(), work()]);
  assert.equal(differences.length, 0, `${differences.length} of ${cases.length}\n${differences.join('\n')}`);
});

test('what differs on purpose is still a case', () => {
  const names = new Set(cases.map(({ one }) => one.name));
  assert.ok(names.has(unequal));
  assert.deepEqual(
    Object.keys(deliberate).filter((name) => !names.has(name)),
    [],
  );
});

interface Outcome {
  /** Undefined where it is an error. */
  data?: Json;
  error?: string;
}

function oursOf(one: Case, folder: string): Outcome {
  try {
    const project = loadProject({
      directory: join(folder, one.directory ?? '.'),
      environment: one.environment ?? {},
      ...one.options,
    });
    const { interpolate } = one.options ?? {};
    return { data: sorted(JSON.parse(formatConfigJson(project, { escapeDollars: interpolate !== false }))) };
  } catch (thrown) {
    return { error: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

async function theirsOf(one: Case, folder: string): Promise<Outcome> {
  const { files, profiles, projectName, projectDirectory, envFiles, services, ...rest } = one.options ?? {};
  const many = (flag: string, values: readonly string[] = []) => values.flatMap((value) => [flag, value]);
  const args = [
    ...many('-f', files),
    ...many('--profile', profiles),
    ...many('--env-file', envFiles),
    ...(projectName === undefined ? [] : ['-p', projectName]),
    ...(projectDirectory === undefined ? [] : ['--project-directory', projectDirectory]),
    ...(rest.allResources === true ? ['--all-resources'] : []),
    'config',
    '--format',
    'json',
    ...(rest.interpolate === false ? ['--no-interpolate'] : []),
    ...(rest.resolveEnvironment === false ? ['--no-env-resolution'] : []),
    ...(rest.checkConsistency === false ? ['--no-consistency'] : []),
    ...(services ?? []),
  ];
  const child = spawn(stockCompose ?? '', args, {
    cwd: join(folder, one.directory ?? '.'),
    env: { PATH: process.env['PATH'], HOME: root, ...one.environment },
    timeout: 30_000,
  });
  child.stdin.on('error', () => undefined).end(rest.stdin?.() ?? '');
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await closed;
  return code === 0 ? { data: sorted(JSON.parse(stdout)) } : { error: stderr.trim() };
}

/** Keys in order: only what is said counts. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, sorted(child)]));
}

const shown = ({ data, error }: Outcome): string => (error ?? JSON.stringify(data)).slice(0, 1500);
