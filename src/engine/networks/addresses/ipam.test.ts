// Subnets and addresses of both families: arithmetic, choice of free ones, refusals.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressNumber,
  addressText,
  canonicalAddress,
  contains,
  formatCidr,
  overlaps,
  parseCidr,
} from './cidr.ts';
import { AddressPool, macOf, takeAddress } from './ipam.ts';
import { assertFreeSubnet, assertPool, firstAddress, localPool, pickSubnet, usualPools } from './pools.ts';

const block = { subnet: '10.1.0.0/29', gateway: '10.1.0.1', auxiliary: { router: '10.1.0.3' } };

test('addresses and subnets come back as they were', () => {
  for (const text of ['0.0.0.0', '10.1.2.3', '255.255.255.255'])
    assert.equal(addressText(addressNumber(text), 4), text);
  for (const text of ['::', '::1', 'fd00:1::2', '2001:db8:1:2:3:4:5:6'])
    assert.equal(addressText(addressNumber(text), 6), text);
  assert.equal(canonicalAddress('FD00:0:0::0:01'), 'fd00::1');
  assert.equal(formatCidr(parseCidr('172.17.5.6/16')), '172.17.0.0/16');
  assert.equal(formatCidr(parseCidr('fd00:1:2:3::99/64')), 'fd00:1:2:3::/64');
  assert.ok(overlaps(parseCidr('10.0.0.0/8'), parseCidr('10.9.0.0/16')));
  assert.ok(overlaps(parseCidr('fd00::/48'), parseCidr('fd00:0:0:9::/64')));
  assert.equal(overlaps(parseCidr('10.0.0.0/9'), parseCidr('10.128.0.0/9')), false);
  assert.equal(overlaps(parseCidr('0.0.0.0/0'), parseCidr('::/0')), false);
  assert.equal(contains(parseCidr('0.0.0.0/0'), '255.1.1.1'), true);
  assert.equal(contains(parseCidr('10.0.0.0/8'), '::'), false);
  for (const text of ['', '10.0.0.0', '10.0.0.0/33', '10.0.0/8', '::/129', '10.0.0.0/', 'fd00::1::/64']) {
    assert.throws(() => parseCidr(text), { kind: 'invalid' }, text);
  }
});

test('the first subnet that touches nothing is taken; the default route touches nothing', () => {
  assert.equal(pickSubnet([], usualPools), '172.17.0.0/16');
  assert.equal(pickSubnet(['0.0.0.0/0', '172.17.3.0/24', '172.18.0.0/15'], usualPools), '172.20.0.0/16');
  assert.equal(pickSubnet(['172.16.0.0/12'], usualPools), '192.168.0.0/20');
  assert.equal(pickSubnet(['172.16.0.0/12', '192.168.0.0/16'], usualPools), '10.128.0.0/24');
  assert.equal(pickSubnet(['172.16.0.0/12', '192.168.0.0/16', '10.128.0.0/16'], usualPools), '10.129.0.0/24');
  assert.throws(() => pickSubnet(['10.5.0.0/16'], [{ base: '10.5.0.0/16', size: 24 }]), { kind: 'conflict' });
  assert.throws(() => assertFreeSubnet('10.1.0.0/24', [{ name: 'a', subnet: '10.0.0.0/8' }]), {
    hint: /a has/,
  });
  assert.equal(firstAddress('10.1.2.0/24'), '10.1.2.1');
  assert.equal(firstAddress('fd00:1::/64'), 'fd00:1::1');
});

test('the usual pools hold hundreds of networks, none of which touches another', () => {
  const taken: string[] = [];
  for (let count = 0; count < 300; count++) taken.push(pickSubnet(taken, usualPools));
  assert.equal(new Set(taken).size, 300);
  const cidrs = taken.map(parseCidr);
  assert.ok(cidrs.every((one, at) => cidrs.slice(at + 1).every((other) => !overlaps(one, other))));
});

test('an engine has IPv6 subnets of its own, always the same', () => {
  const pool = localPool('seed');
  assert.deepEqual(localPool('seed'), pool);
  const [first, second] = [pickSubnet([], [pool], 6), pickSubnet([pickSubnet([], [pool], 6)], [pool], 6)];
  assert.match(first, /^fd[0-9a-f:]+::\/64$/);
  assert.notEqual(first, second);
  assert.equal(overlaps(parseCidr(first), parseCidr(second)), false);
});

test('pools that have no subnets are refused', () => {
  assertPool({ base: '10.0.0.0/16', size: 24 });
  for (const size of [8, 31, 24.5, Number.NaN])
    assert.throws(() => assertPool({ base: '10.0.0.0/16', size }), { kind: 'invalid' }, String(size));
});

test('addresses roll, are never given twice, and come back', () => {
  const pool = new AddressPool(block, []);
  assert.deepEqual([pool.take(), pool.take(), pool.take()], ['10.1.0.2', '10.1.0.4', '10.1.0.5']);
  pool.release('10.1.0.2');
  assert.equal(pool.take(), '10.1.0.6');
  assert.equal(pool.take(), '10.1.0.2');
  assert.throws(() => pool.take(), { kind: 'conflict', message: /no available IPv4/ });
});

test('IPv6 addresses begin after the gateway; the last one is like any other', () => {
  const pool = new AddressPool({ subnet: 'fd00::/126', gateway: 'fd00::1', auxiliary: {} }, []);
  assert.deepEqual([pool.take(), pool.take()], ['fd00::2', 'fd00::3']);
  assert.throws(() => pool.take(), { message: /no available IPv6/ });
});

test('asked addresses are given, or refused with a reason', () => {
  const pool = new AddressPool(block, ['10.1.0.2']);
  assert.equal(takeAddress([pool], 4, '10.1.0.4').address, '10.1.0.4');
  for (const taken of ['10.1.0.4', '10.1.0.2', '10.1.0.1', '10.1.0.3', '10.1.0.0', '10.1.0.7']) {
    assert.throws(() => pool.take(taken), { kind: 'conflict', message: 'Address already in use' }, taken);
  }
  assert.throws(() => takeAddress([pool], 4, '10.2.0.1'), { kind: 'invalid' });
  assert.throws(() => takeAddress([pool], 6, 'fd00::1'), { kind: 'invalid' });
  assert.equal(pool.take(), '10.1.0.5');
});

test('where a subnet is full the next one of the family gives', () => {
  const pools = [
    new AddressPool({ subnet: '10.1.0.0/30', gateway: '10.1.0.1', auxiliary: {} }, ['10.1.0.2']),
    new AddressPool({ subnet: 'fd00::/64', gateway: 'fd00::1', auxiliary: {} }, []),
    new AddressPool({ subnet: '10.2.0.0/30', gateway: '10.2.0.1', auxiliary: {} }, []),
  ];
  assert.deepEqual(takeAddress(pools, 4), { address: '10.2.0.2', prefixLength: 30, gateway: '10.2.0.1' });
  assert.throws(() => takeAddress(pools, 4), { kind: 'conflict' });
});

test('a range limits what is given, not what can be asked', () => {
  const pool = new AddressPool({ ...block, subnet: '10.1.0.0/24', range: '10.1.0.128/30' }, []);
  assert.equal(pool.take(), '10.1.0.128');
  assert.equal(pool.take('10.1.0.9'), '10.1.0.9');
  assert.equal(macOf('10.1.0.9'), '02:42:0a:01:00:09');
  assert.equal(macOf('fd00::12:3456'), '02:42:00:12:34:56');
});
