// The release: built into a folder of the test's own, it runs from there without the sources.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const builder = fileURLToPath(new URL('../../scripts/build/main.ts', import.meta.url));
const skip = process.getuid?.() !== 0 ? 'needs root' : hasEsbuild() ? false : 'esbuild is not installed';

function hasEsbuild(): boolean {
  if (process.env['WHARF_ESBUILD'] !== undefined) return true;
  try {
    return existsSync(createRequire(import.meta.url).resolve(`@esbuild/linux-${process.arch}/bin/esbuild`));
  } catch {
    return false;
  }
}

type Run = (words: string[], input?: string) => { status: number | null; stdout: string; stderr: string };

/** A container's whole way: native calls, threads that unpack, streams, a file of variables that is not Node's. */
function runsContainers(run: Run, dir: string): void {
  if (!existsSync('/bin/busybox')) {
    console.log('no container is run: needs busybox-static');
    return;
  }
  mkdirSync(join(dir, 'tree/bin'), { recursive: true });
  cpSync('/bin/busybox', join(dir, 'tree/bin/busybox'));
  symlinkSync('busybox', join(dir, 'tree/bin/sh'));
  assert.equal(spawnSync('tar', ['-cf', join(dir, 'tree.tar'), '-C', join(dir, 'tree'), '.']).status, 0);
  assert.equal(run(['import', join(dir, 'tree.tar'), 'base']).status, 0);
  writeFileSync(join(dir, 'variables'), 'WORD=heard\n');
  const words = ['--env-file', join(dir, 'variables'), 'base', 'sh', '-c', 'echo $WORD; exit 7'];
  const ran = run(['run', '--rm', '--network', 'none', ...words]);
  assert.deepEqual([ran.status, ran.stdout], [7, 'heard\n'], ran.stderr);
}

describe('the release', { skip, timeout: 170_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-release-'));
  const wharf = join(dir, 'dist/bin/wharf');
  const socket = `unix://${join(dir, 's.sock')}`;
  const env = { PATH: process.env['PATH'], HOME: dir, WHARF_HOST: socket };
  const run = (words: string[], input = '') =>
    spawnSync(wharf, words, { env, input, encoding: 'utf8', cwd: dir, timeout: 90_000 });

  before(() => {
    const { status, stderr } = spawnSync(process.execPath, [builder, join(dir, 'dist')], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
  });

  after(() => rmSync(dir, { recursive: true, force: true }));

  it('knows its version and teaches', () => {
    assert.match(run(['version', '--client']).stdout, /Version: +\d+\.\d+\.\d+/);
    assert.match(run(['run', '--help']).stdout, /wharf run --rm -it debian bash/);
    const { status, stderr } = run(['ps']);
    assert.deepEqual([status, /Is the daemon running\?/.test(stderr)], [1, true]);
  });

  it('is one program without Node, and goes on in Node where only Node can', () => {
    const single = join(dir, 'dist/lib/wharf');
    if (!existsSync(single)) {
      console.log('the command line is run by Node: no Bun is installed that runs here');
      return;
    }
    assert.match(run(['version', '--client']).stdout, /Bun version: +\d/);
    const project = `import { defineProject } from 'wharf/compose';
const word: string = 'typed';
export default defineProject({ name: word, services: { web: { image: 'base' } } });\n`;
    writeFileSync(join(dir, 'compose.ts'), project);
    const config = run(['compose', 'config']);
    assert.match(config.stdout, /^name: typed\nservices:\n {2}web:\n/, config.stderr);
    const old = spawnSync(`${wharf}-compose`, ['config', '--services'], { env, cwd: dir, encoding: 'utf8' });
    assert.equal(old.stdout, 'web\n', old.stderr);
    const alone = join(dir, 'alone');
    cpSync(single, alone);
    const ask = (...words: string[]) => spawnSync(alone, words, { env, cwd: dir, encoding: 'utf8' });
    assert.equal(ask('version', '--client').stdout, run(['version', '--client']).stdout);
    const { status, stderr } = ask('daemon');
    assert.deepEqual([status, /^wharf: this is the command line alone/.test(stderr)], [1, true], stderr);
  });

  it('runs the daemon, with its threads, and tells its errors as errors', async () => {
    const bad = run(['daemon', '--config-file', '/nowhere.json']);
    assert.match(
      bad.stderr,
      /^wharf: cannot read the configuration file \/nowhere\.json[^\n]*\n?(?:hint: .*\n)?$/,
    );
    const places = ['--root', join(dir, 'root'), '--run', join(dir, 'run'), '--host', socket];
    const bridge = `wr${process.pid}`;
    const daemon = spawn(wharf, ['daemon', ...places, '--bridge', bridge, '--bip', '10.213.77.1/24'], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(daemon, 'exit');
    let said = '';
    daemon.stderr.on('data', (piece) => {
      said += piece;
    });
    try {
      for (let left = 1200; !said.includes('listening on') && left > 0; left -= 1) await sleep(50);
      assert.match(said, /listening on/);
      const built = run(['build', '-q', '-t', 'made', '-'], 'FROM scratch\nLABEL a=b\n');
      assert.match(built.stdout, /^sha256:[0-9a-f]{64}\n$/, built.stderr);
      assert.match(run(['images', '-q', '--no-trunc']).stdout, /^sha256:/);
      runsContainers(run, dir);
    } finally {
      daemon.kill('SIGTERM');
      await ended;
      spawnSync('ip', ['link', 'del', bridge]);
      for (const family of ['inet', 'bridge'])
        spawnSync('nft', ['delete', 'table', family, `wharf_${bridge}`]);
    }
  });
});
