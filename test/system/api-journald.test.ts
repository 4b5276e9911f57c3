// The log driver journald, with a journal daemon of the test's own: one that sees a /run of its own, as the engine does.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { wharfProgram as wharf } from '../wharf-program.ts';

const journald = '/lib/systemd/systemd-journald';
const missing = [journald, '/usr/bin/journalctl', '/etc/machine-id', '/usr/bin/busybox'].filter(
  (path) => !existsSync(path),
);
const skip = missing.length > 0 ? `needs ${missing.join(' and ')}` : undefined;
if (skip !== undefined) console.log(`skipped: ${skip}`);

const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), 'wharf-journald-'));
const socket = join(dir, 's');
const bridge = `wj${process.pid}`;
let inside: ChildProcess;
let said = '';

// The shell is left as the one process that holds the namespace; it ends both when its input ends.
const script = `
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal /run/log/journal || exit 1
${journald} & journal=$!
for left in $(seq 100); do [ -S /run/systemd/journal/socket ] && break; sleep 0.1; done
"$@" & engine=$!
read end
kill $engine; wait $engine; kill $journal; wait $journal
`;

before(async () => {
  if (skip !== undefined) return;
  const daemon = [wharf, 'daemon', '--root', join(dir, 'root'), '--run', join(dir, 'run')];
  const words = [...daemon, '--host', `unix://${socket}`, '--bridge', bridge, '--bip', '10.215.7.1/24'];
  inside = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script, 'sh', ...words]);
  for (const stream of [inside.stdout, inside.stderr]) stream?.on('data', (chunk) => (said += chunk));
  for (let left = 300; !existsSync(socket); left--) {
    assert.ok(left > 0 && inside.exitCode === null, said);
    await sleep(100);
  }
  const tar = ['-C', '/usr', '-cf', join(dir, 'bb.tar'), 'bin/busybox'];
  await run('tar', tar);
  await cli('import', join(dir, 'bb.tar'), 'bb');
});

after(async () => {
  if (inside !== undefined) {
    const closed = once(inside, 'close');
    inside.stdin?.end('\n');
    await closed;
    await run('ip', ['link', 'del', bridge]).catch(() => undefined);
  }
  rmSync(dir, { recursive: true, force: true });
});

const cli = async (...args: string[]): Promise<string> =>
  (await run(wharf, args, { env: { ...process.env, WHARF_HOST: `unix://${socket}` } })).stdout.trim();

/** What the journal has of a container, once it has so many lines. */
async function entriesOf(name: string, count: number): Promise<Record<string, string>[]> {
  const look = [
    '-t',
    String(inside.pid),
    '-m',
    'journalctl',
    '-D',
    '/run/log/journal',
    '-o',
    'json',
    '--all',
    '--no-pager',
  ];
  for (let left = 100; ; left--) {
    const found = await run('nsenter', [...look, `CONTAINER_NAME=${name}`], { maxBuffer: 1 << 24 });
    const lines = found.stdout.split('\n').filter((line) => line.startsWith('{'));
    if (lines.length >= count) return lines.map((line) => JSON.parse(line));
    assert.ok(left > 0, `${lines.length} of ${count}\n${said}`);
    await sleep(100);
  }
}

test('lines come into the journal with Docker’s fields, and can be read back', { skip }, async () => {
  const sh = ['bb', '/bin/busybox', 'sh', '-c'];
  const driver = ['--log-driver', 'journald', '--log-opt', 'tag={{.Name}}/x', '--log-opt', 'labels=app.kind'];
  const options = ['--network', 'none', ...driver, '--label', 'app.kind=test'];
  const id = await cli(
    'run',
    '-d',
    '--name',
    'talker',
    ...options,
    ...sh,
    'echo out; echo err >&2; echo "a=b"',
  );
  const entries = await entriesOf('talker', 3);
  const told = entries.map(({ MESSAGE, PRIORITY }) => `${PRIORITY} ${MESSAGE}`).sort();
  assert.deepEqual(told, ['3 err', '6 a=b', '6 out']);
  const [first = {}] = entries;
  assert.equal(first['CONTAINER_ID_FULL'], id);
  assert.equal(first['CONTAINER_ID'], id.slice(0, 12));
  assert.equal(first['CONTAINER_TAG'], 'talker/x');
  assert.equal(first['SYSLOG_IDENTIFIER'], 'talker/x');
  assert.equal(first['IMAGE_NAME'], 'bb');
  assert.equal(first['APP_KIND'], 'test');
  assert.match(await cli('logs', 'talker'), /out/);
  await cli('rm', '-f', '--now', 'talker');
});

test('many lines arrive, each once and in order', { skip }, async () => {
  const count = 2000;
  const sh = ['bb', '/bin/busybox', 'sh', '-c', `for i in $(/bin/busybox seq ${count}); do echo $i; done`];
  await cli('run', '--name', 'many', '--network', 'none', '--log-driver', 'journald', ...sh);
  const entries = await entriesOf('many', count);
  assert.deepEqual(
    entries.map(({ MESSAGE }) => Number(MESSAGE)),
    Array.from({ length: count }, (_, index) => index + 1),
  );
  await cli('rm', '-f', '--now', 'many');
});

test('a line longer than an entry comes in pieces that say so', { skip }, async () => {
  const sh = ['bb', '/bin/busybox', 'sh', '-c', 'printf %040000d 7; echo'];
  await cli('run', '--name', 'long', '--network', 'none', '--log-driver', 'journald', ...sh);
  const entries = await entriesOf('long', 3);
  assert.equal(entries.map(({ MESSAGE }) => MESSAGE).join(''), '7'.padStart(40_000, '0'));
  assert.deepEqual(
    entries.map((entry) => entry['CONTAINER_PARTIAL_MESSAGE']),
    ['true', 'true', undefined],
  );
  await cli('rm', '-f', '--now', 'long');
});
