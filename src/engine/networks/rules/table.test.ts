// The table's text: what networks and ports put into its sets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedPort } from '../record.ts';
import type { BridgeNetwork } from '../store.ts';
import { renderAdditions, renderRemovals, renderTable } from './table.ts';

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
  bridge: { device: 'wh-a', subnet: '10.1.0.0/16', gateway: '10.1.0.1', auxiliary: {} },
};
const port: PublishedPort = {
  protocol: 'tcp',
  hostAddress: '0.0.0.0',
  hostPort: 5001,
  key: '80/tcp',
  containerPort: 80,
  containerAddress: '10.1.0.2',
};

test('ports of every address and of one go into maps of their own', () => {
  const text = renderAdditions('t', { ports: [port, { ...port, hostAddress: '127.0.0.1', hostPort: 1 }] });
  assert.equal(
    text,
    'add element ip t published { tcp . 5001 : 10.1.0.2 . 80 }\n' +
      'add element ip t published_at { 127.0.0.1 . tcp . 1 : 10.1.0.2 . 80 }\n',
  );
});

test('what is removed is added first, so that nothing missing stops it', () => {
  const lines = renderRemovals('t', { ports: [port] })
    .trim()
    .split('\n');
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['add', 'delete'],
  );
});

test('an internal network is not masqueraded; options switch masquerade and neighbours off', () => {
  const internal = renderAdditions('t', { bridges: [{ ...network, internal: true }] });
  assert.match(internal, /internals \{ "wh-a" \}/);
  assert.doesNotMatch(internal, /subnets/);
  const options = {
    'com.docker.network.bridge.enable_icc': 'false',
    'com.docker.network.bridge.enable_ip_masquerade': 'false',
  };
  const plain = renderAdditions('t', { bridges: [{ ...network, options }] });
  assert.equal(plain, 'add element ip t bridges { "wh-a" }\n');
});

test('the whole table holds everything', () => {
  const text = renderTable({ table: 't', bridges: [network], ports: [port] });
  assert.match(text, /flush map ip t published\n/);
  assert.match(text, /add element ip t subnets \{ 10\.1\.0\.0\/16 \}/);
  assert.match(text, /tcp \. 5001/);
});
