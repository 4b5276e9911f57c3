// Subnets and addresses: arithmetic, choice of free ones, refusals.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressNumber, addressText, contains, formatCidr, overlaps, parseCidr } from './cidr.ts';
import { AddressPool, assertFreeSubnet, firstAddress, macOf, pickSubnet } from './ipam.ts';

const bridge = { device: 'x', subnet: '10.1.0.0/29', gateway: '10.1.0.1', auxiliary: { router: '10.1.0.3' } };

test('addresses and subnets come back as they were', () => {
  for (const text of ['0.0.0.0', '10.1.2.3', '255.255.255.255'])
    assert.equal(addressText(addressNumber(text)), text);
  assert.equal(formatCidr(parseCidr('172.17.5.6/16')), '172.17.0.0/16');
  assert.ok(overlaps(parseCidr('10.0.0.0/8'), parseCidr('10.9.0.0/16')));
  assert.equal(overlaps(parseCidr('10.0.0.0/9'), parseCidr('10.128.0.0/9')), false);
  assert.equal(contains(parseCidr('0.0.0.0/0'), addressNumber('255.1.1.1')), true);
  for (const text of ['', '10.0.0.0', '10.0.0.0/33', '10.0.0/8', '::/0', '10.0.0.0/']) {
    assert.throws(() => parseCidr(text), { kind: 'invalid' }, text);
  }
});

test('the first subnet that touches nothing is taken; the default route touches nothing', () => {
  assert.equal(pickSubnet([]), '172.17.0.0/16');
  assert.equal(pickSubnet(['0.0.0.0/0', '172.17.3.0/24', '172.18.0.0/15']), '172.20.0.0/16');
  assert.equal(pickSubnet(['172.16.0.0/12']), '192.168.0.0/20');
  assert.throws(() => pickSubnet(['172.16.0.0/12', '192.168.0.0/16']), { kind: 'conflict' });
  assert.throws(() => assertFreeSubnet('10.1.0.0/24', [{ name: 'a', subnet: '10.0.0.0/8' }]), {
    hint: /a has/,
  });
  assert.equal(firstAddress('10.1.2.0/24'), '10.1.2.1');
});

test('addresses roll, are never given twice, and come back', () => {
  const pool = new AddressPool(bridge, []);
  assert.deepEqual([pool.take(), pool.take(), pool.take()], ['10.1.0.2', '10.1.0.4', '10.1.0.5']);
  pool.release('10.1.0.2');
  assert.equal(pool.take(), '10.1.0.6');
  assert.equal(pool.take(), '10.1.0.2');
  assert.throws(() => pool.take(), { kind: 'conflict', message: /no available IPv4/ });
});

test('asked addresses are given, or refused with a reason', () => {
  const pool = new AddressPool(bridge, ['10.1.0.2']);
  assert.equal(pool.take('10.1.0.4'), '10.1.0.4');
  for (const taken of ['10.1.0.4', '10.1.0.2', '10.1.0.1', '10.1.0.3', '10.1.0.0', '10.1.0.7']) {
    assert.throws(() => pool.take(taken), { kind: 'conflict', message: 'Address already in use' }, taken);
  }
  assert.throws(() => pool.take('10.2.0.1'), { kind: 'invalid' });
  assert.equal(pool.take(), '10.1.0.5');
});

test('a range limits what is given, not what can be asked', () => {
  const pool = new AddressPool({ ...bridge, subnet: '10.1.0.0/24', range: '10.1.0.128/30' }, []);
  assert.equal(pool.take(), '10.1.0.128');
  assert.equal(pool.take('10.1.0.9'), '10.1.0.9');
  assert.equal(macOf('10.1.0.9'), '02:42:0a:01:00:09');
});
