// The tables' text and bytes: what networks, endpoints and ports put into their sets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint, PublishedPort } from '../record.ts';
import type { BridgeNetwork } from '../store.ts';
import { elementChange, elementText, endpointElements, networkElements, portElements } from './elements.ts';
import { renderBare, renderElements, renderTable } from './table.ts';

const network: BridgeNetwork = {
  id: 'a',
  name: 'a',
  driver: 'bridge',
  created: '',
  internal: false,
  attachable: false,
  labels: {},
  options: {},
  ipamOptions: {},
  blocks: [
    { subnet: '10.1.0.0/16', gateway: '10.1.0.1', auxiliary: {} },
    { subnet: 'fd00:1::/64', gateway: 'fd00:1::1', auxiliary: {} },
  ],
  bridge: { device: 'wh-a' },
};
const port: PublishedPort = {
  protocol: 'tcp',
  hostAddress: '0.0.0.0',
  hostPort: 5001,
  key: '80/tcp',
  containerPort: 80,
  containerAddress: '10.1.0.2',
  path: 'nat',
};
const endpoint: Endpoint = {
  id: 'e',
  networkId: 'a',
  networkName: 'a',
  link: 'eth0',
  hostLink: 'wv1',
  ipv4: { address: '10.1.0.2', prefixLength: 16 },
  ipv6: { address: 'fd00:1::2', prefixLength: 64 },
  mac: '02:42:0a:01:00:02',
  isDefault4: true,
  isDefault6: true,
  settings: {},
};

const rows = (given: PublishedPort) =>
  portElements(given).map((each) => `${each.holder} ${elementText(each)}`);

test('ports of every address and of one go into maps of their own, by the family of the target', () => {
  assert.deepEqual(rows(port), ['published4 tcp . 5001 : 10.1.0.2 . 80']);
  assert.deepEqual(rows({ ...port, hostAddress: '127.0.0.1', hostPort: 1 }), [
    'published4_at 127.0.0.1 . tcp . 1 : 10.1.0.2 . 80',
  ]);
  assert.deepEqual(rows({ ...port, hostAddress: '::', containerAddress: 'fd00:1::2' }), [
    'published6 tcp . 5001 : fd00:1::2 . 80',
  ]);
  assert.deepEqual(rows({ ...port, path: 'routed' }), ['routed4 10.1.0.2 . tcp . 80']);
  assert.deepEqual(rows({ ...port, hostAddress: '::1', path: 'relay' }), []);
});

test('an element is the same as text and as bytes', () => {
  const [element] = portElements(port);
  assert.ok(element);
  const change = elementChange('add', 't', element);
  assert.equal(change.key.toString('hex'), '0600000013890000');
  assert.equal(change.data?.toString('hex'), '0a01000200500000');
});

test('an endpoint may speak as itself, by each of its addresses, and nobody else may', () => {
  const held = Object.groupBy(endpointElements(endpoint), ({ holder }) => holder);
  assert.deepEqual(Object.keys(held).sort(), [
    'links',
    'own4',
    'own6',
    'own_mac',
    'own_target',
    'taken4',
    'taken6',
    'taken_mac',
    'taken_target',
  ]);
  assert.deepEqual(held['own4']?.map(elementText), ['"wv1" . 02:42:0a:01:00:02 . 10.1.0.2']);
  assert.deepEqual(endpointElements({ ...endpoint, hostLink: '' }), []);
});

const names = [
  'names4 10.1.0.1',
  'asked4 "wh-a" . 10.1.0.1',
  'names6 fd00:1::1',
  'asked6 "wh-a" . fd00:1::1',
];
const setsOf = (change: Partial<BridgeNetwork>) =>
  networkElements({ ...network, ...change })
    .filter(({ family }) => family === 'inet')
    .map((each) => `${each.holder} ${elementText(each)}`);

test('an internal network is not masqueraded; options switch masquerade and neighbours off', () => {
  assert.deepEqual(setsOf({}), [
    'bridges "wh-a"',
    'same "wh-a" . "wh-a"',
    'subnets4 10.1.0.0/16',
    'subnets6 fd00:1::/64',
    ...names,
  ]);
  assert.deepEqual(setsOf({ internal: true }), [
    'bridges "wh-a"',
    'same "wh-a" . "wh-a"',
    'internals "wh-a"',
    ...names,
  ]);
  const options = {
    'com.docker.network.bridge.enable_icc': 'false',
    'com.docker.network.bridge.enable_ip_masquerade': 'false',
  };
  assert.deepEqual(setsOf({ options }), ['bridges "wh-a"', ...names]);
  const routed = { 'com.docker.network.bridge.gateway_mode_ipv6': 'routed' };
  assert.doesNotMatch(setsOf({ options: routed }).join(), /subnets6/);
});

const view = {
  table: 't',
  bridges: [network],
  endpoints: [endpoint],
  ports: [port],
  steered: [
    { gateways: ['10.1.0.1', 'fd00:1::1'], way: 3 },
    { gateways: ['10.2.0.1'], way: 'aside' as const },
  ],
  opened: {
    openings: [{ from: '10.1.0.3', to: '10.1.0.2', protocol: 'tcp' as const, port: 80 }],
    unlocked: ['wv1'],
  },
  namesPort: 20_530,
  hasBridgeFilter: true,
  translatesLoopback6: true,
};

test('the whole table holds everything, and never flushes the chain of the administrator', () => {
  const text = renderTable(view);
  assert.match(text, /flush map inet t published4\n/);
  assert.match(text, /add element inet t subnets4 \{ 10\.1\.0\.0\/16 \}/);
  assert.match(text, /tcp \. 5001/);
  assert.match(
    text,
    /add element inet t turns3_4 \{ 10\.1\.0\.1 \}\nadd element inet t turns3_6 \{ fd00:1::1 \}/,
  );
  assert.match(text, /add element inet t aside4 \{ 10\.2\.0\.1 \}/);
  for (const family of ['inet', 'bridge'])
    assert.ok(
      text.includes(`add element ${family} t linked4 { 10.1.0.3 . 10.1.0.2 . tcp . 80 }`),
      `links: ${family}`,
    );
  assert.match(text, /add element bridge t unlocked \{ "wv1" \}/);
  assert.match(text, /chain admin \{ \}/);
  assert.doesNotMatch(text, /flush chain inet t admin/);
  assert.doesNotMatch(renderBare('t'), /(flush|delete) chain inet t admin/);
  assert.doesNotMatch(renderTable({ ...view, hasBridgeFilter: false }), /bridge t/);
});

test('elements of a set are given once, in one line', () => {
  const twice = [...endpointElements(endpoint), ...endpointElements(endpoint)];
  assert.match(renderElements('delete', 't', twice), /^delete element bridge t links \{ "wv1" \}$/m);
});
