// The firewall on a host of its own: an administrator's rules come before ours, stay, and ours come back when flushed.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { applyRules, countRules, observeElements } from '#kernel/firewall.ts';
import { removeLink } from '#kernel/links.ts';
import { inNetns } from '#kernel/netns.ts';
import { run, runOk } from '#kernel/spawn.ts';
import { NetworksFixture } from './networks-fixture.ts';
import { enterOwnHost, host, ip, world } from './networks-own-host.ts';

const place = await enterOwnHost();
const fixture = new NetworksFixture('10.214.24.1/24');
const { table } = fixture;
after(async () => {
  await fixture.close();
  place.close();
});

const publish = (HostPort: string) => ({ portBindings: { '80/tcp': [{ HostPort }] } });
const rulesOf = (family: 'inet' | 'bridge'): number =>
  [...countRules(family, table).values()].reduce((sum, count) => sum + count, 0);

async function askFromWorld(port: number): Promise<string> {
  const script = `
    const s = require('net').connect(Number(process.argv[1]), '${host.ipv4}');
    s.setTimeout(700, () => { console.log('timeout'); process.exit(); });
    s.on('error', (e) => { console.log(e.code); process.exit(); });
    s.on('data', (d) => console.log(String(d)));`;
  const work = () => run(process.execPath, ['-e', script, String(port)], { timeoutMs: 10_000 });
  return (await inNetns(place.worldNetns, work)).stdout.toString().trim();
}

async function eventually(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 50) {
    if (await isSo()) return;
    await sleep(50);
  }
  assert.fail(`waited too long: ${what}`);
}

test('a rule in the administrator’s chain blocks a published port, by its number on the host', async () => {
  await fixture.networks.ready;
  await fixture.attach('web', publish('20931'));
  await fixture.attach('api', publish('20932'));
  await fixture.serve('web', 80, 'web');
  await fixture.serve('api', 80, 'api');
  assert.match(await askFromWorld(20931), /^web /);
  await applyRules(
    `add rule inet ${table} admin iifname "out0" meta l4proto tcp ct original proto-dst 20931 ip saddr ${world.ipv4} drop`,
  );
  assert.equal(await askFromWorld(20931), 'timeout');
  assert.match(await askFromWorld(20932), /^api /);
  assert.match(await fixture.ask(undefined, '127.0.0.1', 20931), /^web /, 'the host itself is not the world');
});

test('so does a refusal in the administrator’s own table, as ufw and firewalld make them', async () => {
  await applyRules(`table ip filter {
    chain FORWARD { type filter hook forward priority filter; policy drop;
      ct state established,related accept
      iifname "${fixture.bridge}" accept
      iifname "out0" oifname "${fixture.bridge}" tcp dport 80 ct original proto-dst 20931 accept
    }
  }`);
  assert.equal(await askFromWorld(20932), 'timeout');
  await runOk('nft', ['delete', 'table', 'ip', 'filter']);
  assert.match(await askFromWorld(20932), /^api /);
});

test('the administrator’s chain outlives our own changes, our restart and our end', async () => {
  await fixture.networks.create({ Name: 'more' });
  await fixture.reopen();
  await fixture.networks.recover(
    ['web', 'api'].map((name) => ({ containerId: fixture.idOf(name), netnsPath: fixture.netns(name) })),
  );
  assert.equal(countRules('inet', table).get('admin'), 1);
  assert.equal(await askFromWorld(20931), 'timeout');
  assert.match(await askFromWorld(20932), /^api /);
});

test('flushed rules come back, by themselves, and ports answer again', async () => {
  const before = [rulesOf('inet') - 1, rulesOf('bridge')];
  await runOk('nft', ['flush', 'ruleset']);
  await eventually('the rules', () => rulesOf('inet') > 0 && rulesOf('bridge') > 0);
  assert.deepEqual([rulesOf('inet'), rulesOf('bridge')], before);
  assert.match(await askFromWorld(20931), /^web /, 'the administrator’s rules went too, by their own hand');
  assert.match(fixture.warned.join('\n'), /made anew/);
});

