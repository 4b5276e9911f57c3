// Whether programs of another architecture can run here: the kernel hands them to an emulator (binfmt_misc) or not.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unsupported } from '#shared/errors.ts';
import { formatPlatform, hostPlatform } from '#shared/oci/platform.ts';
import type { Platform } from '#shared/oci/specs.ts';

/** How a program begins (elf.h): 32 or 64 bits, which end of a number comes first, the machine. */
const programs: Record<string, { bits: 32 | 64; isBigEndian?: true; machine: number }> = {
  amd64: { bits: 64, machine: 62 },
  arm64: { bits: 64, machine: 183 },
  arm: { bits: 32, machine: 40 },
  '386': { bits: 32, machine: 3 },
  ppc64le: { bits: 64, machine: 21 },
  s390x: { bits: 64, isBigEndian: true, machine: 22 },
  riscv64: { bits: 64, machine: 243 },
  mips64le: { bits: 64, machine: 8 },
  mips64: { bits: 64, isBigEndian: true, machine: 8 },
  loong64: { bits: 64, machine: 258 },
};

/** Pairs of a machine and what it runs besides without help. */
const native = new Set(['amd64 386', 'arm64 arm']);

const binfmtFolder = '/proc/sys/fs/binfmt_misc';

/** The first bytes of a program for this architecture. */
function headOf(architecture: string): Buffer | undefined {
  const program = programs[architecture];
  if (program === undefined) return undefined;
  const { bits, isBigEndian = false, machine } = program;
  const head = Buffer.alloc(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, isBigEndian ? 2 : 1, 1]);
  // An executable, as those of static programs are.
  for (const [at, value] of [[16, 2] as const, [18, machine] as const]) {
    if (isBigEndian) head.writeUInt16BE(value, at);
    else head.writeUInt16LE(value, at);
  }
  return head;
}

/** An entry as the kernel shows it (Documentation/admin-guide/binfmt-misc.rst). */
export function takesProgram(entry: string, architecture: string): boolean {
  const fieldOf = (name: string): string => new RegExp(`^${name}:? (\\S+)$`, 'm').exec(entry)?.[1] ?? '';
  const [magic, mask] = [fieldOf('magic'), fieldOf('mask')].map((text) => Buffer.from(text, 'hex'));
  const head = headOf(architecture);
  if (!entry.startsWith('enabled') || head === undefined || !magic?.length) return false;
  const offset = Number(fieldOf('offset') || 0);
  return magic.every((byte, at) => (((head[offset + at] ?? 0) ^ byte) & (mask?.[at] ?? 0xff)) === 0);
}

/** Without the flag F the emulator would have to be in the image. */
const isOpenedEarly = (entry: string): boolean => /^flags: \S*F/m.test(entry);

type Emulator = 'ready' | 'outside' | 'none';

function emulatorOf(architecture: string, folder: string): Emulator {
  let found: Emulator = 'none';
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    return 'none';
  }
  for (const name of names) {
    if (name === 'register' || name === 'status') continue;
    const entry = readEntry(join(folder, name));
    if (!takesProgram(entry, architecture)) continue;
    if (isOpenedEarly(entry)) return 'ready';
    found = 'outside';
  }
  return found;
}

function readEntry(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Taken away meanwhile.
    return '';
  }
}

/** Throws `unsupported` for a platform whose programs cannot run on this machine. `where`: what wants to run them. */
export function assertRunnable(platform: Platform, where: string, folder = binfmtFolder): void {
  const host = hostPlatform();
  const { architecture } = platform;
  const isOwn = architecture === host.architecture || native.has(`${host.architecture} ${architecture}`);
  const emulator = isOwn ? 'ready' : emulatorOf(architecture, folder);
  if (platform.os === host.os && emulator === 'ready') return;
  const [wanted, own] = [formatPlatform(platform), formatPlatform(host)];
  const lack =
    emulator === 'none'
      ? 'no emulator is registered for them'
      : 'the emulator that is registered for them is not opened beforehand (flag F of binfmt_misc)';
  throw unsupported(`${where}: cannot run programs of ${wanted} on ${own}: ${lack}`, {
    hint: 'Install qemu-user-static and binfmt-support, or cross-compile in a stage FROM --platform=$BUILDPLATFORM.',
  });
}
