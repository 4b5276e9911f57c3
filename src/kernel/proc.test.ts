// What /proc, resolv.conf, os-release and ps say, as text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hardLimits, observeHost, parseOsRelease, parseResolvConf } from './host.ts';
import { parseMountInfo } from './mounts.ts';
import { isAlive, parseNetDev, parseStat, selectProcesses, startTicksOf } from './proc.ts';
import { getrlimit } from './syscalls.ts';

test('a program name with parentheses and spaces does not confuse', () => {
  const fields = Array.from({ length: 30 }, (_, index) => String(index + 4)).join(' ');
  assert.deepEqual(parseStat(`12 (a) b (c) Z ${fields}`), { state: 'Z', startTicks: 22 });
});

test('this process lives, with its start time and with none; others do not', () => {
  const ticks = startTicksOf(process.pid);
  assert.ok(ticks !== undefined && ticks > 0);
  assert.ok(isAlive(process.pid));
  assert.ok(isAlive(process.pid, ticks));
  assert.equal(isAlive(process.pid, ticks + 1), false);
  assert.equal(isAlive(2 ** 30), false);
  assert.equal(isAlive(0), false);
});

test('rows of ps are chosen by the PID column; the last column keeps its spaces', () => {
  const text = 'UID   PID CMD\nroot   1 init  x\nme    22 sh -c a b\n';
  assert.deepEqual(selectProcesses(text, new Set([22])), {
    titles: ['UID', 'PID', 'CMD'],
    processes: [['me', '22', 'sh -c a b']],
  });
  assert.throws(() => selectProcesses('UID CMD\n', new Set()), { kind: 'invalid' });
});

test('network counters leave the loopback out', () => {
  const text = [
    'Inter-|',
    ' face |bytes',
    'lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0',
    'eth0:10 2 3 4 0 0 0 0 50 6 7 8 0 0 0 0',
  ];
  assert.deepEqual(parseNetDev(text.join('\n')), {
    eth0: {
      rxBytes: 10,
      rxPackets: 2,
      rxErrors: 3,
      rxDropped: 4,
      txBytes: 50,
      txPackets: 6,
      txErrors: 7,
      txDropped: 8,
    },
  });
});

test('mountinfo: escapes, optional tags, and lines that are none', () => {
  const entry = parseMountInfo(
    '36 35 98:0 /a\\040b /mnt\\0112 rw,noatime master:1 shared:2 - ext3 /dev/x rw,errors=continue',
  );
  assert.equal(entry?.root, '/a b');
  assert.equal(entry?.target, '/mnt\t2');
  assert.equal(entry?.type, 'ext3');
  assert.deepEqual(entry?.propagation, ['master:1', 'shared:2']);
  assert.deepEqual(entry?.options, ['rw', 'noatime', 'errors=continue']);
  assert.equal(parseMountInfo(''), undefined);
});

test('resolv.conf and os-release', () => {
  assert.deepEqual(parseResolvConf('# x\nnameserver 10.0.0.1 # y\nsearch a b\noptions ndots:1\nsearch c\n'), {
    nameservers: ['10.0.0.1'],
    searchDomains: ['c'],
    resolverOptions: ['ndots:1'],
  });
  assert.deepEqual(parseOsRelease('NAME="A B"\nID=c\n# no\n'), { NAME: 'A B', ID: 'c' });
});

test('the host has a kernel, processors and limits', () => {
  const host = observeHost();
  assert.match(host.kernelVersion, /^\d+\./);
  assert.ok(host.cpus > 0 && host.memoryBytes > 0);
  const { nofile } = hardLimits();
  assert.equal(nofile, getrlimit('nofile').hard);
  assert.ok(nofile > 0);
});
