// The orders of a network's servers: every address of a name is the first at as many of them as the others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Member, turned, turnsOf } from './turns.ts';

const member = (name: string, aliases: string[], at: number): Member => ({
  sandbox: {
    containerId: name,
    name,
    shortId: `${name}-id`,
    hostname: `${name}-host`,
    netnsPath: '',
    mode: '',
    endpoints: [],
    ports: [],
    dns: [],
  },
  endpoint: {
    id: name,
    networkId: 'n',
    networkName: 'n',
    link: 'eth0',
    hostLink: name,
    ipv4: { address: `10.1.0.${at}`, prefixLength: 16 },
    mac: '',
    isDefault4: true,
    isDefault6: false,
    settings: { Aliases: aliases },
  },
});

const service = (name: string, count: number): Member[] =>
  Array.from({ length: count }, (_, index) => member(`${name}${index}`, [name], index));

/** How often each container is the first of the service over all turns. */
function firsts(members: Member[], alias: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (let turn = 0; turn < turnsOf(members); turn++) {
    const first = turned(members, turn).find(({ endpoint }) => endpoint.settings.Aliases?.includes(alias));
    const name = first?.sandbox.name ?? '';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

const isEven = (counts: Map<string, number>, size: number): boolean =>
  counts.size === size && new Set(counts.values()).size === 1;

test('a network without a shared name has one server, with the containers as they came', () => {
  const members = [member('a', ['x'], 1), member('b', ['y'], 2)];
  assert.equal(turnsOf(members), 1);
  assert.equal(turnsOf([]), 1);
  assert.deepEqual(turned(members, 0), members);
});

test('every container of a service is the first as often as the others, wherever it stands in the file', () => {
  for (const [webs, dbs] of [
    [3, 1],
    [3, 2],
    [4, 2],
    [8, 1],
    [16, 1],
  ] as const) {
    const [first = member('a', [], 0), ...others] = service('web', webs);
    const members = [member('front', [], 99), first, ...service('db', dbs), ...others];
    assert.ok(isEven(firsts(members, 'web'), webs), `${webs} webs beside ${dbs} dbs`);
    assert.ok(isEven(firsts(members, 'db'), dbs), `${dbs} dbs beside ${webs} webs`);
    for (let turn = 0; turn < turnsOf(members); turn++) {
      assert.deepEqual(new Set(turned(members, turn)), new Set(members), 'nobody is lost');
    }
  }
});

test('the servers of a network are bounded; capital letters make no other name', () => {
  assert.equal(turnsOf(service('web', 40)), 16);
  assert.equal(turnsOf([...service('web', 7), ...service('db', 5)]), 7);
  assert.equal(turnsOf([member('a', ['Web'], 1), member('b', ['web'], 2)]), 2);
});
