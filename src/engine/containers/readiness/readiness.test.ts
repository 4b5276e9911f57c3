// Which probes a container gets, and what servers' first words mean.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handshakeOf } from './handshakes.ts';
import { chooseProbes, formatProbe, type ProbeKind, parseProbes } from './probe.ts';

test('probes are read and written', () => {
  assert.deepEqual(parseProbes('tcp:9000, http:8080/health mysql:3307').map(formatProbe), [
    'tcp:9000',
    'http:8080/health',
    'mysql:3307',
  ]);
  assert.deepEqual(parseProbes('5432 1234').map(formatProbe), ['postgres:5432', 'tcp:1234']);
  assert.deepEqual(parseProbes('none'), []);
  for (const wrong of ['ftp:21', 'tcp:0', 'tcp:70000', 'redis:6379/x', 'http', '-1'])
    assert.throws(() => parseProbes(wrong), /invalid readiness probe/, wrong);
});

test('a container without a word on it is asked at its exposed TCP ports', () => {
  const probes = chooseProbes({
    ExposedPorts: { '33060/tcp': {}, '3306/tcp': {}, '53/udp': {}, '5000/tcp': {} },
  });
  assert.deepEqual(probes.map(formatProbe), ['mysql:3306', 'http:5000', 'tcp:33060']);
  assert.deepEqual(chooseProbes({}), []);
});

const judged = (kind: ProbeKind, answer: string | Buffer) =>
  handshakeOf({ kind, port: 1, path: '/' })?.judge(Buffer.from(answer));

test('HTTP: any answer but that of a gateway without its server', () => {
  assert.equal(judged('http', 'HTTP/1.1 404 Not Found\r\n'), true);
  assert.equal(judged('http', 'HTTP/1.0 503 x\r\n'), 'it answers 503');
  assert.equal(judged('http', 'HTTP/1'), undefined);
  assert.equal(judged('http', 'SSH-2.0-OpenSSH_9'), true, 'another protocol at a port of HTTP');
});

test('MySQL: the handshake serves, an error packet does not', () => {
  const hello = Buffer.from([74, 0, 0, 0, 10, ...Buffer.from('9.0.1\0')]);
  assert.equal(judged('mysql', hello), true);
  assert.equal(judged('mysql', hello.subarray(0, 4)), undefined);
  const refusal = Buffer.from([20, 0, 0, 0, 0xff, 0x10, 0x04, ...Buffer.from('Too many connections')]);
  assert.equal(judged('mysql', refusal), 'it refuses: Too many connections');
});

test('PostgreSQL: a refusal is an answer, starting up is not', () => {
  const error = (code: string, message: string): Buffer => {
    const fields = Buffer.from(`SFATAL\0C${code}\0M${message}\0\0`);
    const head = Buffer.alloc(5);
    head.write('E');
    head.writeInt32BE(4 + fields.length, 1);
    return Buffer.concat([head, fields]);
  };
  assert.equal(judged('postgres', Buffer.from([0x52, 0, 0, 0, 12])), true);
  assert.equal(judged('postgres', error('28000', 'no such role')), true);
  const starting = error('57P03', 'the database system is starting up');
  assert.equal(judged('postgres', starting), 'the database system is starting up');
  assert.equal(judged('postgres', starting.subarray(0, 9)), undefined);
});

test('Redis: PONG and NOAUTH serve, LOADING does not', () => {
  assert.equal(judged('redis', '+PONG\r\n'), true);
  assert.equal(judged('redis', '-NOAUTH Authentication required.\r\n'), true);
  assert.equal(judged('redis', '-LOADING data\r\n'), 'LOADING data');
});
