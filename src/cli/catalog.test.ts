// The catalog against the commands and flags of the docker CLI, and what every command owes its reader.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findEntry, sections } from '#cli/catalog.ts';
import { globalFlags } from '#cli/endpoint.ts';
import type { FlagTable } from '#cli/grammar/flags.ts';

/** Why something of Docker's is not here: the first line whose pattern fits `command` or `command --flag`. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/^checkpoint /, 'experimental in Docker; the engine keeps no checkpoints'],
  [/^container start --checkpoint/, 'experimental in Docker; the engine keeps no checkpoints'],
  [/^volume update/, 'cluster volumes: Swarm'],
  [
    /^volume create --(availability|group|limit-bytes|required-bytes|scope|secret|sharing|topology-preferred|topology-required|type)$/,
    'cluster volumes: Swarm',
  ],
  [
    /^buildx (bake|create|dap|debug|dial-stdio|du|history|imagetools|inspect|ls|policy|rm|stop|use)\b/,
    'the engine has one builder, its own',
  ],
  [/^buildx (build|prune) --/, 'flags of the plugin that the builder of the engine has not yet'],
];

interface Known {
  command: string;
  flags: string[];
}

const known: Known[] = readFileSync(new URL('docker-flags.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [command = '', flags = ''] = line.split(': ');
    return { command: command.replace(/:$/, ''), flags: flags.split(' ').filter(Boolean) };
  });

test('every command and flag of the docker CLI is here, or has a reason not to be', async () => {
  assert.ok(known.length > 90 && known.flatMap(({ flags }) => flags).length > 500);
  const missing: string[] = [];
  for (const { command, flags } of known) {
    const table = command === '(global)' ? globalFlags : await tableOf(command);
    if (table === undefined) missing.push(command);
    else
      missing.push(
        ...flags.filter((flag) => !hasFlag(table, flag)).map((flag) => `${command} ${longOf(flag)}`),
      );
  }
  const open = missing.filter((each) => !reasons.some(([pattern]) => pattern.test(`${each} `.trimEnd())));
  assert.deepEqual(open, []);
});

async function tableOf(command: string): Promise<FlagTable | undefined> {
  const words = command.split(' ');
  const found = findEntry(words);
  return found === undefined || found.words !== words.length
    ? undefined
    : (await found.entry.load()).command.flags;
}

const longOf = (flag: string) => (flag.includes('/') ? (flag.split('/')[1] ?? '') : flag);

/** `-a/--all` wants both letters and the name. */
function hasFlag(table: FlagTable, flag: string): boolean {
  const long = longOf(flag).slice(2);
  const found = table[long] ?? Object.values(table).find(({ also }) => also?.includes(long));
  return found !== undefined && (!flag.includes('/') || found.short === flag[1]);
}

test('every command has an example that begins with its name, and every shown flag its help', async () => {
  const poor: string[] = [];
  for (const { name, load } of sections.flatMap(({ entries }) => entries)) {
    const { command } = await load();
    if (!command.examples.some((example) => example.includes(`wharf ${name}`)))
      poor.push(`${name}: no example`);
    for (const [flag, { help, hidden }] of Object.entries(command.flags))
      if (!hidden && help === '') poor.push(`${name} --${flag}: no help`);
  }
  assert.deepEqual(poor, []);
});

test('no name is given twice', () => {
  const names = sections.flatMap(({ entries }) => entries.flatMap(({ name, also }) => [name, ...also]));
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
});

test('letters of flags are given once a command', async () => {
  const twice: string[] = [];
  for (const { name, load } of sections.flatMap(({ entries }) => entries)) {
    const letters = Object.values((await load()).command.flags).flatMap(({ short }) => short ?? []);
    twice.push(
      ...letters.filter((letter, at) => letters.indexOf(letter) !== at).map((letter) => `${name} -${letter}`),
    );
  }
  assert.deepEqual(twice, []);
});
