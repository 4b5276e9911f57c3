// Our command line against somebody else's engine: Debian's dockerd, where it lies unpacked for the bench.
// also by the release's program
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchEngine, startDockerd } from '../../scripts/bench/engines.ts';
import { wharfProgram as wharf } from '../wharf-program.ts';

const dockerd = ['../../.cache/peers/usr/sbin/dockerd', '/usr/sbin/dockerd'].some((path) =>
  existsSync(new URL(path, import.meta.url)),
);
const skip =
  process.getuid?.() !== 0
    ? 'needs root'
    : !dockerd
      ? 'needs dockerd: sh scripts/bench/peers.sh unpacks one'
      : existsSync('/bin/busybox')
        ? false
        : 'needs busybox-static';

describe('wharf as the client of dockerd', { skip, timeout: 170_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-cli-dockerd-'));
  let engine: BenchEngine | undefined;

  const run = async (words: readonly string[], input: string | Buffer = '') => {
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${engine?.socket}`,
      WHARF_HOST: '',
      DOCKER_CONFIG: join(dir, 'config'),
      NODE_TEST_CONTEXT: undefined,
    };
    const child = spawn(wharf, words, { env, timeout: 60_000 });
    child.stdin.on('error', () => undefined).end(input);
    const ended = once(child, 'close');
    const [out, err] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
    await ended;
    return { code: child.exitCode, out: out.toString(), err: err.toString() };
  };
  const ok = async (...words: string[]) => {
    const { code, out, err } = await run(words);
    assert.equal(code, 0, `wharf ${words.join(' ')}: ${err}`);
    return out.trim();
  };

  before(async () => {
    engine = await startDockerd(join(dir, 'engine'));
    const tree = join(dir, 'tree');
    mkdirSync(join(tree, 'bin'), { recursive: true });
    cpSync('/bin/busybox', join(tree, 'bin/busybox'));
    for (const name of 'sh cat echo sleep true'.split(' ')) symlinkSync('busybox', join(tree, 'bin', name));
    const tar = await buffer(spawn('tar', ['-cC', tree, '.']).stdout);
    const { code, err } = await run(['import', '-', 'base:1'], tar);
    assert.equal(code, 0, err);
  });

  after(async () => {
    await engine?.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });

  it('tells whose version it is, and speaks the older of both APIs', async () => {
    const { Server } = JSON.parse(await ok('version', '--format', 'json'));
    assert.match(Server.ApiVersion, /^1\.\d+$/);
    assert.match(await ok('info', '-f', '{{.ServerVersion}}'), /^\d+\./);
  });

  it('lists images, with a template and as JSON', async () => {
    assert.match(await ok('images'), /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\nbase +1 +[0-9a-f]{12} /);
    assert.equal(await ok('images', '--format', '{{.Repository}}:{{.Tag}}'), 'base:1');
    assert.equal(JSON.parse(await ok('image', 'inspect', 'base:1')).length, 1);
  });

  it('runs, with streams and exit code, and shows what is left', async () => {
    const ran = await run(
      ['run', '--rm', '--network', 'none', '-i', 'base:1', 'sh', '-c', 'cat; echo e >&2; exit 5'],
      'in',
    );
    assert.deepEqual([ran.code, ran.out, ran.err.trim()], [5, 'in', 'e']);
    assert.equal((await run(['run', '--rm', '--network', 'none', 'base:1', 'nosuch'])).code, 127);
    assert.equal(await ok('ps', '-aq'), '');
  });

  it('lists, execs, shows logs, copies, and removes', async () => {
    const script = 'echo one; echo two >&2; sleep 60';
    const id = await ok(
      'run',
      '-d',
      '--name',
      'box',
      '--network',
      'none',
      '-e',
      'A=1',
      'base:1',
      'sh',
      '-c',
      script,
    );
    assert.equal(await ok('ps', '-q', '--no-trunc'), id);
    assert.match(await ok('ps'), /box$/);
    const exec = await run(['exec', '-i', 'box', 'sh', '-c', 'cat; echo $A; exit 3'], 'typed\n');
    assert.deepEqual([exec.code, exec.out], [3, 'typed\n1\n']);
    // The shell may not have come to its second line yet.
    let logs = await run(['logs', '--tail', '5', 'box']);
    for (let left = 100; logs.err === '' && left > 0; left -= 1) {
      await sleep(100);
      logs = await run(['logs', '--tail', '5', 'box']);
    }
    assert.deepEqual([logs.out, logs.err], ['one\n', 'two\n']);
    assert.equal(
      await ok('inspect', '-f', '{{.State.Status}} {{index .Config.Env 0}}', 'box'),
      'running A=1',
    );
    await ok('cp', 'box:/bin/busybox', join(dir, 'copied'));
    assert.ok(existsSync(join(dir, 'copied')));
    assert.match(await ok('stats', '--no-stream', '--format', '{{.Name}}', 'box'), /^box$/);
    assert.equal(await ok('rm', '-f', 'box'), 'box');
    const gone = await run(['logs', 'box']);
    assert.deepEqual([gone.code, /No such container: box/.test(gone.err)], [1, true]);
  });
});
