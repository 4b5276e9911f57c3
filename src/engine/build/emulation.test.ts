// Emulators by the entries that the kernel shows of them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EngineError, isKind } from '#shared/errors.ts';
import { hostPlatform } from '#shared/oci/platform.ts';
import { assertRunnable, takesProgram } from './emulation.ts';

const entryOf = (magic: string, mask: string, flags = 'OCF'): string =>
  `enabled\ninterpreter /usr/bin/any\nflags: ${flags}\noffset 0\nmagic ${magic}\nmask ${mask}\n`;

// As QEMU's packages register them.
const entries = {
  arm64: entryOf('7f454c460201010000000000000000000200b700', 'ffffffffffffff00fffffffffffffffffeffffff'),
  arm: entryOf('7f454c4601010100000000000000000002002800', 'ffffffffffffff00fffffffffffffffffeffffff'),
  s390x: entryOf('7f454c4602020100000000000000000000020016', 'ffffffffffffff00fffffffffffffffffffeffff'),
  riscv64: entryOf('7f454c460201010000000000000000000200f300', 'ffffffffffffff00fffffffffffffffffeffffff'),
};

test('an entry takes the programs of one architecture, by how they begin', () => {
  for (const [name, entry] of Object.entries(entries)) {
    for (const other of [...Object.keys(entries), 'amd64', '386', 'ppc64le', 'loong64', 'unheard-of'])
      assert.equal(takesProgram(entry, other), other === name, `${name} ${other}`);
  }
  assert.equal(takesProgram(entries.arm64.replace('enabled', 'disabled'), 'arm64'), false);
  assert.equal(takesProgram('enabled\ninterpreter /bin/x\nflags: \nextension .arm64\n', 'arm64'), false);
});

test('what cannot run is refused with the place, the platform and what to install', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wharf-binfmt-'));
  const platform = { os: 'linux', architecture: 'riscv64' };
  const check = (): void => assertRunnable(platform, 'Dockerfile:3: RUN make', folder);
  const refused = (reason: RegExp) => (thrown: unknown) =>
    thrown instanceof EngineError &&
    isKind(thrown, 'unsupported') &&
    /^Dockerfile:3: RUN make: cannot run programs of linux\/riscv64 on linux\//.test(thrown.message) &&
    reason.test(thrown.message) &&
    /qemu-user-static/.test(thrown.hint ?? '');
  try {
    assert.throws(check, refused(/no emulator is registered/));
    writeFileSync(join(folder, 'other'), entries.arm64);
    assert.throws(check, refused(/no emulator is registered/));
    writeFileSync(join(folder, 'any-name'), entries.riscv64.replace('OCF', 'OC'));
    assert.throws(check, refused(/not opened beforehand/));
    writeFileSync(join(folder, 'any-name'), entries.riscv64);
    check();
    assert.throws(() => assertRunnable({ ...platform, os: 'plan9' }, 'x', folder), /plan9/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  assertRunnable(hostPlatform(), 'x', '/nowhere');
});
