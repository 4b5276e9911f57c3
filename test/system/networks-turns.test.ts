// Several containers of one name: each is the first answer in its turn, on both families, also while no engine runs; and
// names that change while others are asked for. On a host of its own, whose firewall the tests change.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { applyRules, observeElements } from '#kernel/firewall.ts';
import { inNetns } from '#kernel/netns.ts';
import { isAlive } from '#kernel/proc.ts';
import { run, runOk, startProgram } from '#kernel/spawn.ts';
import { NetworksFixture } from './networks-fixture.ts';
import { enterOwnHost, world } from './networks-own-host.ts';

const place = await enterOwnHost();
const fixture = new NetworksFixture('10.214.40.1/24');
after(async () => {
  await fixture.close();
  place.close();
});

const gateways = { town: '10.214.41.1', town6: 'fd00:214:41::1', calm: '10.214.42.1' };
const sharing = (alias: string) => ({
  networkMode: 'town',
  endpoints: { town: { Aliases: [alias] } },
});

/** How often each address was the first of those that a name has, by that many look-ups with a socket each. */
async function firsts(
  name: string,
  server: string,
  type: 'A' | 'AAAA' = 'A',
  count = 90,
): Promise<Map<string, number>> {
  const script = `
    const [, name, server, type, count] = process.argv;
    (async () => {
      for (let at = 0; at < Number(count); at++) {
        const r = new (require('dns').promises.Resolver)({ timeout: 2000, tries: 4 });
        r.setServers([server.includes(':') ? '[' + server + ']' : server]);
        await r.resolve(name, type).then((a) => console.log(a[0]), (e) => console.log(e.code));
      }
    })();`;
  const args = ['-e', script, name, server, type, String(count)];
  const { stdout } = await inNetns(fixture.netns('asker'), () =>
    run(process.execPath, args, { timeoutMs: 60_000 }),
  );
  const counts = new Map<string, number>();
  for (const line of stdout.toString().trim().split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/** Waits until the network's questions are spread over so many servers; 0: until they are not. */
async function eventually(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 50) {
    if (await isSo()) return;
    await sleep(50);
  }
  assert.fail(`waited too long: ${what}`);
}

const isSpread = (turns: number, gateway = gateways.town) =>
  eventually(`questions to ${gateway} spread over ${turns}`, async () => {
    const family = gateway.includes(':') ? 6 : 4;
    return (await observeElements(fixture.table, 'set', `turns${turns}_${family}`)).includes(gateway);
  });

const addressOf = (attached: {
  networks: Record<string, { IPAddress?: string; GlobalIPv6Address?: string }>;
}) => ({
  ipv4: attached.networks['town']?.IPAddress ?? '',
  ipv6: attached.networks['town']?.GlobalIPv6Address ?? '',
});

function assertEven(counts: Map<string, number>, addresses: string[]): void {
  assert.deepEqual([...counts.keys()].sort(), addresses.toSorted(), JSON.stringify([...counts]));
  for (const [address, count] of counts) assert.ok(count >= 10, `${address} was first ${count} times only`);
}

const webs: { ipv4: string; ipv6: string }[] = [];
const ipv4s = (): string[] => webs.map(({ ipv4 }) => ipv4);

test('each of three addresses of a name is first as often as the others, on IPv4 and IPv6', async () => {
  await fixture.networks.create({
    Name: 'town',
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: '10.214.41.0/24' }, { Subnet: 'fd00:214:41::/64' }] },
  });
  await fixture.attach('asker', { networkMode: 'town' });
  for (const name of ['web1', 'web2', 'web3'])
    webs.push(addressOf(await fixture.attach(name, sharing('web'))));
  await isSpread(3);
  await isSpread(3, gateways.town6);
  assertEven(await firsts('web', gateways.town), ipv4s());
  assertEven(await firsts('WEB', gateways.town6), ipv4s());
  assertEven(
    await firsts('web', gateways.town6, 'AAAA'),
    webs.map(({ ipv6 }) => ipv6),
  );
  assert.deepEqual(
    [...(await firsts('web2', gateways.town)).keys()],
    [webs[1]?.ipv4],
    'a name of its own is one',
  );
});

