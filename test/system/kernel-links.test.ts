// The kernel room on a real kernel: network namespaces, bridges, veth pairs, the firewall, holders of ports.
import assert from 'node:assert/strict';
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { applyRules, observeElements, removeTable, tableExists } from '#kernel/firewall.ts';
import {
  attachVeth,
  detachVeth,
  ensureBridge,
  observeLinks,
  observeRoutes,
  removeLink,
} from '#kernel/links.ts';
import { ensureNetns, inNetns, isNetns, removeNetns } from '#kernel/netns.ts';
import { portHolder } from '#kernel/proc.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-kernel-'));
const bridge = `whk${process.pid}`;
const table = `whk${process.pid}`;
const netns = join(root, 'ns', 'one');

after(async () => {
  removeNetns(netns);
  removeLink(bridge);
  await removeTable('inet', table);
  rmSync(root, { recursive: true });
});

const own = (): string => readlinkSync('/proc/thread-self/ns/net');

test('a namespace is made once, entered and left', () => {
  const home = own();
  ensureNetns(netns);
  ensureNetns(netns);
  assert.ok(isNetns(netns));
  assert.equal(own(), home);
  assert.notEqual(inNetns(netns, own), home);
  assert.throws(
    () =>
      inNetns(netns, () => {
        throw new Error('inside');
      }),
    /inside/,
  );
  assert.equal(own(), home);
  const [loopback, ...others] = inNetns(netns, observeLinks);
  assert.equal(loopback?.up, true);
  assert.deepEqual(others, []);
});

test('a veth pair joins a namespace to a bridge, quickly', () => {
  ensureBridge({ name: bridge, addresses: ['10.213.7.1/24'], mac: '02:42:0a:d5:07:01' });
  ensureBridge({ name: bridge, addresses: ['10.213.7.1/24'] });
  const before = performance.now();
  const { mac } = attachVeth({
    netns,
    bridge,
    hostName: `whv${process.pid}`,
    mac: '02:42:0a:d5:07:02',
    addresses: ['10.213.7.2/24'],
    gateways: ['10.213.7.1'],
    mtu: 1400,
  });
  const tookMs = performance.now() - before;
  assert.ok(tookMs < 100, `${tookMs} ms`);
  assert.equal(mac, '02:42:0a:d5:07:02');
  const eth0 = inNetns(netns, observeLinks).find(({ name }) => name === 'eth0');
  assert.equal(eth0?.mtu, 1400);
  assert.ok(eth0?.addresses.includes('10.213.7.2/24'));
  assert.deepEqual(inNetns(netns, observeRoutes)[0], {
    destination: '0.0.0.0/0',
    device: 'eth0',
    gateway: '10.213.7.1',
  });
  const links = observeLinks();
  const index = links.find(({ name }) => name === bridge)?.index;
  assert.equal(links.find(({ name }) => name === `whv${process.pid}`)?.master, index);
  assert.ok(
    observeRoutes().some(({ destination, device }) => destination === '10.213.7.0/24' && device === bridge),
  );
});

test('an attempt that fails leaves no link; detaching twice is fine', () => {
  const hostName = `whw${process.pid}`;
  assert.throws(() => attachVeth({ netns, bridge, hostName, addresses: [] }), { code: 'EEXIST' });
  assert.throws(
    () =>
      attachVeth({
        netns,
        bridge,
        hostName,
        name: 'eth1',
        addresses: ['10.9.9.9/24'],
        gateways: ['10.8.8.8'],
      }),
    { code: 'ENETUNREACH' },
  );
  assert.equal(
    observeLinks().find(({ name }) => name === hostName),
    undefined,
  );
  detachVeth({ netns, name: 'eth0' });
  detachVeth({ netns, name: 'eth0' });
  detachVeth({ netns: join(root, 'missing'), name: 'eth0' });
  assert.equal(inNetns(netns, observeLinks).length, 1);
});

test('a bridge is not made over another kind of link', () => {
  assert.throws(() => ensureBridge({ name: 'lo', addresses: [] }), { kind: 'conflict' });
});

test('rules are applied as a whole or not at all', async () => {
  await applyRules(`add table inet ${table}\nadd set inet ${table} hosts { type ipv4_addr; }\n`);
  assert.ok(await tableExists('inet', table));
  const broken = `add element inet ${table} hosts { 10.1.1.1 }\nadd element inet ${table} missing { 10.1.1.1 }\n`;
  await assert.rejects(applyRules(broken), { kind: 'internal', message: /firewall refused/ });
  assert.deepEqual(await observeElements(table, 'set', 'hosts'), []);
  await applyRules(`add element inet ${table} hosts { 10.1.1.1, 10.1.1.2 }\n`);
  assert.deepEqual(await observeElements(table, 'set', 'hosts'), ['10.1.1.1', '10.1.1.2']);
  await removeTable('inet', table);
  await removeTable('inet', table);
  assert.equal(await tableExists('inet', table), false);
});

test('the holder of a port is found, and nobody for a free one', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  assert.equal(portHolder('tcp', '127.0.0.1', port)?.pid, process.pid);
  assert.equal(portHolder('tcp', '0.0.0.0', port)?.pid, process.pid);
  assert.equal(portHolder('tcp', '127.0.0.2', port), undefined);
  await new Promise((resolve) => server.close(resolve));
  assert.equal(portHolder('tcp', '127.0.0.1', port), undefined);
});
