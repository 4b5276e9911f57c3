// The pieces of work that the bench times: each takes an engine, does one round, and gives its figure.
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from './api.ts';
import { type BenchEngine, peerEnvironment, processesNaming, programOf, pssBytes } from './engines.ts';

export const image = 'bench:latest';

/** Puts the image that all work uses into an engine, from the tar of a root file system. */
export async function importImage(api: Api, tarFile: string): Promise<void> {
  await api.stream('POST', '/images/create?fromSrc=-&repo=bench&tag=latest', createReadStream(tarFile));
}

const millisecondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
};

async function create(api: Api, cmd: string[], networkMode: string): Promise<string> {
  const body = { Image: image, Cmd: cmd, HostConfig: { NetworkMode: networkMode } };
  return (await api.call<{ Id: string }>('POST', '/containers/create', body)).Id;
}

export async function startContainer(api: Api, cmd: string[], networkMode = 'bridge'): Promise<string> {
  const id = await create(api, cmd, networkMode);
  await api.call('POST', `/containers/${id}/start`);
  return id;
}

export const removeContainer = (api: Api, id: string) => api.call('DELETE', `/containers/${id}?force=1`);

/** Milliseconds of create + start + wait + delete of `true`. */
export const lifeCycle = (networkMode: string) => (engine: BenchEngine) =>
  millisecondsOf(async () => {
    const id = await startContainer(engine.api, ['true'], networkMode);
    await engine.api.call('POST', `/containers/${id}/wait`);
    await engine.api.call('DELETE', `/containers/${id}`);
  });

/** Milliseconds of one `exec true` in a running container: create, start with its output read to the end, inspect. */
export const execTrue = (idOf: Map<BenchEngine, string>) => (engine: BenchEngine) =>
  millisecondsOf(async () => {
    const path = `/containers/${idOf.get(engine)}/exec`;
    const exec = await engine.api.call<{ Id: string }>('POST', path, { Cmd: ['true'], AttachStdout: true });
    await engine.api.call('POST', `/exec/${exec.Id}/start`, { Detach: false });
    const state = await engine.api.call<{ ExitCode: number | null }>('GET', `/exec/${exec.Id}/json`);
    if (state.ExitCode !== 0) throw new Error(`exec ended with ${state.ExitCode}`);
  });

/** Milliseconds until 40 containers run, created and started 8 at a time. Their removal is not counted. */
export async function startForty(engine: BenchEngine): Promise<number> {
  const ids: string[] = [];
  let next = 0;
  const worker = async () => {
    while (next++ < 40) ids.push(await startContainer(engine.api, ['sleep', '600']));
  };
  const spentMs = await millisecondsOf(() => Promise.all(Array.from({ length: 8 }, worker)));
  for (let at = 0; at < ids.length; at += 8)
    await Promise.all(ids.slice(at, at + 8).map((id) => removeContainer(engine.api, id)));
  return spentMs;
}

const steps = [
  `FROM ${image}`,
  'RUN echo one > /one',
  'COPY a.txt /a.txt',
  'RUN mkdir -p /srv/data',
  'ENV MODE=bench',
  'COPY b.txt /srv/data/',
  'RUN cat /a.txt > /two',
  'WORKDIR /srv',
  'RUN echo three > three',
  'CMD ["cat", "/two"]',
];

/** Milliseconds of a ten-step Dockerfile without cache, by one docker CLI for both; BuildKit where the engine has it. */
export const buildTenSteps = (folder: string, docker: string) => async (engine: BenchEngine) => {
  const context = join(folder, 'context');
  await mkdir(context, { recursive: true });
  await writeFile(join(context, 'Dockerfile'), `${steps.join('\n')}\n`);
  for (const name of ['a', 'b']) await writeFile(join(context, `${name}.txt`), `${name}\n`);
  const buildKit = engine.name === 'dockerd' ? '1' : '0';
  const env = { ...peerEnvironment(), DOCKER_BUILDKIT: buildKit, DOCKER_HOST: `unix://${engine.socket}` };
  return millisecondsOf(
    () =>
      new Promise<void>((resolve, reject) => {
        const child = spawn(docker, ['build', '-q', '--no-cache', '-t', 'ten', context], {
          env,
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        let errors = '';
        child.stderr.on('data', (text) => {
          errors += text;
        });
        child.once('error', reject);
        child.once('close', (code) =>
          code === 0 ? resolve() : reject(new Error(`${engine.name}: docker build: ${errors}`)),
        );
      }),
  );
};

export const logBytes = 200_000_000;

/** Leaves a stopped container that has written 200 MB of log lines. */
export async function writeLogs(api: Api): Promise<string> {
  const script = `yes ${'x'.repeat(99)} | head -c ${logBytes}`;
  const body = {
    Image: image,
    Cmd: ['sh', '-c', script],
    HostConfig: { NetworkMode: 'none', LogConfig: { Type: 'json-file', Config: { 'max-size': '1g' } } },
  };
  const { Id } = await api.call<{ Id: string }>('POST', '/containers/create', body);
  await api.call('POST', `/containers/${Id}/start`);
  await api.call('POST', `/containers/${Id}/wait`);
  return Id;
}

/** Megabytes a second of reading those logs over the API. */
export const readLogs = (idOf: Map<BenchEngine, string>) => async (engine: BenchEngine) => {
  const path = `/containers/${idOf.get(engine)}/logs?stdout=1&stderr=1`;
  let bytes = 0;
  const spentMs = await millisecondsOf(async () => {
    bytes = await engine.api.stream('GET', path);
  });
  if (bytes < logBytes) throw new Error(`${engine.name} gave ${bytes} bytes of ${logBytes}`);
  return logBytes / 1e6 / (spentMs / 1000);
};

const monitors = ['conmon', 'containerd-shim'];

/** Idle memory of an engine, and what one more running container adds (its monitor counted, its own process not). */
export async function memory(engine: BenchEngine): Promise<{ idleMiB: number; perContainerMiB: number }> {
  const engineBytes = () => engine.pids().reduce((sum, pid) => sum + pssBytes(pid), 0);
  // Idle is after the work is over, not in the middle of it: both get the same pause.
  await sleep(30_000);
  const idle = engineBytes();
  const ids: string[] = [];
  for (let count = 0; count < 20; count++)
    ids.push(await startContainer(engine.api, ['sleep', '600'], 'none'));
  const watchers = ids
    .flatMap(processesNaming)
    .filter((pid) => monitors.some((name) => programOf(pid).startsWith(name)));
  await sleep(30_000);
  const busy = engineBytes() + [...new Set(watchers)].reduce((sum, pid) => sum + pssBytes(pid), 0);
  for (const id of ids) await removeContainer(engine.api, id);
  return { idleMiB: idle / 2 ** 20, perContainerMiB: (busy - idle) / ids.length / 2 ** 20 };
}
