// Which address a registry is asked at.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKind } from '#shared/errors.ts';
import { type EndpointOptions, endpointsOf } from './endpoints.ts';

const none: EndpointOptions = { mirrors: [], insecure: [] };
const origins = (registry: string, options = none) => endpointsOf(registry, options).map((one) => one.origin);

test('docker.io: mirrors in order, then the hub', () => {
  const mirrors = ['http://127.0.0.1:5000/', 'https://mirror.example.org/hub/'];
  assert.deepEqual(endpointsOf('docker.io', { mirrors, insecure: [] }), [
    { origin: 'http://127.0.0.1:5000', prefix: '', mirror: true },
    { origin: 'https://mirror.example.org', prefix: '/hub', mirror: true },
    { origin: 'https://registry-1.docker.io', prefix: '', mirror: false },
  ]);
});

test('plain http for loopback and for what is listed, https for the rest', () => {
  assert.deepEqual(origins('localhost:5000'), ['http://localhost:5000']);
  assert.deepEqual(origins('127.0.3.1:5000'), ['http://127.0.3.1:5000']);
  assert.deepEqual(origins('[::1]:5000'), ['http://[::1]:5000']);
  assert.deepEqual(origins('ghcr.io'), ['https://ghcr.io']);
  const insecure = ['10.1.0.0/16', 'plain.example.org', 'other.example.org:5000'];
  const options = { mirrors: [], insecure };
  assert.deepEqual(origins('10.1.9.9:80', options), ['http://10.1.9.9:80']);
  assert.deepEqual(origins('10.2.9.9:80', options), ['https://10.2.9.9:80']);
  assert.deepEqual(origins('plain.example.org:99', options), ['http://plain.example.org:99']);
  assert.deepEqual(origins('other.example.org:5001', options), ['https://other.example.org:5001']);
});

test('a mirror that is no http URL is refused', () => {
  for (const text of ['mirror', 'ftp://x', 'https://user@x', '']) {
    assert.throws(
      () => endpointsOf('docker.io', { mirrors: [text], insecure: [] }),
      (thrown) => isKind(thrown, 'invalid'),
    );
  }
});

test('a mirror of another registry is asked for that one only; its own host is the way back', () => {
  const options = {
    mirrors: ['ghcr.io=https://mirror.example.org/gh', 'http://127.0.0.1:5000'],
    insecure: [],
  };
  assert.deepEqual(origins('ghcr.io', options), ['https://mirror.example.org', 'https://ghcr.io']);
  assert.deepEqual(origins('docker.io', options), ['http://127.0.0.1:5000', 'https://registry-1.docker.io']);
  assert.deepEqual(origins('quay.io', options), ['https://quay.io']);
});
