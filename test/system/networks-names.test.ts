// Which name server has which network: one each, one for those that a container joins, and none that holds up another.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { inNetns } from '#kernel/netns.ts';
import { isAlive } from '#kernel/proc.ts';
import { run } from '#kernel/spawn.ts';
import { NetworksFixture } from './networks-fixture.ts';

const fixture = new NetworksFixture('10.214.30.1/24');
after(() => fixture.close());

const dir = join(fixture.root, 'run', 'dns');
const subnets = { red: '10.214.31.0/24', blue: '10.214.32.0/24', green: '10.214.33.0/24' };
const gateways = { red: '10.214.31.1', blue: '10.214.32.1', green: '10.214.33.1' };

/** The names of the networks of each server that has one. */
function served(): string[][] {
  const nameOf = (id: string): string => fixture.networks.resolve(id).name;
  return readdirSync(dir)
    .filter((place) => /^\d+$/.test(place))
    .map((place) => readdirSync(join(dir, place)).filter((name) => /^[0-9a-f]{64}$/.test(name)))
    .filter((ids) => ids.length > 0)
    .map((ids) => ids.map(nameOf).sort())
    .sort();
}

/** Waits for it: a server that is asked is told last. */
async function areServed(expected: string[][]): Promise<void> {
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 20) {
    if (isDeepStrictEqual(served(), expected)) return;
    await sleep(20);
  }
  assert.deepEqual(served(), expected);
}

const pids = (): number[] =>
  readdirSync(dir)
    .filter((place) => /^\d+$/.test(place))
    .map((place) => Number(readFileSync(join(dir, place, 'aardvark.pid'), 'utf8')))
    .sort();

test('each network has a server; those that a container joins share one, and their names', async () => {
  for (const [Name, Subnet] of Object.entries(subnets))
    await fixture.networks.create({ Name, IPAM: { Config: [{ Subnet }] } });
  for (const name of Object.keys(subnets)) await fixture.attach(`on-${name}`, { networkMode: name });
  assert.deepEqual(served(), [['blue'], ['green'], ['red']]);
  const both = await fixture.attach('both', { networkMode: 'red', endpoints: { blue: {} } });
  await areServed([['blue', 'red'], ['green']]);
  const at = (network: 'red' | 'blue') => both.networks[network]?.IPAddress;
  assert.equal(await fixture.lookup('on-red', 'both', gateways.red), at('red'));
  assert.equal(await fixture.lookup('on-blue', 'both', gateways.blue), at('blue'));
  assert.equal(await fixture.lookup('both', 'on-blue', gateways.red), '10.214.32.2');
  assert.equal(await fixture.lookup('both', 'on-red', gateways.blue), '10.214.31.2');
  assert.equal(await fixture.lookup('on-green', 'on-green', gateways.green), '10.214.33.2');
  await fixture.networks.connect('green', fixture.idOf('both'));
  await areServed([['blue', 'green', 'red']]);
  assert.equal(await fixture.lookup('both', 'on-green', gateways.red), '10.214.33.2');
  assert.equal(await fixture.lookup('on-green', 'on-green', gateways.green), '10.214.33.2');
});

test('the next engine finds every server, and what was left at two places is put right', async () => {
  await fixture.detach('both');
  for (const name of ['red', 'green']) await fixture.detach(`on-${name}`);
  for (const name of ['red', 'green']) await fixture.attach(`on-${name}`, { networkMode: name });
  const before = served();
  assert.equal(before.length, 3);
  const known = pids();
  const running = Object.keys(subnets).map((name) => ({
    containerId: fixture.idOf(`on-${name}`),
    netnsPath: fixture.netns(`on-${name}`),
  }));
  await fixture.reopen();
  await fixture.networks.recover(running);
  assert.deepEqual(served(), before);
  assert.deepEqual(pids(), known);
  assert.ok(known.every((pid) => isAlive(pid)));
});

/** How many containers came to `network` and went while 5,000 look-ups on red went on, and which of those failed. */
async function lookupsBeside(network: string): Promise<{ rounds: number; failed: string }> {
  const script = `
    const [, server] = process.argv;
    const r = new (require('dns').promises.Resolver)({ timeout: 10_000, tries: 1 });
    r.setServers([server]);
    (async () => {
      const failed = [];
      for (let count = 0; count < 5_000; count++)
        await r.resolve4('on-red').catch(({ code }) => failed.push(count + ' ' + code));
      console.log(failed.join());
    })();`;
  let isOver = false;
  const asked = inNetns(fixture.netns('on-red'), () =>
    run(process.execPath, ['-e', script, gateways.red], { timeoutMs: 120_000 }),
  ).finally(() => {
    isOver = true;
  });
  let rounds = 0;
  for (; !isOver; rounds++) {
    await fixture.attach('newcomer', { networkMode: network });
    await fixture.detach('newcomer');
    // Nothing of it waits for more than the kernel: the end of the program is to be heard as well.
    await setImmediate();
  }
  return { rounds, failed: (await asked).stdout.toString().trim() };
}

test('look-ups on one network are all answered while containers start and end on another', async () => {
  const { rounds, failed } = await lookupsBeside('green');
  assert.equal(failed, '');
  assert.ok(rounds > 5, `only ${rounds} containers started meanwhile`);
});

test('so they are while containers start and end on the same network', async () => {
  const { rounds, failed } = await lookupsBeside('red');
  assert.equal(failed, '');
  assert.ok(rounds > 5, `only ${rounds} containers started meanwhile`);
});
