// Blob throughput of the Hub beside Debian's docker-registry: same blob, same client (curl), interleaved; and 200 pulls at once.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { dockerRegistryProgram } from './peer.ts';

const execute = promisify(execFile);
const sizeBytes = Number(process.argv[2] ?? 256) * 1024 * 1024;
const rounds = Number(process.argv[3] ?? 5);
const dir = mkdtempSync(join(tmpdir(), 'wharf-hub-bench-'));
const children: ChildProcess[] = [];

try {
  const blob = join(dir, 'blob');
  const bytes = randomBytes(sizeBytes);
  writeFileSync(blob, bytes);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const servers = { hub: await startHub(), 'docker-registry': await startDockerRegistry() };
  const times: Record<string, { push: number[]; pull: number[] }> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, { url }] of Object.entries(servers)) {
      times[name] ??= { push: [], pull: [] };
      times[name].push.push(await timed(() => push(url, `bench/r${round}`, { blob, digest })));
      times[name].pull.push(await timed(() => curl([`${url}/v2/bench/r${round}/blobs/${digest}`])));
    }
  }
  for (const [name, { push: pushed, pull }] of Object.entries(times)) {
    console.log(`${name}: push ${rate(pushed)} MB/s, pull ${rate(pull)} MB/s (medians of ${rounds})`);
  }
  for (const [name, { url, pid }] of Object.entries(servers)) {
    const before = rssOf(pid);
    const took = await timed(() => pullMany(`${url}/v2/bench/r0/blobs/${digest}`, 200));
    console.log(
      `${name}: 200 pulls of 16 MB at once ${took.toFixed(0)} ms, RSS ${before} → peak ${peakOf(pid)} MiB`,
    );
  }
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
}

async function startHub(): Promise<{ url: string; pid: number }> {
  const script = join(import.meta.dirname, 'serve.ts');
  const args = ['--disable-warning=ExperimentalWarning', script, join(dir, 'hub'), '127.0.0.1:5961'];
  return await started(spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }), 5961);
}

async function startDockerRegistry(): Promise<{ url: string; pid: number }> {
  const file = join(dir, 'registry.json');
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'registry') } },
    http: { addr: '127.0.0.1:5962' },
  };
  writeFileSync(file, JSON.stringify(config));
  const env = { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' };
  return await started(spawn(dockerRegistryProgram(), ['serve', file], { stdio: 'ignore', env }), 5962);
}

async function started(child: ChildProcess, port: number): Promise<{ url: string; pid: number }> {
  children.push(child);
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 100; tries++) {
    if ((await fetch(`${url}/v2/`).catch(() => undefined))?.ok) return { url, pid: child.pid ?? 0 };
    await sleep(50);
  }
  throw new Error(`nothing answers at ${url}`);
}

async function push(
  url: string,
  repository: string,
  { blob, digest }: { blob: string; digest: string },
): Promise<void> {
  const answer = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(answer.headers.get('location') ?? '', url);
  location.searchParams.set('digest', digest);
  await curl(['-T', blob, '-X', 'PUT', location.href]);
}

async function curl(args: string[]): Promise<void> {
  await execute('curl', ['-sS', '--fail', '-o', '/dev/null', ...args]);
}

async function pullMany(url: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => pullOne(url)));
}

function pullOne(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { range: 'bytes=0-16777215' };
    get(url, { agent: false, headers }, (response) => {
      response.resume().on('end', resolve).on('error', reject);
    }).on('error', reject);
  });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function rate(timesMs: number[]): string {
  const median = timesMs.toSorted((a, b) => a - b)[Math.floor(timesMs.length / 2)] ?? 1;
  return (sizeBytes / 1000 / median).toFixed(0);
}

function statusOf(pid: number, field: string): number {
  const match = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(match?.[1] ?? 0) / 1024);
}

function rssOf(pid: number): number {
  return statusOf(pid, 'VmRSS');
}

function peakOf(pid: number): number {
  return statusOf(pid, 'VmHWM');
}
