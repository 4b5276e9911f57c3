// A service of several containers gets requests in all of them, also while no engine runs; and whoever starts finds its
// neighbours with its very first question, however many start at the time.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { run } from '#kernel/spawn.ts';
import { eventually, startEngine } from './engine-under-test.ts';

const engine = await startEngine();
const folder = await mkdtemp('/tmp/wharf-walk-scale-');
after(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function good(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await engine.wharf(args, { cwd: folder });
  assert.equal(code, 0, `${args.join(' ')}\n${stdout}${stderr}\n${engine.log().slice(-2000)}`);
  return stdout.trim();
}

const ask = (count: number): string[] => [
  '/bin/sh',
  '-c',
  `for i in $(seq ${count}); do wget -qO- http://web/ || echo failed; done`,
];

function countsOf(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of text.trim().split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

const isEven = (counts: Map<string, number>, replicas: number): boolean =>
  counts.size === replicas && [...counts.values()].every((count) => count >= 10);

const askInClient = async (count: number) =>
  countsOf(await good('compose', 'exec', '-T', 'client', ...ask(count)));

test('compose up --scale: each container of the service gets its share of the requests', async () => {
  await good('pull', 'busybox');
  await writeFile(
    `${folder}/compose.yaml`,
    `services:
  web:
    image: busybox
    command: ["sh", "-c", "mkdir /www; hostname > /www/index.html; exec httpd -f -p 80 -h /www"]
    stop_grace_period: 0s
  client:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
`,
  );
  await good('compose', 'up', '-d', '--scale', 'web=3');
  // Servers for the turns start beside the containers.
  await eventually('all three are asked', async () => (await askInClient(30)).size === 3);
  const counts = await askInClient(90);
  assert.ok(isEven(counts, 3), JSON.stringify([...counts]));
});

test('so it is while the engine is dead, and when it is back', async () => {
  const client = await good(
    'inspect',
    '--format',
    '{{.State.Pid}}',
    await good('compose', 'ps', '-q', 'client'),
  );
  await engine.killHard();
  const { stdout } = await run('nsenter', ['-t', client, '-m', '-n', ...ask(90)], { timeoutMs: 60_000 });
  const counts = countsOf(stdout.toString());
  assert.ok(isEven(counts, 3), JSON.stringify([...counts]));
  await engine.start();
  await eventually('all three are asked', async () => (await askInClient(30)).size === 3);
});

test('fewer containers, and the rest still share; one alone gets all', async () => {
  await good('compose', 'up', '-d', '--scale', 'web=2');
  await eventually('both are asked', async () => isEven(await askInClient(60), 2));
  await good('compose', 'up', '-d', '--scale', 'web=1');
  const counts = await askInClient(20);
  assert.equal(counts.size, 1);
  assert.equal(counts.has('failed'), false);
  await good('compose', 'down');
});

test('a container that starts finds its neighbours with its first question, though many start and end with it', async () => {
  await good('pull', 'debian:bookworm-slim');
  await good('network', 'create', 'crowd');
  await good('run', '-d', '--name', 'target', '--network', 'crowd', 'busybox', 'sleep', '1000');
  const failed: string[] = [];
  // One question, and no other when it is lost.
  const strict = ['--network', 'crowd', '--dns-option', 'attempts:1', '--dns-option', 'timeout:3'];
  const programs = [
    ['busybox', 'ping', '-c', '1', '-W', '3', 'target'],
    ['debian:bookworm-slim', 'getent', 'ahostsv4', 'target'],
  ];
  const starter = async (number: number): Promise<void> => {
    for (let round = 0; round < 6; round++) {
      const { code, stdout, stderr } = await engine.wharf([
        'run',
        '--rm',
        ...strict,
        ...(programs[(number + round) % 2] ?? []),
      ]);
      if (code !== 0) failed.push(`${code}: ${stdout}${stderr}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, number) => starter(number)));
  assert.deepEqual(failed, []);
});
