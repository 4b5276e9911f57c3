// Pieces of work that several rows of the bench share, and the clock they are timed with.
import { createReadStream } from 'node:fs';
import type { Api } from './api.ts';

/** In every engine that the bench starts: busybox. */
export const image = 'bench:latest';

/** Puts the image that all work uses into an engine, from the tar of a root file system. */
export async function importImage(api: Api, tarFile: string): Promise<void> {
  await api.stream('POST', '/images/create?fromSrc=-&repo=bench&tag=latest', createReadStream(tarFile));
}

/** Of the whole of an asynchronous piece of work. */
export const millisecondsOf = async (work: () => Promise<unknown>): Promise<number> => {
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