test('a name with two addresses beside one with three is spread evenly as well', async () => {
  const dbs = [];
  for (const name of ['db1', 'db2']) dbs.push(addressOf(await fixture.attach(name, sharing('db'))).ipv4);
  await isSpread(6);
  assertEven(await firsts('db', gateways.town), dbs);
  assertEven(await firsts('web', gateways.town), ipv4s());
  for (const name of ['db1', 'db2']) await fixture.detach(name);
  await isSpread(3);
});

test('an address that went is not given any more, and the others still take turns', async () => {
  const [gone] = webs.splice(1, 1);
  await fixture.detach('web2');
  const counts = await firsts('web', gateways.town);
  assert.equal(counts.get(gone?.ipv4 ?? ''), undefined);
  await isSpread(2);
  assertEven(await firsts('web', gateways.town), ipv4s());
  webs.splice(1, 0, addressOf(await fixture.attach('web2', sharing('web'))));
  await isSpread(3);
  assertEven(await firsts('web', gateways.town), ipv4s());
});

/** Pids of the servers that begin with other addresses, by their folders' names. */
function turnPids(): Map<string, number> {
  const dir = join(fixture.root, 'run', 'dns');
  const at = readdirSync(dir).find((name) => name.startsWith('at-')) ?? '';
  const folders = readdirSync(join(dir, at)).filter((name) => /^\d+\.[1-9]/.test(name));
  return new Map(
    folders.map((name) => [name, Number(readFileSync(join(dir, at, name, 'aardvark.pid'), 'utf8'))]),
  );
}

test('a server that is killed comes back, and its questions go elsewhere meanwhile', async () => {
  const [[folder, pid] = ['', 0]] = turnPids();
  process.kill(pid, 'SIGKILL');
  await eventually(
    'the server is back',
    () => turnPids().get(folder) !== pid && isAlive(turnPids().get(folder) ?? 0),
  );
  await isSpread(3);
  assertEven(await firsts('web', gateways.town), ipv4s());
});

test('rules that were flushed come back with the turns in them', async () => {
  await runOk('nft', ['flush', 'ruleset']);
  await isSpread(3);
  assertEven(await firsts('web', gateways.town), ipv4s());
});

const running = () =>
  ['asker', 'web1', 'web2', 'web3'].map((name) => ({
    containerId: fixture.idOf(name),
    netnsPath: fixture.netns(name),
  }));

test('the next engine finds the servers, and they take turns again', async () => {
  const before = turnPids();
  await fixture.reopen();
  await fixture.networks.recover(running());
  await isSpread(3);
  assert.deepEqual(turnPids(), before);
  assertEven(await firsts('web', gateways.town), ipv4s());
});

