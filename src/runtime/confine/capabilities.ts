// Linux capabilities: Docker's default set, what --cap-add and --cap-drop make of it.
import { invalid } from '#shared/errors.ts';
import type { OciCapabilities } from '../oci-spec.ts';

/** Every capability by its bit number (capability.h). */
export const capabilityNames: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
].map((name) => `CAP_${name}`);

const defaultCapabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

export interface CapabilityWish {
  add?: readonly string[];
  drop?: readonly string[];
  privileged?: boolean;
}

/** `net_admin`, `CAP_NET_ADMIN`, `all` in their full form; an unknown one is `invalid`, named with its flag. */
function normalise(names: readonly string[], flag: string): string[] {
  return names.map((name) => {
    const upper = name.toUpperCase();
    if (upper === 'ALL') return upper;
    const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
    if (!capabilityNames.includes(full)) throw invalid(`invalid ${flag}: unknown capability: "${name}"`);
    return full;
  });
}

/**
 * The bounding set of a container. `available` is what the engine itself has: nothing beyond it can be given,
 * so it is left out.
 */
export function resolveCapabilities(wish: CapabilityWish, available: readonly string[]): string[] {
  if (wish.privileged) return [...available];
  const add = normalise(wish.add ?? [], 'CapAdd');
  const drop = normalise(wish.drop ?? [], 'CapDrop');
  const base = drop.includes('ALL') ? [] : add.includes('ALL') ? capabilityNames : defaultCapabilities;
  const wanted = new Set(add.includes('ALL') ? capabilityNames : base);
  for (const name of drop) wanted.delete(name);
  if (!add.includes('ALL')) for (const name of add) wanted.add(name);
  return available.filter((name) => wanted.has(name));
}

/** The five sets of a process. Anyone but root gets them only by a set-uid or file-capability program. */
export function capabilitySets(bounding: string[], uid: number): OciCapabilities {
  const held = uid === 0 ? bounding : [];
  return { bounding, effective: held, permitted: held, inheritable: [], ambient: [] };
}

/** Names of the bits in a mask as /proc/PID/status prints it (hexadecimal). */
export function decodeCapabilityMask(hex: string): string[] {
  const mask = BigInt(`0x${hex}`);
  return capabilityNames.filter((_, bit) => (mask >> BigInt(bit)) & 1n);
}
