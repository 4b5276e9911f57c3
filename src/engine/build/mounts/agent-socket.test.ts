// The socket of an agent: what is said at one end is heard at the other.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAgentSocket } from './agent-socket.ts';

test('connections go to the agent and back, with the mode that was asked for', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-build-agent-'));
  const agent = createServer((socket) => socket.once('data', (data) => socket.end(`heard ${data}`)));
  await new Promise<void>((resolve) => agent.listen(join(dir, 'agent'), resolve));
  const path = join(dir, 'box');
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  {
    using _socket = await openAgentSocket(path, { agent: join(dir, 'agent'), mode: 0o640, uid, gid });
    assert.equal(statSync(path).mode & 0o777, 0o640);
    const client = connect(path);
    client.write('keys');
    let said = '';
    for await (const piece of client) said += String(piece);
    assert.equal(said, 'heard keys');
  }
  agent.close();
  rmSync(dir, { recursive: true });
});
