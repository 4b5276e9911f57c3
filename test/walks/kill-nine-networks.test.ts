// `kill -9` of the whole engine while running containers join and leave networks, at many moments: after the next start
// records, kernel, names and ports say the same, and nothing is without an owner.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { observeElements } from '#kernel/firewall.ts';
import { observeLinks, observeRoutes } from '#kernel/links.ts';
import { ensureLoopbackUp, inNetns } from '#kernel/netns.ts';
import { run } from '#kernel/spawn.ts';
import { CLONE, unshare } from '#kernel/syscalls.ts';
import type { EndpointSettings, NetworkInspect, PortUse } from '#shared/contract/network.ts';
import { eventually, freePort, startEngine } from './engine-under-test.ts';
import { numbersFrom, seed } from './seeded.ts';

const rounds = 20;

interface Container {
  Name: string;
  State: { Pid: number };
  NetworkSettings: { Networks: Record<string, EndpointSettings>; Ports: Record<string, object[] | null> };
}

const engine = await startEngine();
after(() => engine[Symbol.asyncDispose]());
await good(['pull', 'busybox']);
await engine.stop();
unshare(CLONE.NEWNET);
ensureLoopbackUp();
await engine.start();

const networks = ['n1', 'n2', 'n3'];
/** Those that move; `watch` stays where it is and looks names up. */
const movers = ['web', 'db'];
const all = [...movers, 'watch'];
const port = await freePort();

async function good(args: string[]): Promise<string> {
  const ran = await engine.wharf(args);
  assert.equal(ran.code, 0, `wharf ${args.join(' ')}\n${ran.stderr}\n${engine.log().slice(-3000)}`);
  return ran.stdout.trim();
}

async function ask<T>(path: string): Promise<T> {
  const { status, text } = await engine.call('GET', path);
  assert.equal(status, 200, `${path}: ${text}`);
  return JSON.parse(text) as T;
}

const next = numbersFrom(seed);
const oneOf = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;

/** Joins and leaves until the engine is gone; what it answers is its own affair. */
async function moveAbout(name: string, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const network = oneOf([...networks, 'bridge']);
    const { NetworkSettings } = await ask<Container>(`/containers/${name}/json`);
    const isOn = network in NetworkSettings.Networks;
    const aliases = network === 'bridge' ? {} : { EndpointConfig: { Aliases: [`${name}-alias`] } };
    const body = JSON.stringify({ Container: name, ...(isOn ? { Force: false } : aliases) });
    await engine.call('POST', `/networks/${network}/${isOn ? 'disconnect' : 'connect'}`, body);
  }
}

test(`killed at ${rounds} moments of joining and leaving, all that is told agrees (seed ${seed})`, async () => {
  for (const [index, name] of networks.entries()) {
    const more = name === 'n2' ? ['--ipv6', '--subnet', 'fd00:214:62::/64'] : [];
    await good(['network', 'create', '--subnet', `10.214.${61 + index}.0/24`, ...more, name]);
  }
  const page = 'mkdir /w; echo here > /w/page; exec httpd -f -p 80 -h /w';
  await good(['run', '-d', '--name', 'web', '-p', `${port}:80`, 'busybox', 'sh', '-c', page]);
  await good(['run', '-d', '--name', 'db', '--network', 'n1', 'busybox', 'sleep', '6000']);
  // Who asks for a name that nobody has is told so at once.
  const quick = ['--dns', '127.0.0.1'];
  await good(['run', '-d', '--name', 'watch', '--network', 'n1', ...quick, 'busybox', 'sleep', '6000']);
  for (const name of ['n2', 'n3']) await good(['network', 'connect', name, 'watch']);
  for (let round = 0; round < rounds; round++) {
    let over = false;
    const moving = movers.map((name) => moveAbout(name, () => over).catch(() => undefined));
    const delayMs = next() * 150;
    await sleep(delayMs);
    over = true;
    await engine.killHard();
    await Promise.all(moving);
    await engine.start();
    await agree(`round ${round}, killed after ${delayMs.toFixed(1)} ms`);
  }
  await good(['rm', '-f', ...all]);
  await good(['network', 'rm', ...networks]);
  assert.deepEqual(
    observeLinks().filter(({ name }) => /^(wv|wh-)/.test(name)),
    [],
  );
});

