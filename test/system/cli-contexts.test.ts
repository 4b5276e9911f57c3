// Contexts: made, changed, carried and used to reach a real engine by its socket, by TLS and by ssh.
// also by the release's program
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer, type Server } from 'node:tls';
import { type EngineUnderTest, freePort, noDocker, startEngine } from '../walks/engine-under-test.ts';
import { wharfProgram } from '../wharf-program.ts';

const tools = join(import.meta.dirname, '../../.cache/tools');
const sshd = ['/usr/sbin/sshd', join(tools, 'usr/sbin/sshd')].find((path) => existsSync(path));
const hasSsh = existsSync('/usr/bin/ssh') && existsSync('/usr/bin/ssh-keygen');
const noSsh = !hasSsh
  ? 'no ssh client here'
  : sshd === undefined
    ? 'no sshd: setup could not unpack one'
    : false;
const skip = process.getuid?.() !== 0 ? 'needs root' : false;
for (const why of [skip, noSsh]) if (why !== false) console.log(`skipped: ${why}`);

describe('contexts', { skip, timeout: 175_000 }, () => {
  let engine: EngineUnderTest;
  let dir = '';
  let tlsServer: Server;
  let port = 0;

  const run = async (program: string, words: readonly string[], input = '', config = 'config') => {
    const { DOCKER_HOST: _host, WHARF_HOST: _ours, DOCKER_CONTEXT: _context, ...rest } = process.env;
    const env = { ...rest, DOCKER_CONFIG: join(dir, config), PATH: `${dir}/bin:${rest['PATH']}` };
    const child = spawn(program, words, { env, cwd: dir, timeout: 120_000 });
    child.stdin.on('error', () => undefined).end(input);
    const ended = once(child, 'close');
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await ended;
    return { code, out, err };
  };
  const ok = async (...words: string[]) => {
    const { code, out, err } = await run(wharfProgram, words);
    assert.equal(code, 0, `wharf ${words.join(' ')}: ${err}`);
    return out.trim();
  };
  /** The engine answers by this context, and streams go both ways and end. */
  const reaches = async (...words: string[]) => {
    assert.equal(await ok(...words, 'ps', '--format', '{{.Names}}'), 'box');
    const script = 'cat; echo done; exit 3';
    const ran = await run(wharfProgram, [...words, 'exec', '-i', 'box', 'sh', '-c', script], 'typed\n');
    assert.deepEqual([ran.code, ran.out], [3, 'typed\ndone\n'], ran.err);
  };

  before(async () => {
    engine = await startEngine();
    dir = engine.folder;
    mkdirSync(join(dir, 'bin'));
    mkdirSync(join(dir, 'config'));
    for (const words of ['pull -q busybox', 'run -d --name box busybox sleep 6000']) {
      const { code, stderr } = await engine.wharf(words.split(' '));
      assert.equal(code, 0, stderr);
    }
    makeCertificates(dir);
    const read = (name: string) => readFileSync(join(dir, name), 'utf8');
    const keys = { ca: read('ca.pem'), cert: read('server.pem'), key: read('server-key.pem') };
    tlsServer = createServer({ ...keys, requestCert: true, allowHalfOpen: true }, (secured) => {
      const plain = connect({ path: engine.socket, allowHalfOpen: true });
      secured.pipe(plain).pipe(secured);
      for (const side of [secured, plain])
        side.on('error', () => [secured, plain].map((each) => each.destroy()));
    });
    tlsServer.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => tlsServer.listen(0, '127.0.0.1', resolve));
    port = (tlsServer.address() as AddressInfo).port;
  });
  after(async () => {
    tlsServer?.close();
    await engine[Symbol.asyncDispose]();
  });

  it('by a unix socket: create, ls, show, use, update, inspect, rm', async () => {
    const host = `unix://${engine.socket}`;
    assert.equal(
      await ok('context', 'create', 'own', '--description', 'here', '--docker', `host=${host}`),
      'own',
    );
    await reaches('--context', 'own');
    assert.equal(await ok('context', 'show'), 'default');
    assert.equal(await ok('context', 'use', 'own'), 'own');
    assert.equal(await ok('context', 'show'), 'own');
    await reaches();
    const listed = await ok('context', 'ls', '--format', '{{.Name}} {{.Current}} {{.DockerEndpoint}}');
    assert.match(listed, new RegExp(`^own true ${host}$`, 'm'));
    await ok('context', 'update', 'own', '--description', 'changed');
    const [inspected] = JSON.parse(await ok('context', 'inspect', 'own'));
    assert.equal(inspected.Metadata.Description, 'changed');
    assert.equal(inspected.Endpoints.docker.Host, host);
    if (noDocker === undefined) {
      const docker = await run('docker', ['context', 'inspect', 'own']);
      const { Storage: _theirs, ...theirs } = JSON.parse(docker.out)[0];
      const { Storage: _ours, ...ours } = inspected;
      assert.deepEqual(ours, theirs);
    }
    const refused = await run(wharfProgram, ['context', 'rm', 'own']);
    assert.deepEqual([refused.code, /in use|current/.test(refused.err)], [1, true], refused.err);
    assert.equal(await ok('context', 'use', 'default'), 'default');
    await ok('context', 'rm', 'own');
    assert.match(
      (await run(wharfProgram, ['--context', 'own', 'ps'])).err,
      /context "own" does not exist|context not found|"own"/,
    );
  });

  it('by TLS with keys of both sides; export and import carry the keys; docker takes the same context', async () => {
    const lab = `host=tcp://127.0.0.1:${port},ca=ca.pem,cert=client.pem,key=client-key.pem`;
    await ok('context', 'create', 'lab', '--docker', lab);
    await reaches('--context', 'lab');
    const stranger = `host=tcp://127.0.0.1:${port},ca=ca.pem`;
    await ok('context', 'create', 'stranger', '--docker', stranger);
    assert.notEqual((await run(wharfProgram, ['--context', 'stranger', 'ps'])).code, 0);
    await ok('context', 'create', 'doubting', '--docker', lab.replace('ca=ca.pem,', ''));
    assert.match((await run(wharfProgram, ['--context', 'doubting', 'ps'])).err, /certificate/);
    await ok(
      'context',
      'update',
      'doubting',
      '--docker',
      `${lab.replace('ca=ca.pem,', '')},skip-tls-verify=true`,
    );
    await reaches('--context', 'doubting');

    await ok('context', 'export', 'lab', 'lab.tar');
    const moved = await run(wharfProgram, ['context', 'import', 'lab2', 'lab.tar'], '', 'other');
    assert.equal(moved.code, 0, moved.err);
    const seen = await run(wharfProgram, ['--context', 'lab2', 'ps', '-q'], '', 'other');
    assert.match(seen.out, /^[0-9a-f]{12}\n$/, seen.err);
    if (noDocker === undefined) {
      const docker = await run('docker', ['--context', 'lab', 'ps', '--format', '{{.Names}}']);
      assert.equal(docker.out, 'box\n', docker.err);
      const imported = await run('docker', ['context', 'import', 'lab3', 'lab.tar'], '', 'third');
      assert.equal(imported.code, 0, imported.err);
      assert.equal((await run('docker', ['--context', 'lab3', 'ps', '-q'], '', 'third')).out, seen.out);
    }
    const flags = ['--tlscacert', 'ca.pem', '--tlscert', 'client.pem', '--tlskey', 'client-key.pem'];
    await reaches('-H', `tcp://127.0.0.1:${port}`, '--tlsverify', ...flags);
  });

  it('by ssh, with a real server on this machine', { skip: noSsh }, async () => {
    const sshPort = await freePort();
    const server = startSshd(dir, { program: sshd ?? '', port: sshPort, host: `unix://${engine.socket}` });
    const ended = once(server, 'close');
    let said = '';
    server.stderr?.on('data', (piece) => {
      said += piece;
    });
    try {
      for (
        let left = 600;
        !said.includes('Server listening') && server.exitCode === null && left > 0;
        left -= 1
      )
        await sleep(50);
      assert.match(said, /Server listening/);
      await ok('context', 'create', 'far', '--docker', `host=ssh://root@127.0.0.1:${sshPort}`);
      await reaches('--context', 'far');
      assert.equal(
        await ok('-H', `ssh://root@127.0.0.1:${sshPort}${engine.socket}`, 'ps', '--format', '{{.Names}}'),
        'box',
      );
      const refused = await run(wharfProgram, ['-H', `ssh://nobody@127.0.0.1:${sshPort}`, 'ps']);
      assert.match(refused.err, /Permission denied|Connection closed/, said);
    } finally {
      server.kill('SIGTERM');
      await ended;
    }
    const closed = await run(wharfProgram, ['--context', 'far', 'ps']);
    assert.match(closed.err, /Connection refused/);
  });
});

