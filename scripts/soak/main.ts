// Holds 1,000 streams (`logs -f` and `events`) on one engine for a minute and prints its memory meanwhile.
// usage: scripts/with-node.sh scripts/soak/main.ts [STREAMS [SECONDS]], as root. Ends with 1 where memory grew.
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBaseRegistry } from '../images/registry.ts';

const [streams = 1_000, seconds = 60] = process.argv.slice(2).map(Number);
const containers = 5;
const everySeconds = 10;
/** More than this over the minute is growth; the collector alone moves it by a few. */
const allowedGrowthBytes = 32 * 1024 * 1024;
const image = 'busybox:latest';
const talk = 'n=0; while sleep 0.5; do n=$((n+1)); echo "line $n of a container that goes on talking"; done';

const registry = await startBaseRegistry({
  cache: join(import.meta.dirname, '../../.cache/images'),
  port: 0,
  say: (line) => console.log(line),
});
process.env['WHARF_TEST_MIRROR'] = registry.url;
const { startEngine } = await import('../../test/walks/engine-under-test.ts');
{
  await using engine = await startEngine();
  const open = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      request({ socketPath: engine.socket, path, agent: false }, resolve).once('error', reject).end();
    });
  await engine.wharf(['pull', image]);
  for (let at = 0; at < containers; at++) {
    const { code, stderr } = await engine.wharf([
      'run',
      '-d',
      '--name',
      `talker${at}`,
      image,
      'sh',
      '-c',
      talk,
    ]);
    if (code !== 0) throw new Error(stderr);
  }
  const residentBytes = (): number =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${engine.pid()}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  console.log(`without streams: ${megabytes(residentBytes())}`);
  let received = 0;
  const held: IncomingMessage[] = [];
  for (let at = 0; at < streams; at++) {
    const path =
      at % 2 === 0 ? `/containers/talker${at % containers}/logs?follow=1&stdout=1&tail=10` : '/events';
    const answer = await open(path);
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode}`);
    answer.on('data', (piece: Buffer) => (received += piece.length)).on('error', () => undefined);
    held.push(answer);
  }
  await sleep(5_000);
  const startBytes = residentBytes();
  console.log(`${held.length} streams held, start: ${megabytes(startBytes)}`);
  for (let passed = 0; passed < seconds; passed += everySeconds) {
    await sleep(Math.min(everySeconds, seconds - passed) * 1_000);
    // So that the readers of events have something to read, too.
    await engine.call('POST', '/containers/talker0/exec', '{"Cmd":["true"]}');
    const startedMs = performance.now();
    await engine.call('GET', '/_ping');
    const pingMs = (performance.now() - startedMs).toFixed(0);
    console.log(`after ${passed + everySeconds} s: ${megabytes(residentBytes())}, a ping takes ${pingMs} ms`);
  }
  const cut = held.filter((answer) => answer.destroyed).length;
  const growthBytes = residentBytes() - startBytes;
  console.log(
    `end: ${megabytes(residentBytes())} (${megabytes(growthBytes)} more), ${received} bytes read, ${cut} cut`,
  );
  for (const answer of held) answer.destroy();
  process.exitCode = cut > 0 || growthBytes > allowedGrowthBytes ? 1 : 0;
}
await registry.stop();

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
