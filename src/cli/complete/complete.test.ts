// Completion: what may come next, on lines as shells send them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { complete, filesToo } from './complete.ts';
import type { Lookup } from './lookup.ts';

const asked: string[] = [];
const lookup: Lookup = async (thing, flags) => {
  asked.push(flags.host === undefined ? thing : `${thing} of ${flags.host}`);
  if (thing === 'image') return [{ text: 'app:1' }, { text: 'nginx:latest' }];
  if (thing === 'network') return [{ text: 'back' }, { text: 'bridge' }];
  if (thing === 'context') return [{ text: 'default' }, { text: 'server' }];
  return [{ text: 'web', help: 'nginx' }, { text: 'db' }];
};

async function after(...words: string[]): Promise<unknown> {
  const found = await complete(words, lookup);
  return found === filesToo ? 'files' : found.map(({ text }) => text);
}

test('commands, groups and the commands of groups', async () => {
  assert.deepEqual(await after('sta'), ['start', 'stats']);
  assert.deepEqual(await after('net'), ['network']);
  assert.deepEqual(await after('network', 'c'), ['connect', 'create']);
  assert.deepEqual(await after('help', 'lo'), ['load', 'login', 'logout', 'logs']);
  assert.deepEqual(await after('nosuch', ''), []);
});

test('flags, global ones before the command and its own after it', async () => {
  assert.deepEqual(await after('--tlsc'), ['--tlscacert', '--tlscert']);
  assert.deepEqual(await after('rm', '--f'), ['--force']);
  assert.deepEqual(await after('run', '--rm', 'app', '--f'), 'files');
  assert.deepEqual(await after('rm', '--', '--f'), []);
});

test('names of things, and none twice where several may follow', async () => {
  assert.deepEqual(await after('rm', ''), ['db', 'web']);
  assert.deepEqual(await after('rm', 'web', ''), ['db']);
  assert.deepEqual(await after('run', '-it', 'n'), ['nginx:latest']);
  assert.deepEqual(await after('network', 'connect', 'back', 'w'), ['web']);
  assert.deepEqual(await after('container', 'stop', 'd'), ['db']);
  assert.deepEqual(await after('context', 'use', 's'), ['server']);
});

test('values of flags, apart and with =', async () => {
  assert.deepEqual(await after('run', '--network', 'b'), ['back', 'bridge']);
  assert.deepEqual(await after('run', '--network=br'), ['--network=bridge']);
  assert.deepEqual(await after('run', '--pull', ''), ['always', 'missing', 'never']);
  assert.deepEqual(await after('run', '--env-file', ''), 'files');
  assert.deepEqual(await after('run', '-e', ''), []);
  assert.deepEqual(await after('run', '-e', 'A=1', 'app'), ['app:1']);
  assert.deepEqual(await after('--context', 'se'), ['server']);
});

test('the engine of the line is the one that is asked', async () => {
  asked.length = 0;
  await after('-H', 'tcp://h:1', 'rm', '');
  assert.deepEqual(asked, ['container of tcp://h:1']);
});

test('bash takes the script, and gives back what comes after a colon', async () => {
  const { command } = await import('../commands/shell/completion.ts');
  let script = '';
  const write = (text: string) => {
    script += text;
    return true;
  };
  const cli = { stdout: { write } };
  await command.execute(cli as unknown as Parameters<typeof command.execute>[0], 'wharf completion', [
    'bash',
  ]);
  const run = `
    wharf() { printf '%s\\n' "nginx:1" "nginx:2" | grep -F "$(printf '%s' "\${@: -1}")"; }
    ${script}
    COMP_LINE='wharf run nginx:' COMP_POINT=16
    _wharf; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', run], { encoding: 'utf8' });
  assert.deepEqual([stdout, stderr], ['1\n2\n', '']);
});