/** An authority, and keys of a server and of a client that it has signed. */
function makeCertificates(dir: string): void {
  const openssl = (line: string) => execFileSync('openssl', line.split(' '), { cwd: dir, stdio: 'pipe' });
  const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
  openssl(`req -x509 ${newKey} -days 2 -subj /CN=authority -keyout ca-key.pem -out ca.pem`);
  for (const [name, extension] of [
    ['server', 'subjectAltName=IP:127.0.0.1'],
    ['client', 'extendedKeyUsage=clientAuth'],
  ]) {
    openssl(`req ${newKey} -subj /CN=${name} -keyout ${name}-key.pem -out ${name}.csr`);
    writeFileSync(join(dir, 'extensions'), `${extension}\n`);
    openssl(
      `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 -extfile extensions -out ${name}.pem`,
    );
  }
}

/** An ssh server of our own, in a view of the machine where its user and its folder exist; ssh finds its keys by a wrapper. */
function startSshd(dir: string, how: { program: string; port: number; host: string }): ChildProcess {
  for (const name of ['host_key', 'user_key'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, name)]);
  const users = readFileSync('/etc/passwd', 'utf8').replace(/^root:.*$/m, `root:x:0:0:root:${dir}:/bin/sh`);
  const ours = /^sshd:/m.test(users) ? users : `${users}sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n`;
  writeFileSync(join(dir, 'passwd'), ours);
  writeFileSync(join(dir, 'authorized'), readFileSync(join(dir, 'user_key.pub')));
  writeFileSync(
    join(dir, 'sshd_config'),
    [
      `ListenAddress 127.0.0.1:${how.port}`,
      `HostKey ${dir}/host_key`,
      `AuthorizedKeysFile ${dir}/authorized`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      `PidFile ${dir}/sshd.pid`,
      `SetEnv WHARF_HOST=${how.host} PATH=${dir}/far:/usr/bin:/bin`,
      '',
    ].join('\n'),
  );
  mkdirSync(join(dir, 'far'));
  writeFileSync(join(dir, 'far/wharf'), `#!/bin/sh\nexec ${wharfProgram} "$@"\n`, { mode: 0o755 });
  const options = `-i ${dir}/user_key -o IdentitiesOnly=yes -o UserKnownHostsFile=${dir}/known -o StrictHostKeyChecking=accept-new -o BatchMode=yes`;
  writeFileSync(join(dir, 'bin/ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F none ${options} "$@"\n`);
  chmodSync(join(dir, 'bin/ssh'), 0o755);
  const view = `mount --bind ${dir}/passwd /etc/passwd && mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec ${how.program} -D -e -f ${dir}/sshd_config`;
  return spawn('unshare', ['-m', 'sh', '-c', view], {
    env: { ...process.env, LD_LIBRARY_PATH: join(tools, 'usr/lib/x86_64-linux-gnu') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
