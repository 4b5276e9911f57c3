// Clients of every kind killed at any moment: afterwards the engine rests, and has no connection left.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { wharfProgram } from '../wharf-program.ts';
import {
  type EngineUnderTest,
  eventually,
  hostLines,
  noDocker,
  runWell,
  startEngine,
} from './engine-under-test.ts';

/** `WHARF_CUT_OFF_CLIENTS=1000` makes an hour's test of it. */
const clients = Number(process.env['WHARF_CUT_OFF_CLIENTS'] ?? 90);
const atOnce = 6;
const longestMs = 1_500;

let engine: EngineUnderTest;
before(async () => {
  engine = await startEngine();
  await runWell(engine, ['pull', '-q', 'busybox']);
  const context = join(engine.folder, 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nCOPY . /all\nRUN sleep 0.3; echo made > /made\n');
  for (let n = 0; n < 100; n++) writeFileSync(join(context, `f${n}`), Buffer.alloc(50_000, n));
  const services = ['a', 'b'].map((name) => `  ${name}: { image: busybox, command: sleep 100 }\n`);
  writeFileSync(join(context, 'compose.yaml'), `services:\n${services.join('')}`);
  const chatty = 'while :; do echo a line of a program; usleep 1000; done';
  await runWell(engine, ['run', '-d', '--name', 'chatty', 'busybox', 'sh', '-c', chatty]);
  await runWell(engine, ['run', '-d', '-i', '--name', 'silent', 'busybox', 'cat']);
  await runWell(engine, ['run', '-d', '-i', '-t', '--name', 'terminal', 'busybox', 'cat']);
  await runWell(engine, ['save', '-o', join(engine.folder, 'saved.tar'), 'busybox']);
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
});

function kinds(): string[][] {
  const [context, saved] = [join(engine.folder, 'context'), join(engine.folder, 'saved.tar')];
  const both = [
    ['logs', '-f', 'chatty'],
    ['events'],
    ['stats'],
    ['attach', 'silent'],
    ['attach', '--sig-proxy=false', 'terminal'],
    ['attach', '--no-stdin', 'chatty'],
    ['attach', '--no-stdin', 'silent'],
    ['exec', '-i', 'silent', 'cat'],
    ['exec', 'silent', 'sleep', '1'],
    ['exec', 'silent', 'dd', 'if=/dev/zero', 'bs=1M', 'count=100'],
    ['wait', 'silent'],
    ['run', '--rm', '-i', 'busybox', 'cat'],
    ['build', '--no-cache', context],
    ['load', '-i', saved],
    ['save', 'busybox'],
    ['export', 'chatty'],
    ['cp', context, 'silent:/tmp'],
    ['cp', 'silent:/bin', '-'],
  ].flatMap((words) => [[wharfProgram, ...words], ...(noDocker === undefined ? [['docker', ...words]] : [])]);
  return [...both, [wharfProgram, 'compose', '-f', join(context, 'compose.yaml'), 'up']];
}

/** Every third reads nothing of what it is sent. */
async function cutOff([program = '', ...words]: string[], afterMs: number, isDeaf: boolean): Promise<void> {
  const host = `unix://${engine.socket}`;
  const env = {
    ...process.env,
    DOCKER_HOST: host,
    WHARF_HOST: host,
    HOME: engine.folder,
    DOCKER_BUILDKIT: '0',
  };
  const child: ChildProcess = spawn(program, words, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin?.on('error', () => undefined);
  child.stdin?.write('typed\n');
  if (!isDeaf) child.stdout?.resume();
  const gone = once(child, 'exit');
  await Promise.race([gone, sleep(afterMs)]);
  child.kill('SIGKILL');
  await gone;
  child.stdin?.destroy();
  child.stdout?.destroy();
}

/** The engine's ends of its clients' connections, and the socket that it listens on. */
const connections = (): number => hostLines('/proc/net/unix', engine.socket).length;

/** Its connections to the monitors of containers, which are packet sockets. */
function attachmentsOf(pid: number): number {
  const rows = hostLines('/proc/net/unix', ' 0005 ').map((line) => line.trim().split(/\s+/)[6]);
  const packets = new Set(rows.map((inode) => `socket:[${inode}]`));
  return readdirSync(`/proc/${pid}/fd`).filter((name) => {
    try {
      return packets.has(readlinkSync(`/proc/${pid}/fd/${name}`));
    } catch {
      return false;
    }
  }).length;
}

/** Processor time of the process so far, in hundredths of a second. */
function ticksOf(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = rest.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

test(`${clients} clients are killed`, { timeout: 3_600_000 }, async () => {
  const pid = engine.pid();
  const all = kinds();
  let next = 0;
  const turn = async (): Promise<void> => {
    for (let n = next++; n < clients; n = next++)
      await cutOff(all[n % all.length] ?? [], Math.random() ** 2 * longestMs, n % 3 === 0);
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
  // What `run -i` started may be there still, as with Docker; what it says nobody hears.
  const kept = ['chatty', 'silent', 'terminal'];
  const { stdout } = await engine.wharf(['ps', '-a', '--format', '{{.Names}}']);
  const others = stdout.split('\n').filter((name) => name !== '' && !kept.includes(name));
  if (others.length > 0) await engine.wharf(['rm', '-f', ...others]);
  await eventually('the end of all connections', async () => (connections() <= 1 ? true : undefined), 60_000);
  await eventually(
    'the end of all attachments',
    async () => (attachmentsOf(pid) === 0 ? true : undefined),
    60_000,
  );
  const isAtRest = async (): Promise<true | undefined> => {
    const earlier = ticksOf(pid);
    await sleep(1_000);
    return ticksOf(pid) - earlier <= 10 ? true : undefined;
  };
  await eventually('an engine that uses less than a tenth of a processor', isAtRest, 60_000);
  assert.equal((await engine.call('GET', '/_ping')).status, 200);
});
