// Ways to an engine other than plain sockets: a program in ssh's place, and TLS with keys of both sides.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openClient } from './client.ts';
import { sshWords } from './dial.ts';

const dir = mkdtempSync(join(tmpdir(), 'wharf-dial-'));
const path = process.env['PATH'];
after(() => {
  process.env['PATH'] = path;
  rmSync(dir, { recursive: true });
});

/** Stands where ssh would: joins its stdio to a unix socket with this Node. */
function placeSsh(script: string): void {
  const file = join(dir, 'ssh');
  writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "$*" >> ${join(dir, 'calls')}\n${script}\n`);
  chmodSync(file, 0o755);
  process.env['PATH'] = `${dir}:${path}`;
}

test('over ssh: requests share a connection, and an upgraded one half-closes', async () => {
  const socketPath = join(dir, 's');
  const server = createServer((request, response) => {
    response.setHeader('Api-Version', '1.51').setHeader('Content-Length', '2');
    response.end(request.url === '/_ping' ? 'OK' : '[]');
  });
  server.on('upgrade', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    socket.on('end', () => socket.end(`got ${got}`));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const join2 = `const s=require('net').connect({path:'${socketPath}',allowHalfOpen:true});process.stdin.pipe(s);s.pipe(process.stdout)`;
  placeSsh(`exec ${process.execPath} -e "${join2}"`);
  try {
    await using client = openClient('ssh://me@far:2222');
    assert.deepEqual(await client.images.list(), []);
    assert.deepEqual(await client.containers.list(), []);
    const socket = await client.containers.attach('x', { stdin: true });
    socket.end('typed');
    let text = '';
    for await (const chunk of socket) text += chunk;
    assert.equal(text, 'got typed');
    const calls = readFileSync(join(dir, 'calls'), 'utf8').trim().split('\n');
    assert.equal(calls.length, 2);
    assert.match(calls[0] ?? '', /-T -l me -p 2222 -- far sh -c '.*system dial-stdio/);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('what ssh says where it fails is the error', async () => {
  placeSsh('echo "Permission denied (publickey)." >&2; exit 255');
  await using client = openClient('ssh://far');
  await assert.rejects(client.images.list(), /ssh ended with code 255: Permission denied \(publickey\)/);
});

test('the far script is for any shell, and quotes what it carries', () => {
  const words = sshWords({ hostname: 'h', socketPath: "/a'b.sock" });
  const script = words.at(-1)?.replace('command -v $p >/dev/null && exec $p', 'test $p = docker && echo $p');
  const { stdout } = spawnSync('sh', ['-c', script ?? ''], { encoding: 'utf8' });
  assert.equal(stdout, "docker --host unix:///a'b.sock system dial-stdio\n");
});

test('over TLS: both sides show their keys', async () => {
  const made = spawnSync(
    'openssl',
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem'.split(
      ' ',
    ),
    { cwd: dir },
  );
  if (made.status !== 0) return;
  const cert = readFileSync(join(dir, 'cert.pem'), 'utf8');
  const key = readFileSync(join(dir, 'key.pem'), 'utf8');
  const server = createTlsServer({ cert, key, ca: cert, requestCert: true }, (_request, response) => {
    response.setHeader('Api-Version', '1.51').end('[]');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await using client = openClient(host, { tls: { ca: cert, cert, key, verify: true } });
    assert.deepEqual(await client.images.list(), []);
    await using trusting = openClient(host, { tls: { cert, key, verify: false } });
    assert.deepEqual(await trusting.images.list(), []);
    await using stranger = openClient(host, { tls: { ca: cert, verify: true } });
    await assert.rejects(stranger.images.list());
    await using doubting = openClient(host, { tls: { cert, key, verify: true } });
    await assert.rejects(doubting.images.list(), /self-signed certificate/);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('headers of the settings go with every request', async () => {
  const seen: unknown[] = [];
  const socketPath = join(dir, 'h');
  const server = createServer((request, response) => {
    seen.push(request.headers['x-meta']);
    response.setHeader('Api-Version', '1.51').end('[]');
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  await using client = openClient(`unix://${socketPath}`, { headers: { 'X-Meta': 'a' } });
  await client.images.list();
  await client.images.prune();
  assert.deepEqual(seen.slice(1), ['a', 'a']);
  server.closeAllConnections();
  server.close();
});