/** A name server outside that takes its time; `asked` resolves with the first question. */
async function serveSlowly(answerMs: number) {
  const script = `
    const socket = require('dgram').createSocket('udp4');
    socket.on('message', (asked, { port, address }) => {
      console.log('asked');
      const end = asked.indexOf(0, 12) + 5;
      const answer = Buffer.concat([asked.subarray(0, end),
        Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 77])]);
      answer.writeUInt16BE(0x8180, 2);
      for (const [at, count] of [[4, 1], [6, 1], [8, 0], [10, 0]]) answer.writeUInt16BE(count, at);
      setTimeout(() => socket.send(answer, port, address), Number(process.argv[1]));
    });
    socket.bind(53, () => console.log('up'));`;
  const server = inNetns(place.worldNetns, () =>
    startProgram(process.execPath, ['-e', script, String(answerMs)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
  const ended = new Promise((resolve) => server.once('close', resolve));
  const line = () => new Promise((resolve) => server.stdout?.once('data', resolve));
  await line();
  const stop = async () => {
    server.kill();
    await ended;
  };
  return { asked: line(), stop };
}

test('a slow answer from outside is not lost because a neighbour starts', async () => {
  const { asked, stop } = await serveSlowly(600);
  try {
    await fixture.networks.create({ Name: 'calm', IPAM: { Config: [{ Subnet: '10.214.42.0/24' }] } });
    await fixture.attach('patient', { networkMode: 'calm', dns: [world.ipv4] });
    const script = `
      const r = new (require('dns').promises.Resolver)({ timeout: 5000, tries: 1 });
      r.setServers([process.argv[1]]);
      r.resolve4('slow.example').then((a) => console.log(a[0]), (e) => console.log(e.code));`;
    const asking = inNetns(fixture.netns('patient'), () =>
      run(process.execPath, ['-e', script, gateways.calm], { timeoutMs: 30_000 }),
    );
    await Promise.race([asked, asking]);
    await fixture.attach('neighbour', { networkMode: 'calm' });
    assert.equal((await asking).stdout.toString().trim(), '192.0.2.77');
  } finally {
    await stop();
    for (const name of ['patient', 'neighbour']) await fixture.detach(name);
  }
});

/** A firewall of the host's own that lets in what it knows, and nothing else. */
const strict = (rule: string): Promise<void> =>
  applyRules(`table inet strict
  delete table inet strict
  table inet strict { chain input { type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
    ${rule}
  }; }`);

test('where the host’s firewall lets containers ask port 53 only, all are answered there', async () => {
  await strict('udp dport 53 accept');
  await eventually(
    'no question is led elsewhere',
    async () => (await observeElements(fixture.table, 'set', 'turns3_4')).length === 0,
  );
  assert.deepEqual([...(await firsts('web', gateways.town, 'A', 20)).keys()], [ipv4s()[0]]);
  await fixture.attach('late', sharing('late'));
  assert.match(await fixture.lookup('asker', 'late', gateways.town), /^10\.214\.41\./);
  await fixture.detach('late');
  assert.deepEqual(await problems(), [
    'firewall: the chain input of table inet strict drops what comes to the host and it does not accept: containers may not find each other by name',
  ]);
  await strict('udp dport { 53, 20530-24545 } accept');
  await isSpread(3);
  assertEven(await firsts('web', gateways.town), ipv4s());
});

const problems = async () =>
  (await fixture.networks.check()).map(({ Subject, Problem }) => `${Subject}: ${Problem}`);

test('a firewall that drops what comes to the host is named, and the networks without names with it', async () => {
  await strict('');
  // A question from a port that one came from just before is of a connection that the firewall knows.
  await eventually('no answer', async () =>
    /TIMEOUT/.test(await fixture.lookup('asker', 'web', gateways.town)),
  );
  assert.match((await problems()).join('\n'), /the chain input of table inet strict drops/);
  assert.match((await problems()).join('\n'), /network town: its containers get no answer/);
  // As `ufw allow in on BRIDGE to any port 53 proto udp` makes it.
  const device = fixture.networks.resolve('town').bridge?.device;
  await strict(`iifname "${device}" udp dport 53 accept`);
  assert.equal(await fixture.lookup('asker', 'web2', gateways.town), ipv4s()[1]);
  assert.doesNotMatch((await problems()).join('\n'), /network town/);
  await runOk('nft', ['delete', 'table', 'inet', 'strict']);
  assert.deepEqual(await problems(), []);
  await isSpread(3);
});

test('the servers end with the containers, and nothing is steered any more', async () => {
  const pids = [...turnPids().values()];
  for (const name of ['asker', 'web1', 'web2', 'web3']) await fixture.detach(name);
  assert.deepEqual(await observeElements(fixture.table, 'set', 'turns3_4'), []);
  await eventually('the servers are gone', () => pids.every((pid) => !isAlive(pid)));
});
