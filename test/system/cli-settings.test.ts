// The user's settings at work: a credential helper that is a real program, credentials in the file, proxies, headers,
// keys and formats; against a real engine, with a Hub that wants a login.
// also by the release's program
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addUser } from '../../src/hub/auth/users.ts';
import type { ServedHub } from '../../src/hub/serve.ts';
import { type EngineUnderTest, noDocker, startEngine } from '../walks/engine-under-test.ts';
import { wharfProgram } from '../wharf-program.ts';
import { serveIn } from './hub-fixture.ts';

const skip = process.getuid?.() !== 0 ? 'needs root' : false;
if (skip !== false) console.log(`skipped: ${skip}`);

describe('the settings', { skip, timeout: 175_000 }, () => {
  let engine: EngineUnderTest;
  let hub: ServedHub;
  let registry = '';
  let dir = '';

  const run = async (program: string, words: readonly string[], input = '', host = engine.socket) => {
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${host}`,
      DOCKER_CONFIG: join(dir, 'config'),
      PATH: `${dir}/bin:${process.env['PATH']}`,
      NODE_TEST_CONTEXT: undefined,
    };
    const child = spawn(program, words, { env, cwd: dir, timeout: 120_000 });
    child.stdin.on('error', () => undefined).end(input);
    const ended = once(child, 'close');
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await ended;
    return { code, out, err };
  };
  const ok = async (words: string, input = '') => {
    const { code, out, err } = await run(wharfProgram, words.split(' '), input);
    assert.equal(code, 0, `wharf ${words}: ${err}`);
    return out.trim();
  };
  const settings = (wanted?: object): Record<string, Record<string, unknown>> => {
    const file = join(dir, 'config/config.json');
    if (wanted !== undefined) writeFileSync(file, JSON.stringify(wanted));
    return JSON.parse(readFileSync(file, 'utf8'));
  };

  before(async () => {
    engine = await startEngine();
    dir = engine.folder;
    for (const name of ['bin', 'config', 'kept']) mkdirSync(join(dir, name));
    writeFileSync(join(dir, 'bin/docker-credential-drawer'), helperScript(join(dir, 'kept')), {
      mode: 0o755,
    });
    await addUser(join(dir, 'users'), 'alice', 'right');
    hub = await serveIn(dir, { htpasswd: join(dir, 'users') });
    registry = new URL(hub.url).host;
    await ok('pull -q busybox');
    await ok(`tag busybox ${registry}/alice/app:1`);
  });
  after(async () => {
    await hub?.[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  it('a helper for all registries keeps, gives and forgets; docker finds what it keeps', async () => {
    settings({ credsStore: 'drawer', extra: { kept: true } });
    assert.notEqual((await run(wharfProgram, ['push', `${registry}/alice/app:1`])).code, 0);
    const wrong = await run(wharfProgram, ['login', '-u', 'alice', '--password-stdin', registry], 'wrong\n');
    assert.deepEqual([wrong.code, /unauthorized|incorrect/i.test(wrong.err)], [1, true], wrong.err);
    assert.match(await ok(`login -u alice --password-stdin ${registry}`, 'right\n'), /Login Succeeded/);
    assert.deepEqual(settings(), {
      credsStore: 'drawer',
      extra: { kept: true },
      auths: { [registry]: {} },
    });
    assert.equal(readdirSync(join(dir, 'kept')).length, 1);
    await ok(`push -q ${registry}/alice/app:1`);
    await ok(`rmi ${registry}/alice/app:1`);
    await ok(`pull -q ${registry}/alice/app:1`);
    assert.match(await ok(`login ${registry}`), /existing credentials[\s\S]*Login Succeeded/);
    if (noDocker === undefined) {
      const docker = await run('docker', ['push', '-q', `${registry}/alice/app:1`]);
      assert.equal(docker.code, 0, docker.err);
    }
    await ok(`logout ${registry}`);
    assert.equal(readdirSync(join(dir, 'kept')).length, 0);
    assert.notEqual((await run(wharfProgram, ['push', `${registry}/alice/app:1`])).code, 0);
  });

  it('a helper for one registry; the file for others, also behind a link; what docker wrote is read', async () => {
    settings({ credHelpers: { [registry]: 'drawer' } });
    await ok(`login -u alice --password-stdin ${registry}`, 'right');
    assert.equal(readdirSync(join(dir, 'kept')).length, 1);
    await ok(`push -q ${registry}/alice/app:1`);
    await ok(`logout ${registry}`);
    assert.equal(readdirSync(join(dir, 'kept')).length, 0);

    writeFileSync(join(dir, 'elsewhere.json'), '{}');
    rmSync(join(dir, 'config/config.json'));
    symlinkSync(join(dir, 'elsewhere.json'), join(dir, 'config/config.json'));
    const said = await run(wharfProgram, ['login', '-u', 'alice', '-p', 'right', registry]);
    assert.match(said.err, /--password via the CLI is insecure[\s\S]*stored unencrypted in/);
    const kept = JSON.parse(readFileSync(join(dir, 'elsewhere.json'), 'utf8')).auths[registry];
    assert.equal(Buffer.from(kept.auth, 'base64').toString(), 'alice:right');
    await ok(`push -q ${registry}/alice/app:1`);
    rmSync(join(dir, 'config/config.json'));
    if (noDocker !== undefined) return;
    settings({});
    const docker = await run('docker', ['login', '-u', 'alice', '--password-stdin', registry], 'right');
    assert.equal(docker.code, 0, docker.err);
    await ok(`push -q ${registry}/alice/app:1`);
  });

  it('a helper that is not there is named', async () => {
    settings({ credHelpers: { [registry]: 'nowhere' } });
    const { code, err } = await run(wharfProgram, ['push', `${registry}/alice/app:1`]);
    assert.equal(code, 1);
    assert.match(err, /docker-credential-nowhere: executable file not found in \$PATH/);
  });

  it('proxies go into containers, formats into lists, headers to the engine', async () => {
    settings({
      proxies: { default: { httpProxy: 'http://proxy:3128', noProxy: 'localhost' } },
      psFormat: '{{.Names}}!',
      imagesFormat: '{{.Repository}}!',
      HttpHeaders: { 'X-Team': 'blue' },
    });
    const env = await ok('run --rm busybox env');
    for (const line of ['HTTP_PROXY=http://proxy:3128', 'http_proxy=http://proxy:3128', 'no_proxy=localhost'])
      assert.ok(env.split('\n').includes(line), env);
    assert.doesNotMatch(await ok('run --rm -e http_proxy= busybox env'), /^http_proxy=http/m);
    await ok('create --name listed busybox');
    assert.equal(await ok('ps -a'), 'listed!');
    assert.match(await ok('images busybox'), /^busybox!$/m);
    let team: unknown;
    const server = createServer((request, response) => {
      team = request.headers['x-team'];
      response.setHeader('Api-Version', '1.51').end('[]');
    });
    await new Promise<void>((resolve) => server.listen(join(dir, 'headers.sock'), resolve));
    await run(wharfProgram, ['ps'], '', join(dir, 'headers.sock'));
    server.closeAllConnections();
    server.close();
    assert.equal(team, 'blue');
  });

  it('keys of the settings leave a container that runs on', async () => {
    settings({ detachKeys: 'ctrl-x,d' });
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${engine.socket}`,
      DOCKER_CONFIG: join(dir, 'config'),
    };
    const line = `${wharfProgram} run --name left -it busybox sh`;
    const terminal = spawn('script', ['-qec', line, '/dev/null'], { env });
    const ended = once(terminal, 'close');
    let said = '';
    terminal.stdout.on('data', (piece) => {
      said += piece;
    });
    const until = async (expected: RegExp) => {
      for (let left = 800; !expected.test(said) && left > 0; left -= 1) await sleep(50);
      assert.match(said, expected);
    };
    await until(/# /);
    terminal.stdin.write('\x18d');
    await until(/read escape sequence/);
    assert.deepEqual(await ended, [0, null]);
    assert.equal(await ok('inspect -f {{.State.Running}} left'), 'true');
  });
});

/** Keeps each credential in a file of its own, as helpers do (docker-credential-helpers: store, get, erase, list). */
function helperScript(folder: string): string {
  return `#!${process.execPath}
const { readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const input = readFileSync(0, 'utf8');
const fileOf = (url) => ${JSON.stringify(folder)} + '/' + encodeURIComponent(url.trim());
const verb = process.argv[2];
try {
  if (verb === 'store') writeFileSync(fileOf(JSON.parse(input).ServerURL), input);
  else if (verb === 'get') process.stdout.write(readFileSync(fileOf(input), 'utf8'));
  else if (verb === 'erase') rmSync(fileOf(input));
  else if (verb === 'list') {
    const names = readdirSync(${JSON.stringify(folder)});
    process.stdout.write(JSON.stringify(Object.fromEntries(names.map((name) => [decodeURIComponent(name), '']))));
  }
} catch {
  process.stdout.write('credentials not found in native keychain');
  process.exit(1);
}
`;
}
