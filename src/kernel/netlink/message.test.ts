// Netlink messages: what is written can be read; addresses and their texts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes, formatAddress, formatMac, macBytes, parseInterfaceAddress } from './address.ts';
import { attribute, attributeText, decodeAnswers, decodeAttributes, encodeRequests } from './message.ts';

test('requests are aligned, numbered and come back with their attributes', () => {
  const body = Buffer.concat([
    Buffer.alloc(4),
    attribute(3, 'eth0'),
    attribute(4, 1500),
    attribute(18, [attribute(1, 'veth')]),
  ]);
  const bytes = encodeRequests(
    [
      { type: 16, flags: 4, body },
      { type: 17, flags: 0, body: Buffer.alloc(3) },
    ],
    9,
  );
  assert.equal(bytes.length % 4, 0);
  const answers = decodeAnswers(bytes);
  assert.deepEqual(
    answers.map(({ type, sequence }) => [type, sequence]),
    [
      [16, 9],
      [17, 10],
    ],
  );
  const attributes = decodeAttributes(answers[0]?.body ?? Buffer.alloc(0), 4);
  assert.equal(attributeText(attributes.get(3)), 'eth0');
  assert.equal(attributes.get(4)?.readUInt32LE(0), 1500);
  assert.equal(attributeText(decodeAttributes(attributes.get(18) ?? Buffer.alloc(0), 0).get(1)), 'veth');
});

test('torn messages end the reading', () => {
  const bytes = encodeRequests([{ type: 16, flags: 0, body: Buffer.alloc(8) }], 1);
  assert.deepEqual(decodeAnswers(bytes.subarray(0, 20)), []);
  assert.equal(decodeAttributes(Buffer.from([1, 0, 0, 0]), 0).size, 0);
});

test('addresses come back as they were', () => {
  for (const text of ['10.0.0.1', '255.255.255.255', '::1', 'fe80::42:aff:fed3:3', '2001:db8::1', '::']) {
    assert.equal(formatAddress(addressBytes(text)), text);
  }
  assert.equal(formatMac(macBytes('02:42:AC:11:00:02')), '02:42:ac:11:00:02');
  assert.deepEqual(parseInterfaceAddress('10.1.2.3/8').prefixLength, 8);
  for (const text of ['10.1.2.3/33', '10.1.2', 'x/8']) {
    assert.throws(() => parseInterfaceAddress(text), { kind: 'invalid' });
  }
  assert.throws(() => macBytes('02:42'), { kind: 'invalid' });
});
