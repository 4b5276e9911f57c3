// The names that exist, for completion: quick or not at all.

import { endpointOf, type GlobalValues } from '#cli/endpoint.ts';
import type { Env } from '#cli/files/config-file.ts';
import type { Client } from '#client/client.ts';
import { shortOf } from '#shared/oci/digest.ts';

export interface Candidate {
  text: string;
  help?: string;
}

export type Thing =
  | 'container'
  | 'running'
  | 'stopped'
  | 'paused'
  | 'image'
  | 'network'
  | 'volume'
  | 'context';

/** Names of things. Resolves to none where they cannot be had in time. */
export type Lookup = (thing: Thing, flags: GlobalValues) => Promise<Candidate[]>;

const patienceMs = 1500;

export function openLookup(env: Env): Lookup {
  return async (thing, flags) => {
    const own = flags.config === undefined ? env : { ...env, DOCKER_CONFIG: flags.config };
    const late = new Promise<Candidate[]>((resolve) => setTimeout(resolve, patienceMs, []).unref());
    const found = lookUp(thing, flags, own).catch((): Candidate[] => []);
    return Promise.race([found, late]);
  };
}

async function lookUp(thing: Thing, flags: GlobalValues, env: Env): Promise<Candidate[]> {
  if (thing === 'context') {
    const { listContexts } = await import('#cli/files/context-store.ts');
    return [{ text: 'default' }, ...listContexts(env).map(({ name, host }) => ({ text: name, help: host }))];
  }
  const { openClient } = await import('#client/client.ts');
  const { host, tls } = await endpointOf(flags, env);
  const client = openClient(host, tls === undefined ? {} : { tls });
  return finders[thing](client);
}

const finders: Record<Exclude<Thing, 'context'>, (client: Client) => Promise<Candidate[]>> = {
  container: (client) => containers(client, []),
  running: (client) => containers(client, ['running']),
  stopped: (client) => containers(client, ['created', 'exited', 'dead']),
  paused: (client) => containers(client, ['paused']),
  image: async (client) =>
    (await client.images.list()).flatMap(({ Id, RepoTags }) => {
      const names = (RepoTags ?? []).filter((name) => name !== '<none>:<none>');
      return (names.length > 0 ? names : [shortOf(Id)]).map((text) => ({ text }));
    }),
  network: async (client) =>
    (await client.networks.list()).map(({ Name, Driver }) => ({ text: Name, help: Driver })),
  volume: async (client) => (await client.volumes.list()).map(({ Name }) => ({ text: Name })),
};

async function containers(client: Client, states: readonly string[]): Promise<Candidate[]> {
  const found = await client.containers.list({ all: true });
  return found
    .filter(({ State }) => states.length === 0 || states.includes(State))
    .map(({ Names, Image, Status }) => ({
      text: (Names[0] ?? '').replace(/^\//, ''),
      help: `${Image}, ${Status}`,
    }));
}
