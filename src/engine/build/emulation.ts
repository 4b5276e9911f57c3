// Whether programs of another architecture can run here: the kernel hands them to an emulator (binfmt_misc) or not.
import { readFileSync } from 'node:fs';
import { unsupported } from '#shared/errors.ts';
import { formatPlatform, hostPlatform } from '#shared/oci/platform.ts';
import type { Platform } from '#shared/oci/specs.ts';

/** Names of emulators as QEMU's packages register them, by architecture. */
const emulators: Record<string, string> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  arm: 'arm',
  '386': 'i386',
  ppc64le: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
  mips64le: 'mips64el',
  loong64: 'loongarch64',
};

/** Pairs of a machine and what it runs besides without help. */
const native = new Set(['amd64 386', 'arm64 arm']);

function isRegistered(architecture: string): boolean {
  const name = emulators[architecture];
  if (name === undefined) return false;
  try {
    return readFileSync(`/proc/sys/fs/binfmt_misc/qemu-${name}`, 'utf8').startsWith('enabled');
  } catch {
    return false;
  }
}

/** Throws `unsupported` for a platform whose programs cannot run on this machine. */
export function assertRunnable(platform: Platform): void {
  const host = hostPlatform();
  const { architecture } = platform;
  const isOwn = architecture === host.architecture || native.has(`${host.architecture} ${architecture}`);
  if (platform.os === host.os && (isOwn || isRegistered(architecture))) return;
  const [wanted, own] = [formatPlatform(platform), formatPlatform(host)];
  throw unsupported(`cannot run programs of ${wanted} on ${own}: no emulator is registered for them`, {
    hint: 'Install qemu-user-static with binfmt-support, or cross-compile in a stage FROM --platform=$BUILDPLATFORM.',
  });
}
