// Our command line against a daemon of its own: streams, exit codes, signals, a terminal, builds and copies.
// also by the release's program
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { wharfProgram as wharf } from '../wharf-program.ts';

const skip =
  process.getuid?.() !== 0 ? 'needs root' : existsSync('/bin/busybox') ? false : 'needs busybox-static';

interface Ran {
  code: number | null;
  out: Buffer;
  err: string;
}

describe('wharf, the command line', { skip, timeout: 170_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-cli-'));
  const socket = `unix://${join(dir, 's.sock')}`;
  const env = {
    ...process.env,
    WHARF_HOST: socket,
    DOCKER_CONFIG: join(dir, 'config'),
    NODE_TEST_CONTEXT: undefined,
  };
  const bridge = `wc${process.pid}`;
  let daemon: ChildProcess | undefined;

  const run = async (args: readonly string[], input: string | Buffer = ''): Promise<Ran> => {
    const child = spawn(wharf, args, { env, timeout: 90_000 });
    child.stdin.on('error', () => undefined).end(input);
    const ended = once(child, 'close');
    const [out, err] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
    await ended;
    return { code: child.exitCode, out, err: err.toString() };
  };
  const ok = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await run(args);
    assert.equal(code, 0, `wharf ${args.join(' ')}: ${err}`);
    return out.toString().trim();
  };

  /** In a terminal of 101 columns and 31 rows: `script` makes it, without a size, so the shell in it sets one. */
  const inTerminal = (line: string) => {
    const script = `sh -c 'stty cols 101 rows 31; exec ${wharf} ${line}'`;
    const child = spawn('script', ['-qec', script, '/dev/null'], { env });
    const ended = once(child, 'close');
    let out = '';
    child.stdout.on('data', (piece: Buffer) => {
      out += piece;
    });
    const until = async (text: string) => {
      for (let left = 800; !out.includes(text) && left > 0; left -= 1) await sleep(50);
      assert.ok(out.includes(text), `${JSON.stringify(text)} is not in ${JSON.stringify(out)}`);
    };
    return { child, ended, until };
  };

  before(async () => {
    const places = ['--root', join(dir, 'root'), '--run', join(dir, 'run'), '--host', socket];
    daemon = spawn(wharf, ['daemon', ...places, '--bridge', bridge, '--bip', '10.213.79.1/24'], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    await new Promise<void>((resolve, reject) => {
      daemon?.stderr?.on('data', (piece: Buffer) => {
        said += piece;
        if (said.includes('listening on')) resolve();
      });
      daemon?.once('exit', () => reject(new Error(`the daemon ended: ${said}`)));
    });
    const tree = join(dir, 'tree');
    for (const name of ['bin', 'tmp', 'etc']) mkdirSync(join(tree, name), { recursive: true });
    cpSync('/bin/busybox', join(tree, 'bin/busybox'));
    for (const name of 'sh cat echo sleep true stty find mkdir'.split(' '))
      symlinkSync('busybox', join(tree, 'bin', name));
    const tar = await buffer(spawn('tar', ['-cC', tree, '.']).stdout);
    assert.equal((await run(['import', '-', 'base'], tar)).code, 0);
  });

  after(async () => {
    const left = (await run(['ps', '-aq'])).out.toString().split('\n').filter(Boolean);
    if (left.length > 0) await run(['rm', '-f', ...left]);
    const ended = daemon === undefined ? undefined : once(daemon, 'exit');
    daemon?.kill('SIGTERM');
    await ended;
    // A daemon leaves its network to its containers; here nobody is left to use it.
    spawnSync('ip', ['link', 'del', bridge]);
    for (const family of ['inet', 'bridge']) spawnSync('nft', ['delete', 'table', family, `wharf_${bridge}`]);
    rmSync(dir, { recursive: true, force: true });
  });

  it('keeps stdout, stderr and the exit code apart', async () => {
    const { code, out, err } = await run([
      'run',
      '--rm',
      'base',
      'sh',
      '-c',
      'echo out; echo err >&2; exit 7',
    ]);
    assert.deepEqual([code, out.toString(), err], [7, 'out\n', 'err\n']);
  });

  it('tells 125, 126 and 127 apart', async () => {
    const codes: unknown[] = [];
    for (const line of [
      ['base', 'nosuch'],
      ['base', '/tmp'],
      ['-p', 'x:80', 'base'],
      ['base', '--help-is-mine'],
    ]) {
      codes.push((await run(['run', '--rm', ...line])).code);
    }
    assert.deepEqual(codes, [127, 126, 125, 127]);
    assert.equal(await ok('ps', '-aq'), '');
  });

  it('carries every byte of stdin and its end, though the reader is slow', async () => {
    const bytes = randomBytes(3_000_000);
    const child = spawn(wharf, ['run', '--rm', '-i', 'base', 'cat'], { env });
    child.stdin.end(bytes);
    await sleep(1500);
    assert.ok(bytes.equals(await buffer(child.stdout)));
    assert.ok(bytes.equals((await run(['run', '--rm', '-i', 'base', 'cat'], bytes)).out));
  });

  it('reads a pipe to its end, though it pauses and the engine is slow to take it', async () => {
    const tar = join(dir, 'piped.tar');
    assert.equal(spawnSync('tar', ['-cf', tar, '-C', join(dir, 'tree'), '.']).status, 0);
    const feed = `{ head -c 300000 ${tar}; sleep 0.2; tail -c +300001 ${tar}; }`;
    const line = `${feed} | timeout 60 ${wharf} import - piped`;
    const imports = Array.from({ length: 8 }, async () => {
      const child = spawn('sh', ['-c', line], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      const [out, [code]] = await Promise.all([buffer(child.stdout), once(child, 'close')]);
      return { code, out: out.toString() };
    });
    for (const { code, out } of await Promise.all(imports)) {
      assert.equal(code, 0);
      assert.match(out, /^sha256:[0-9a-f]{64}\n$/);
    }
    await ok('image', 'rm', '-f', 'piped');
  });

  it('passes signals on', async () => {
    const script = 'trap "echo got; exit 9" TERM; echo ready; while :; do sleep 0.05; done';
    const child = spawn(wharf, ['run', '--rm', 'base', 'sh', '-c', script], { env });
    const ended = once(child, 'close');
    let out = '';
    for await (const piece of child.stdout) {
      out += piece;
      if (out === 'ready\n') child.kill('SIGTERM');
    }
    await ended;
    assert.deepEqual([out, child.exitCode], ['ready\ngot\n', 9]);
  });

  it('gives a terminal its size, and detaches', async () => {
    const { child, ended, until } = inTerminal('run --name term -it base sh');
    await until('# ');
    child.stdin.write('stty size\r');
    await until('31 101');
    child.stdin.write('\x10\x11');
    await until('read escape sequence');
    await ended;
    assert.equal(child.exitCode, 0);
    assert.equal(await ok('inspect', '-f', '{{.State.Running}}', 'term'), 'true');
    // In an exec the interrupt is the terminal's inside: the program there hears it, and wharf goes on.
    const heard = 'until stty size; do sleep 0.1; done; exit 4';
    const loop = `trap "${heard}" INT; echo ready; while :; do sleep 0.1; done`;
    const exec = inTerminal(`exec -it term sh -c '\\''${loop}'\\''`);
    await exec.until('ready');
    exec.child.stdin.write('\x03');
    await exec.until('31 101');
    await exec.ended;
    assert.equal(exec.child.exitCode, 4);
    await ok('rm', '-f', 'term');
  });

  it('execs with stdin and the exit code, shows logs, and takes names in lists', async () => {
    const id = await ok(
      'run',
      '-d',
      '--name',
      'box',
      '-e',
      'A=1',
      'base',
      'sh',
      '-c',
      'echo one; echo two >&2; sleep 60',
    );
    assert.equal(await ok('ps', '-q', '--no-trunc'), id);
    const exec = await run(['exec', '-i', 'box', 'sh', '-c', 'cat; echo $A; exit 3'], 'typed\n');
    assert.deepEqual([exec.code, exec.out.toString()], [3, 'typed\n1\n']);
    // The shell may not have come to its second line yet.
    let logs = await run(['logs', 'box']);
    for (let left = 100; logs.err === '' && left > 0; left -= 1) {
      await sleep(100);
      logs = await run(['logs', 'box']);
    }
    assert.deepEqual([logs.out.toString(), logs.err], ['one\n', 'two\n']);
    assert.match(await ok('ps', '--format', 'table {{.Names}}\\t{{.Image}}'), /^NAMES +IMAGE\nbox +base$/);
    const gone = await run(['rm', '-f', 'box', 'nobox']);
    assert.deepEqual([gone.code, gone.out.toString().trim()], [0, 'box']);
    assert.match(gone.err, /No such container: nobox/);
  });

  it('copies in and out', async () => {
    const local = join(dir, 'files');
    mkdirSync(join(local, 'sub'), { recursive: true });
    writeFileSync(join(local, 'sub/a'), 'alpha');
    await ok('create', '--name', 'copies', 'base', 'true');
    await ok('cp', local, 'copies:/tmp');
    await ok('cp', `${local}/.`, 'copies:/etc');
    await ok('cp', 'copies:/tmp/files', join(dir, 'back'));
    await ok('cp', 'copies:/etc/sub/a', join(dir, 'one'));
    assert.equal(readFileSync(join(dir, 'back/sub/a'), 'utf8'), 'alpha');
    assert.equal(readFileSync(join(dir, 'one'), 'utf8'), 'alpha');
    assert.match(
      (await run(['cp', 'copies:/nowhere', dir])).err,
      /Could not find the file \/nowhere in container copies/,
    );
    await ok('rm', 'copies');
  });

  it('copies from one container to another, by the rules of a copy to this machine', async () => {
    for (const name of ['from', 'into']) await ok('run', '-d', '--name', name, 'base', 'sleep', '60');
    await ok('exec', 'from', 'sh', '-c', 'mkdir -p /d/sub; echo deep > /d/sub/f; echo flat > /g');
    await ok('cp', 'from:/d', 'into:/tmp');
    await ok('cp', 'from:/d/.', 'into:/etc');
    await ok('cp', 'from:/g', 'into:/h');
    const said = await ok('exec', 'into', 'cat', '/tmp/d/sub/f', '/etc/sub/f', '/h');
    assert.equal(said, 'deep\ndeep\nflat');
    await ok('rm', '-f', 'from', 'into');
  });

  it('reaches an engine by a context, and by dial-stdio in place of its socket', async () => {
    await ok('context', 'create', 'own', '--docker', `host=${socket}`);
    const byContext = { ...env, WHARF_HOST: '', DOCKER_HOST: '', DOCKER_CONTEXT: 'own' };
    const { stdout } = spawnSync(wharf, ['images', '--format', '{{.Repository}}'], {
      env: byContext,
      encoding: 'utf8',
    });
    assert.match(stdout, /^base$/m);
    const request = 'GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    assert.match(
      (await run(['system', 'dial-stdio'], request)).out.toString(),
      /^HTTP\/1\.1 200 OK[\s\S]*OK$/,
    );
    assert.match((await run(['__complete', '--', 'run', 'ba'])).out.toString(), /^base:latest$/m);
    await ok('context', 'rm', 'own');
  });

  it('builds from a folder, from a Dockerfile on stdin, and from a tar', async () => {
    const context = join(dir, 'context');
    mkdirSync(context, { recursive: true });
    writeFileSync(
      join(context, 'Dockerfile'),
      'FROM base\nARG WORD\nCOPY . /ctx\nRUN echo $WORD > /word\nCMD ["cat", "/word"]\n',
    );
    writeFileSync(join(context, '.dockerignore'), '*.log\n');
    writeFileSync(join(context, 'x.log'), '');
    await ok('build', '-t', 'app:1', '--build-arg', 'WORD=hello', '--iidfile', join(dir, 'iid'), context);
    assert.equal(await ok('run', '--rm', 'app:1'), 'hello');
    assert.equal(await ok('run', '--rm', 'app:1', 'find', '/ctx', '-name', '*.log'), '');
    assert.equal(readFileSync(join(dir, 'iid'), 'utf8'), await ok('images', '-q', '--no-trunc', 'app:1'));
    assert.equal(
      (await run(['build', '-q', '-t', 'app:2', '-'], 'FROM base\nCMD ["echo", "two"]\n')).code,
      0,
    );
    assert.equal(await ok('run', '--rm', 'app:2'), 'two');
    const tar = await buffer(spawn('tar', ['-czC', context, '.']).stdout);
    assert.equal((await run(['build', '-q', '-t', 'app:3', '-'], tar)).code, 0);
    const failed = await run(['build', '-t', 'app:1', '-'], 'FROM base\nRUN echo said; exit 4\n');
    assert.equal(failed.code, 1);
    assert.match(failed.out.toString(), /said/);
    assert.match(failed.err, /returned a non-zero code: 4/);
    assert.equal(await ok('run', '--rm', 'app:1'), 'hello');
  });
});
