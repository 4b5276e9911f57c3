// Mount texts: -v, --mount, --tmpfs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#shared/errors.ts';
import { formatBind, parseBind, parseMountFlag, parseTmpfs } from './mount.ts';

test('host paths, names and anonymous volumes', () => {
  const host = parseBind('/srv/../data/:/in/:ro,rslave');
  assert.deepEqual(
    [host.source, host.target, host.readOnly, host.isVolume, host.propagation],
    ['/data', '/in', true, false, 'rslave'],
  );
  const named = parseBind('cache:/var/cache:nocopy');
  assert.deepEqual(
    [named.source, named.isVolume, named.noCopy, named.readOnly],
    ['cache', true, true, false],
  );
  const anonymous = parseBind('/data');
  assert.deepEqual([anonymous.source, anonymous.target, anonymous.isVolume], ['', '/data', true]);
  assert.equal(parseBind('/data:ro').readOnly, true);
});

test('wrong -v texts', () => {
  assert.throws(() => parseBind(''), /invalid volume specification: ''/);
  assert.throws(() => parseBind('a:b:c:d'), /invalid volume specification/);
  assert.throws(() => parseBind(':/x'), /invalid volume specification/);
  assert.throws(() => parseBind('/a:b'), /mount path must be absolute/);
  assert.throws(() => parseBind('/a:/'), /destination can't be '\/'/);
  assert.throws(() => parseBind('/a:/b:xx'), /invalid mode: xx/);
  for (const mode of ['ro,ro', 'z,Z', ',', 'ro,', 'nocopy'])
    assert.throws(() => parseBind(`/a:/b:${mode}`), { message: `invalid mode: ${mode}` });
  assert.throws(() => parseBind('n:/b'), /create n: volume name is too short/);
  assert.throws(() => parseBind('a/b:/c'), /includes invalid characters for a local volume name/);
  assert.throws(() => parseBind('name:/c:rslave'), /invalid mode/);
});

test('--mount', () => {
  assert.deepEqual(parseMountFlag('type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave'), {
    Type: 'bind',
    Source: '/a',
    Target: '/b',
    ReadOnly: true,
    BindOptions: { Propagation: 'rslave' },
  });
  assert.deepEqual(parseMountFlag('source=v,target=/b,"volume-opt=o=addr=1,rw",volume-opt=type=nfs'), {
    Type: 'volume',
    Source: 'v',
    Target: '/b',
    VolumeOptions: { DriverConfig: { Options: { o: 'addr=1,rw', type: 'nfs' } } },
  });
  assert.deepEqual(parseMountFlag('type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1777'), {
    Type: 'tmpfs',
    Target: '/t',
    TmpfsOptions: { SizeBytes: 64 * 2 ** 20, Mode: 0o1777 },
  });
  assert.throws(() => parseMountFlag('type=bind,target=/b'), /source is required/);
  assert.throws(() => parseMountFlag('type=bind,source=/a'), /target is required/);
  assert.throws(() => parseMountFlag('type=xx,target=/a'), /mount type unknown: "xx"/);
  assert.throws(() => parseMountFlag('target=/a,foo=bar'), /unexpected key 'foo'/);
  assert.throws(() => parseMountFlag('target'), /must be a key=value pair/);
  assert.throws(() => parseMountFlag('type=tmpfs,target=/a,volume-nocopy'), /cannot mix/);
});

test('--tmpfs', () => {
  assert.deepEqual(parseTmpfs('/run:rw,noexec,size=1m,mode=755'), {
    target: '/run',
    options: ['rw', 'noexec'],
    readOnly: false,
    sizeBytes: 2 ** 20,
    mode: 0o755,
  });
  assert.throws(() => parseTmpfs('run'), /must be absolute/);
  assert.throws(() => parseTmpfs('/run:foo'), /invalid tmpfs option \["foo"\]/);
});

test('format(parse(x)) comes back, and only invalid is thrown', () => {
  const text = fc.oneof(fc.stringMatching(/^[a-z/.:,=-]{0,30}$/), fc.string());
  fc.assert(
    fc.property(text, (sample) => {
      for (const parse of [
        (each: string) => assert.deepEqual(parseBind(formatBind(parseBind(each))), parseBind(each)),
        parseMountFlag,
        parseTmpfs,
      ]) {
        try {
          parse(sample);
        } catch (thrown) {
          assert.ok(isKind(thrown, 'invalid'), String(thrown));
        }
      }
    }),
  );
});
