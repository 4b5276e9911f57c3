// Ports: -p texts, keys, ranges, and the column of ps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#shared/errors.ts';
import {
  formatPortPublish,
  formatPortSummary,
  isIpv6,
  parsePortKey,
  parsePortKeys,
  parsePortPublish,
} from './port.ts';

const one = (text: string) =>
  parsePortPublish(text).map(({ port, binding }) => [port, binding.HostIp, binding.HostPort]);

test('every form of -p', () => {
  assert.deepEqual(one('80'), [['80/tcp', '', '']]);
  assert.deepEqual(one('8080:80'), [['80/tcp', '', '8080']]);
  assert.deepEqual(one('127.0.0.1:8080:80/udp'), [['80/udp', '127.0.0.1', '8080']]);
  assert.deepEqual(one('127.0.0.1::80'), [['80/tcp', '127.0.0.1', '']]);
  assert.deepEqual(one('[::1]:8080:80'), [['80/tcp', '::1', '8080']]);
  assert.deepEqual(one('7000-7001:80-81'), [
    ['80/tcp', '', '7000'],
    ['81/tcp', '', '7001'],
  ]);
  assert.deepEqual(one('7000-7010:80'), [['80/tcp', '', '7000-7010']]);
});

test('wrong -p texts get the known sentences', () => {
  assert.throws(() => one(''), /no port specified/);
  assert.throws(() => one('8080:'), /no port specified/);
  assert.throws(() => one('x:80'), /invalid hostPort: x/);
  assert.throws(() => one('80:x'), /invalid containerPort: x/);
  assert.throws(() => one('80:70000'), /invalid containerPort: 70000/);
  assert.throws(() => one('80:0'), /invalid containerPort: 0/);
  assert.throws(() => one('1-3:80-81'), /invalid ranges/);
  assert.throws(() => one('300.1.1.1:80:80'), /invalid IP address/);
  assert.throws(() => one('80/xyz'), /invalid proto: xyz/);
});

test('keys and exposed ranges', () => {
  assert.deepEqual(parsePortKey('80'), { port: 80, protocol: 'tcp' });
  assert.deepEqual(parsePortKey('53/UDP'), { port: 53, protocol: 'udp' });
  assert.deepEqual(parsePortKeys('80-82/udp'), ['80/udp', '81/udp', '82/udp']);
  for (const text of ['', '0', 'x', '1/2/3', '99999'])
    assert.throws(() => parsePortKey(text), /invalid port/);
});

test('the ports column joins neighbours', () => {
  const at = (PrivatePort: number, PublicPort?: number, IP = '0.0.0.0') =>
    PublicPort === undefined
      ? { PrivatePort, Type: 'tcp' as const }
      : { PrivatePort, PublicPort, IP, Type: 'tcp' as const };
  assert.equal(formatPortSummary([at(5000, 5001)]), '0.0.0.0:5001->5000/tcp');
  assert.equal(formatPortSummary([at(81), at(80), at(90)]), '80-81/tcp, 90/tcp');
  assert.equal(formatPortSummary([at(80, 80), at(81, 81), at(443)]), '0.0.0.0:80-81->80-81/tcp, 443/tcp');
  assert.equal(formatPortSummary([at(80, 8080, '::')]), '[::]:8080->80/tcp');
  assert.equal(formatPortSummary([]), '');
});

test('IPv6 texts', () => {
  for (const text of ['::', '::1', 'fe80::1', '1:2:3:4:5:6:7:8']) assert.ok(isIpv6(text), text);
  for (const text of ['', ':', '1:2', ':::', '1::2::3', '12345::', '1.2.3.4']) assert.ok(!isIpv6(text), text);
});

test('format(parse(x)) comes back, and only invalid is thrown', () => {
  const address = fc.constantFrom('', '127.0.0.1:', '0.0.0.0:', '[::1]:');
  const number = fc.integer({ min: 1, max: 65_000 });
  fc.assert(
    fc.property(
      address,
      fc.option(number),
      number,
      fc.constantFrom('tcp', 'udp', 'sctp'),
      (ip, host, port, protocol) => {
        const text =
          host === null && ip === '' ? `${port}/${protocol}` : `${ip}${host ?? ''}:${port}/${protocol}`;
        const [first] = parsePortPublish(text);
        assert.ok(first !== undefined);
        assert.deepEqual(parsePortPublish(formatPortPublish(first)), [first]);
      },
    ),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9a-z.:[\]/-]{0,40}$/), (text) => {
      try {
        for (const each of parsePortPublish(text))
          assert.deepEqual(parsePortPublish(formatPortPublish(each)), [each]);
      } catch (thrown) {
        assert.ok(isKind(thrown, 'invalid'), String(thrown));
      }
    }),
  );
});
