// Engines with a few or with many networks and endpoints, and what starting one more container takes them.
import { connect } from 'node:net';
import type { BenchEngine } from './engines.ts';
import type { Bench } from './row.ts';
import { image, millisecondsOf, removeContainer } from './work.ts';

export interface Crowd {
  networks: number;
  endpoints: number;
}

/** Each container is on so many networks: the endpoints are real ones, with a fifth of the processes. */
const networksEach = 5;
const atOnce = 4;
/** The network that the newcomer joins. */
const first = 'crowd0';

/** Afterwards the engine has the networks, and containers that run on them; undone after the row. */
export async function gather(
  bench: Bench,
  { api }: BenchEngine,
  { networks, endpoints }: Crowd,
): Promise<void> {
  const names = Array.from({ length: networks }, (_, at) => `crowd${at}`);
  for (const Name of names) await api.call('POST', '/networks/create', { Name });
  // A round that was interrupted has its newcomer there still: the engine's end takes both.
  bench.later(() => inTurns(names, (name) => api.call('DELETE', `/networks/${name}`).catch(() => {})));
  const each = Math.min(networksEach, networks);
  const ids: string[] = [];
  bench.later(() => inTurns(ids, (id) => removeContainer(api, id)));
  const containers = Array.from({ length: Math.ceil(endpoints / each) }, (_, at) => at);
  await inTurns(containers, async (at) => {
    const own = Array.from({ length: each }, (_, next) => names[(at * each + next) % networks] ?? first);
    const { Id } = await api.call<{ Id: string }>('POST', '/containers/create', {
      Image: image,
      Cmd: ['sleep', '6000'],
      HostConfig: { NetworkMode: own[0] },
      NetworkingConfig: { EndpointsConfig: Object.fromEntries(own.map((name) => [name, {}])) },
    });
    ids.push(Id);
    await api.call('POST', `/containers/${Id}/start`);
  });
}

async function inTurns<T>(all: T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const left = [...all];
  const turn = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
}

/** Milliseconds of creating and starting a container, until its kernel has answered that a port is closed. */
export async function startNewcomer({ api }: BenchEngine): Promise<number> {
  let id = '';
  const tookMs = await millisecondsOf(async () => {
    const body = { Image: image, Cmd: ['sleep', '6000'], HostConfig: { NetworkMode: first } };
    id = (await api.call<{ Id: string }>('POST', '/containers/create', body)).Id;
    await api.call('POST', `/containers/${id}/start`);
    type Inspected = { NetworkSettings: { Networks: Record<string, { IPAddress: string }> } };
    const { NetworkSettings } = await api.call<Inspected>('GET', `/containers/${id}/json`);
    await firstPacket(NetworkSettings.Networks[first]?.IPAddress ?? '');
  });
  await removeContainer(api, id);
  return tookMs;
}

/** Resolves once the host has answered: that the port is closed. */
export function firstPacket(host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 9 });
    socket.once('error', (thrown: NodeJS.ErrnoException) =>
      thrown.code === 'ECONNREFUSED' ? resolve() : reject(thrown),
    );
  });
}
