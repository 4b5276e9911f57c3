// A client that is gone is noticed though its program is silent; one that only has no more to say stays.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { joinSession, type Session } from './session.ts';

const dir = mkdtempSync(join(tmpdir(), 'wharf-session-'));
after(() => rmSync(dir, { recursive: true }));

/** Silent until it is told to speak. */
function silentSession(): Session & { say(words: string): void; inputEnded: Promise<void> } {
  const said = Promise.withResolvers<string | undefined>();
  const input = Promise.withResolvers<void>();
  return {
    output: (async function* () {
      const words = await said.promise;
      if (words !== undefined) yield { stream: 1 as const, data: Buffer.from(words) };
    })(),
    write: () => undefined,
    endInput: () => input.resolve(),
    say: (words) => said.resolve(words),
    inputEnded: input.promise,
    async [Symbol.asyncDispose]() {
      said.resolve(undefined);
    },
  };
}

async function pair(name: string): Promise<{ client: Socket; here: Socket } & Disposable> {
  const server = createServer({ allowHalfOpen: true }).listen(join(dir, name));
  const client = connect({ path: join(dir, name), allowHalfOpen: true });
  const [here]: Socket[] = await once(server, 'connection');
  server.close();
  if (here === undefined) throw new Error('no connection');
  here.on('error', () => here.destroy());
  return {
    client,
    here,
    [Symbol.dispose]() {
      client.destroy();
      here.destroy();
    },
  };
}

for (const stdin of [true, false])
  test(`of a client ${stdin ? 'with' : 'without'} stdin that is gone`, { timeout: 60_000 }, async () => {
    using ends = await pair(`gone-${stdin}`);
    const session = silentSession();
    const link = { sink: ends.here, input: stdin ? ends.here : undefined, head: Buffer.alloc(0) };
    const joined = joinSession(link, session, { tty: true, probeMs: 5 });
    ends.client.destroy();
    await joined;
  });

test('of a client that closed its writing end the output goes on', { timeout: 60_000 }, async () => {
  using ends = await pair('half');
  const session = silentSession();
  const joined = joinSession({ sink: ends.here, input: ends.here, head: Buffer.alloc(0) }, session, {
    tty: true,
    probeMs: 5,
  });
  ends.client.end();
  await session.inputEnded;
  const isJoined = await Promise.race([joined, new Promise((resolve) => setTimeout(resolve, 200, true))]);
  assert.equal(isJoined, true);
  session.say('late words');
  assert.equal(await text(ends.client), 'late words');
  await joined;
});