async function agree(when: string): Promise<void> {
  const containers = await Promise.all(all.map((name) => ask<Container>(`/containers/${name}/json`)));
  const inspected = await Promise.all(
    ['bridge', ...networks].map((name) => ask<NetworkInspect>(`/networks/${name}`)),
  );
  assert.deepEqual(await ask('/system/check'), [], when);
  for (const container of containers) insideAgrees(container, when);
  membersAgree(containers, inspected, when);
  await rulesAgree(containers, when);
  await namesAgree(containers, when);
  await portAgrees(containers[0] as Container, when);
}

const endpointsOf = ({ NetworkSettings }: Container): [string, EndpointSettings][] =>
  Object.entries(NetworkSettings.Networks);

const cidrsOf = (endpoint: EndpointSettings): string[] => [
  `${endpoint.IPAddress}/${endpoint.IPPrefixLen}`,
  ...(endpoint.GlobalIPv6Address ? [`${endpoint.GlobalIPv6Address}/${endpoint.GlobalIPv6PrefixLen}`] : []),
];

/** Links, addresses and name servers in the container are those of its record. */
function insideAgrees(container: Container, when: string): void {
  const { Name, State } = container;
  const inside = <T>(work: () => T): T => inNetns(`/proc/${State.Pid}/ns/net`, work);
  const links = inside(observeLinks).filter(({ name }) => name !== 'lo');
  const waysOut = inside(observeRoutes).filter(({ destination }) => destination === '0.0.0.0/0');
  assert.equal(waysOut.length, links.length > 0 ? 1 : 0, `${when}: ways out of ${Name}`);
  const seen = links.flatMap(({ addresses }) => addresses.filter((each) => !each.startsWith('fe80:')));
  const recorded = endpointsOf(container).flatMap(([, endpoint]) => cidrsOf(endpoint));
  assert.deepEqual(seen.sort(), recorded.sort(), `${when}: addresses of ${Name}`);
  assert.equal(links.length, endpointsOf(container).length, `${when}: links of ${Name}`);
  const servers = endpointsOf(container).flatMap(([name, { Gateway }]) =>
    name === 'bridge' ? [] : [Gateway],
  );
  const text = readFileSync(`/proc/${State.Pid}/root/etc/resolv.conf`, 'utf8');
  const asked = [...text.matchAll(/^nameserver (\S+)$/gm)].map(([, server]) => server);
  if (servers.length > 0) assert.deepEqual(asked.sort(), servers.sort(), `${when}: name servers of ${Name}`);
  else
    assert.equal(
      asked.some((server) => server?.startsWith('10.214.6')),
      false,
      `${when}: ${Name} asks ${asked}`,
    );
}

/** Networks tell the members that the containers tell, and each bridge has exactly their links. */
function membersAgree(containers: Container[], inspected: NetworkInspect[], when: string): void {
  const links = observeLinks();
  for (const network of inspected) {
    const device = network.Options?.['com.docker.network.bridge.name'] ?? `wh-${network.Id.slice(0, 12)}`;
    const bridge = links.find(({ name }) => name === device);
    const ports = links.filter(({ master }) => master !== undefined && master === bridge?.index);
    const endpoints = containers.flatMap((container) => {
      const endpoint = container.NetworkSettings.Networks[network.Name];
      return endpoint === undefined ? [] : [endpoint];
    });
    const ids = endpoints.map(({ EndpointID = '' }) => `wv${EndpointID.slice(0, 12)}`).sort();
    assert.deepEqual(ports.map(({ name }) => name).sort(), ids, `${when}: ports of ${network.Name}`);
    const members = Object.values(network.Containers ?? {}).map(({ EndpointID }) => EndpointID);
    const told = endpoints.map(({ EndpointID }) => EndpointID ?? '');
    assert.deepEqual(members.sort(), told.sort(), `${when}: members of ${network.Name}`);
  }
  const count = containers.flatMap(endpointsOf).length;
  assert.equal(links.filter(({ name }) => name.startsWith('wv')).length, count, `${when}: links on the host`);
}

