// Published ports, containers among themselves, names, and what joining a network costs when there are many.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EventLog } from '#engine/events.ts';
import { type Networks, openNetworks } from '#engine/networks/networks.ts';
import { openLeases } from '#storage/state/leases.ts';
import { openState } from '#storage/state/state.ts';
import { type Crowd, firstPacket, gather, startNewcomer } from '../crowd.ts';
import type { BenchEngine } from '../engines.ts';
import { askIn, type Program, serveIn, type Where } from '../network-programs.ts';
import type { Bench, Contender, Row } from '../row.ts';
import { undisturbed } from '../stolen.ts';
import { benchBridge } from '../sweep.ts';
import { loadWeb, serveWeb } from '../web-load.ts';
import { image, millisecondsOf, removeContainer } from '../work.ts';

const issue = 6;

export const rows: readonly Row[] = [
  {
    name: 'published port on 127.0.0.1, requests',
    issue,
    unit: 'req/s',
    goal: '≥ 1.7',
    open: onPublishedPort(async ({ bench, engine, netns }) => {
      bench.later(await serveWeb(netns, 80, join(bench.folder, engine.name)));
      return async (host) => (address, port) => loadWeb(host, `${address}:${port}`);
    }),
  },
  {
    name: 'published port on 127.0.0.1, new connections one by one',
    issue,
    unit: 'ms',
    goal: '≤ 0.333',
    open: onPublishedPort((place) => connecting(place, { width: 1, processors: '0' })),
  },
  {
    name: 'published port on 127.0.0.1, 16 new connections at once',
    issue,
    unit: 'ms',
    goal: '≤ 0.333',
    open: onPublishedPort((place) => connecting(place, { width: 16 })),
  },
  {
    name: 'container to container by name, connection',
    issue,
    unit: 'ms',
    goal: '≤ 1',
    open: onUserNetwork((client, nameserver) => client.ask(`byName ${nameserver} server 80 1000`)),
  },
  {
    name: 'look-up of a name, p99 of 5,000',
    issue,
    unit: 'ms',
    goal: '≤ 2 ms',
    // The slowest hundredth of the look-ups is what a hypervisor makes of it when it takes a processor away.
    open: onUserNetwork((client, nameserver) =>
      undisturbed(() => client.ask(`lookups ${nameserver} server 5000`)),
    ),
  },
  {
    name: 'joining a bridge network to first packet',
    issue,
    unit: 'ms',
    goal: '≤ 12 ms',
    async open(bench) {
      const networks = await openRoom(bench, 'one');
      return [{ name: 'wharf', round: () => joinOnce(bench, networks, 'bridge') }];
    },
  },
  {
    name: 'start on a user network beside 200 networks and 500 endpoints',
    issue,
    unit: 'ms',
    goal: '≤ 1.2',
    async open(bench) {
      const [few] = await bench.engines();
      const [many] = await bench.freshEngines();
      if (few === undefined || many === undefined) throw new Error('no engine of ours');
      await gather(bench, many, { networks: 200, endpoints: 500 });
      await gather(bench, few, { networks: 1, endpoints: 3 });
      return [
        { name: 'full', round: () => startNewcomer(many) },
        { name: 'few', round: () => startNewcomer(few) },
      ];
    },
  },
  {
    // Of the start above, what the networks' part of the engine takes, without an image, a process and the API.
    name: 'of it, joining the network',
    issue,
    unit: 'ms',
    goal: '–',
    open: async (bench) => [
      await joinBeside(bench, 'full', { networks: 200, endpoints: 500 }),
      await joinBeside(bench, 'few', { networks: 1, endpoints: 3 }),
    ],
  },
];

const pidOf = async ({ api }: BenchEngine, id: string): Promise<number> =>
  (await api.call<{ State: { Pid: number } }>('GET', `/containers/${id}/json`)).State.Pid;

/** A container that sleeps, its id and the path of its network namespace. */
async function sleeper(
  bench: Bench,
  engine: BenchEngine,
  body: object,
): Promise<{ id: string; netns: string }> {
  const { api } = engine;
  const { Id } = await api.call<{ Id: string }>('POST', '/containers/create', {
    Image: image,
    Cmd: ['sleep', '6000'],
    ...body,
  });
  bench.later(() => removeContainer(api, Id));
  await api.call('POST', `/containers/${Id}/start`);
  return { id: Id, netns: `/proc/${await pidOf(engine, Id)}/ns/net` };
}

/**
 * Where an engine's published ports are. dockerd has a network namespace of its own: a client elsewhere would find our
 * port of the same number, and measure us twice.
 */
const hostOf = ({ pids }: BenchEngine): string => `/proc/${pids()[0]}/ns/net`;

interface Listening {
  NetworkSettings: {
    Ports: Record<string, { HostPort: string }[]>;
    Networks: Record<string, { IPAddress: string }>;
  };
}

interface Place {
  bench: Bench;
  engine: BenchEngine;
  /** Path of the container's namespace. */
  netns: string;
}

/** Makes a server in the container, then a client in the namespace at `host`; gives what a round does there. */
type Prepare = (place: Place) => Promise<(host: string) => Promise<Round>>;
type Round = (address: string, port: number) => Promise<number>;

/**
 * The last contender is the bound of all: the container's own address, without a translation. dockerd's ports on
 * 127.0.0.1 are those of its proxy: its rules leave the loopback alone.
 */