test('a chain that was flushed, or a table that was deleted, comes back too', async () => {
  await runOk('nft', ['flush', 'chain', 'inet', table, 'forward']);
  await eventually('the chain', () => (countRules('inet', table).get('forward') ?? 0) > 0);
  await runOk('nft', ['delete', 'table', 'bridge', table]);
  await eventually('the table', () => rulesOf('bridge') > 0);
});

test('what was taken out of a set or map comes back too', async () => {
  for (const [kind, name] of [
    ['map', 'published4'],
    ['set', 'bridges'],
    ['set', 'subnets4'],
  ] as const) {
    await runOk('nft', ['flush', kind, 'inet', table, name]);
    await eventually(name, async () => (await observeElements(table, kind, name)).length > 0);
  }
  await runOk('nft', ['flush', 'set', 'bridge', table, 'taken4']);
  await eventually(
    'taken4',
    async () => (await observeElements(table, 'set', 'taken4', 'bridge')).length > 0,
  );
  assert.match(await askFromWorld(20931), /^web /);
});

test('a table that the administrator writes before the engine starts is kept', async () => {
  await fixture.networks.close();
  await runOk('nft', ['flush', 'ruleset']);
  await applyRules(
    `table inet ${table} { chain admin { meta l4proto tcp ct original proto-dst 20932 drop; }; }`,
  );
  await fixture.reopen();
  await fixture.networks.recover(
    ['web', 'api'].map((name) => ({ containerId: fixture.idOf(name), netnsPath: fixture.netns(name) })),
  );
  assert.match(await askFromWorld(20931), /^web /);
  assert.equal(await askFromWorld(20932), 'timeout');
});

test('others’ tables are left alone', async () => {
  await applyRules('table ip other { chain c { ip saddr 9.9.9.9 drop; }; }');
  await fixture.attach('third', publish('20933'));
  await fixture.detach('third');
  const { stdout } = await runOk('nft', ['list', 'table', 'ip', 'other']);
  assert.match(stdout.toString(), /9\.9\.9\.9/);
});

test('a bridge that was deleted or changed by hand is repaired at the next use, for those that are on it too', async () => {
  const damages: (() => unknown)[] = [
    () => removeLink(fixture.bridge),
    () => ip(['link', 'set', fixture.bridge, 'down']),
    () => ip(['addr', 'flush', 'dev', fixture.bridge]),
  ];
  for (const [index, damage] of damages.entries()) {
    await damage();
    assert.doesNotMatch(await askFromWorld(20931), /web/);
    assert.notDeepEqual(await fixture.networks.check(), []);
    await fixture.attach('next', publish('20934'));
    assert.match(await askFromWorld(20931), /^web /, `damage ${index}`);
    assert.deepEqual(await fixture.networks.check(), []);
    await fixture.detach('next');
  }
});

test('one that was deleted while no engine ran is there again with the next one, and those that were on it too', async () => {
  await fixture.networks.ready;
  const running = ['web', 'api'].map((name) => ({
    containerId: fixture.idOf(name),
    netnsPath: fixture.netns(name),
  }));
  removeLink(fixture.bridge);
  await fixture.reopen();
  await fixture.networks.recover(running);
  await fixture.networks.ready;
  assert.match(await askFromWorld(20931), /^web /);
  assert.deepEqual(await fixture.networks.check(), []);
});

test('where nothing runs the engine leaves nothing but what the administrator wrote', async () => {
  for (const name of ['web', 'api']) await fixture.detach(name);
  await fixture.networks.close({ removeAll: true });
  const { stdout } = await runOk('nft', ['list', 'ruleset']);
  const text = stdout.toString();
  assert.match(
    text,
    new RegExp(
      `table inet ${table} \\{\\s+chain admin \\{\\s+meta l4proto tcp ct original proto-dst 20932 drop\\s+\\}\\s+\\}`,
    ),
  );
  assert.doesNotMatch(text, /table bridge/);
  assert.doesNotMatch(await ip(['-br', 'link']), new RegExp(fixture.bridge));
});