async function rulesAgree(containers: Container[], when: string): Promise<void> {
  const bridge = (await ask<NetworkInspect>('/networks/bridge')).Options?.['com.docker.network.bridge.name'];
  const table = `wharf_${bridge}`;
  const endpoints = containers.flatMap(endpointsOf).map(([, endpoint]) => endpoint);
  const rows = endpoints.map(
    ({ EndpointID = '', MacAddress, IPAddress }) =>
      `"wv${EndpointID.slice(0, 12)}" . ${MacAddress} . ${IPAddress}`,
  );
  assert.deepEqual((await observeElements(table, 'set', 'own4', 'bridge')).sort(), rows.sort(), when);
  const links = endpoints.map(({ EndpointID = '' }) => `"wv${EndpointID.slice(0, 12)}"`);
  assert.deepEqual((await observeElements(table, 'set', 'links', 'bridge')).sort(), links.sort(), when);
}

/** A name is the addresses of its container on the networks that the asking one is on too, whichever of them it asks. */
async function namesAgree(containers: Container[], when: string): Promise<void> {
  const watch = containers.find(({ Name }) => Name === '/watch') as Container;
  const questions = networks.flatMap((network) =>
    ['web', 'web-alias', 'db'].map((asked) => {
      const container = containers.find(({ Name }) => asked.startsWith(Name.slice(1)));
      const there = networks.flatMap((each) => container?.NetworkSettings.Networks[each]?.IPAddress ?? []);
      const server = watch.NetworkSettings.Networks[network]?.Gateway ?? '';
      return { asked, server, addresses: there.sort().join() };
    }),
  );
  const script = `
    const dns = require('dns').promises;
    Promise.all(JSON.parse(process.argv[1]).map(async ({ asked, server }) => {
      const resolver = new dns.Resolver({ timeout: 2000, tries: 3 });
      resolver.setServers([server]);
      return resolver.resolve4(asked).then((found) => found.sort().join(), () => '');
    })).then((answers) => console.log(JSON.stringify(answers)));`;
  const asking = inNetns(`/proc/${watch.State.Pid}/ns/net`, () =>
    run(process.execPath, ['-e', script, JSON.stringify(questions)], { timeoutMs: 60_000 }),
  );
  const answers = JSON.parse((await asking).stdout.toString()) as string[];
  for (const [index, { asked, server, addresses }] of questions.entries())
    assert.equal(answers[index], addresses, `${when}: ${asked} at ${server}`);
}

/** The port answers where the record says that it is published, and only there. */
async function portAgrees(web: Container, when: string): Promise<void> {
  const isTold = (web.NetworkSettings.Ports['80/tcp'] ?? []).length > 0;
  assert.equal(
    isTold,
    endpointsOf(web).length > 0,
    `${when}: ports ${JSON.stringify(web.NetworkSettings.Ports)}`,
  );
  if (isTold) await eventually(`${when}: the page`, async () => ((await answers()) ? true : undefined));
  else assert.equal(await answers(), false, when);
  const [use] = await ask<PortUse[]>(`/system/ports/${port}`);
  assert.equal(use?.Kind, isTold ? 'container' : 'unconnected', `${when}: port ${port}`);
}

function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    let text = '';
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('data', (data) => {
      text += data;
    });
    socket.on('close', () => resolve(text.endsWith('here\n')));
    socket.write('GET /page HTTP/1.0\r\n\r\n');
  });
}