function onPublishedPort(prepare: Prepare): Row['open'] {
  return async (bench) => {
    const contenders: Contender[] = [];
    const direct: Contender[] = [];
    for (const engine of await bench.engines()) {
      const { id, netns } = await sleeper(bench, engine, {
        ExposedPorts: { '80/tcp': {} },
        HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
      });
      const place = { bench, engine, netns };
      const round = await (await prepare(place))(hostOf(engine));
      const { NetworkSettings } = await engine.api.call<Listening>('GET', `/containers/${id}/json`);
      const port = Number(NetworkSettings.Ports['80/tcp']?.[0]?.HostPort);
      contenders.push({ name: engine.name, round: () => round('127.0.0.1', port) });
      const address = NetworkSettings.Networks['bridge']?.IPAddress ?? '';
      if (direct.length === 0) direct.push({ name: 'direct', round: () => round(address, 80) });
    }
    return [...contenders, ...direct];
  };
}

const connectionsEach = 1_600;

/**
 * A connection, 64 bytes and their way back, its end. Between wrk and nginx, what was measured is wrk: with a new
 * connection for each request its one thread had no rest, with our port as without a translation (perf), and after some
 * rounds the ports of connections that had ended were most of what it looked through. These ends do nothing but the
 * calls, and leave no port behind. One by one, they share a processor: on two, each sleeps until the other has sent, and
 * a virtual machine takes longer to wake a processor than to carry the connection. What lies between them, dockerd's
 * proxy, runs where it likes. With the ends where they like, 0.27 to 0.47 was seen; with the proxy beside them, 0.32 to
 * 0.35.
 */
async function connecting(
  { bench, netns }: Place,
  { width, ...where }: Where & { width: number },
): Promise<(host: string) => Promise<Round>> {
  const server = await serveIn(netns, 80, where);
  bench.later(() => server.stop());
  return async (host) => {
    const client = await askIn(host, where);
    bench.later(() => client.stop());
    return (address, port) => client.ask(`connections ${address} ${port} ${connectionsEach} ${width}`);
  };
}

function onUserNetwork(round: (client: Program, nameserver: string) => Promise<number>): Row['open'] {
  return async (bench) => {
    const contenders = [];
    for (const engine of await bench.engines()) {
      const { api } = engine;
      await api.call('POST', '/networks/create', { Name: 'names' });
      bench.later(() => api.call('DELETE', '/networks/names'));
      const on = { HostConfig: { NetworkMode: 'names' } };
      const aliased = { ...on, NetworkingConfig: { EndpointsConfig: { names: { Aliases: ['server'] } } } };
      const there = await sleeper(bench, engine, aliased);
      const here = await sleeper(bench, engine, on);
      const server = await serveIn(there.netns, 80);
      const client = await askIn(here.netns);
      const nameserver = await nameserverOf(engine);
      bench.later(() => Promise.all([server.stop(), client.stop()]));
      contenders.push({ name: engine.name, round: () => round(client, nameserver) });
    }
    return contenders;
  };
}

/** dockerd answers inside each container, Wharf on the network's gateway. */
async function nameserverOf({ api, name }: BenchEngine): Promise<string> {
  if (name !== 'wharf') return '127.0.0.11';
  type Inspected = { IPAM: { Config: { Gateway: string }[] } };
  return (await api.call<Inspected>('GET', '/networks/names')).IPAM.Config[0]?.Gateway ?? '';
}

/** A networks room by itself, with a bridge of its own. */
async function openRoom(bench: Bench, name: string): Promise<Networks> {
  const folder = join(bench.folder, name);
  mkdirSync(folder, { recursive: true });
  const state = openState(join(folder, 'state.db'));
  const networks = openNetworks({
    state,
    leases: openLeases(state),
    events: new EventLog(),
    runDir: join(folder, 'run'),
    bridge: { name: benchBridge() },
  });
  await networks.ready;
  bench.later(async () => {
    await networks.close({ removeAll: true });
    await state[Symbol.asyncDispose]();
  });
  return networks;
}

async function joinAs(bench: Bench, networks: Networks, name: string, network: string): Promise<string> {
  const containerId = Buffer.from(name.padEnd(32, '_')).toString('hex');
  const attached = await networks.attach({
    containerId,
    name,
    shortId: containerId.slice(0, 12),
    hostname: name,
    netnsPath: join(bench.folder, 'netns', containerId),
    networkMode: network,
    endpoints: {},
    exposedPorts: [],
    portBindings: {},
    publishAll: false,
    dns: [],
    dnsSearch: [],
    dnsOptions: [],
    extraHosts: [],
  });
  // The container's process would not run before.
  await networks.named(containerId);
  bench.later(() => networks.detach(containerId));
  return Object.values(attached.networks)[0]?.IPAddress ?? '';
}

/** Until the container's kernel has answered: that the port is closed. */
async function joinOnce(bench: Bench, networks: Networks, network: string): Promise<number> {
  const tookMs = await millisecondsOf(async () => {
    const host = await joinAs(bench, networks, 'newcomer', network);
    await firstPacket(host);
  });
  await networks.detach(Buffer.from('newcomer'.padEnd(32, '_')).toString('hex'));
  return tookMs;
}

/** On a network that others are on too: the name server there has to learn of the newcomer. */
async function joinBeside(bench: Bench, name: string, there: Crowd): Promise<Contender> {
  const networks = await openRoom(bench, name);
  for (let index = 0; index < there.networks; index++) await networks.create({ Name: `n${index}` });
  for (let index = 0; index < there.endpoints; index++)
    await joinAs(bench, networks, `${name}${index}`, `n${index % there.networks}`);
  return { name, round: () => joinOnce(bench, networks, 'n0') };
}
