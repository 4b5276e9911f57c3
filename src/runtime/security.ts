// What holds a container in: masked and read-only paths, and the meaning of --security-opt.
import { readFileSync } from 'node:fs';
import { invalid, messageOf } from '#shared/errors.ts';
import { parseSeccompProfile, type SeccompProfile } from './confine/seccomp.ts';

/** Docker's defaults: hidden from the container. */
export const defaultMaskedPaths: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

/** Docker's defaults: seen by the container, never written. */
export const defaultReadonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

export interface SecurityOptions {
  seccomp: 'default' | 'unconfined' | SeccompProfile;
  noNewPrivileges: boolean;
  /** Undefined: the default profile where the host has it; 'unconfined': none. */
  apparmor: string | undefined;
  systemPathsUnconfined: boolean;
}

/** A profile as JSON text, as the docker CLI sends it, or the path of a file that holds it. */
function seccompOf(value: string): SecurityOptions['seccomp'] {
  if (value === 'unconfined' || value === '') return 'unconfined';
  if (value === 'builtin' || value === 'default') return 'default';
  if (value.trimStart().startsWith('{')) return parseSeccompProfile(value);
  try {
    return parseSeccompProfile(readFileSync(value, 'utf8'));
  } catch (thrown) {
    throw invalid(`opening seccomp profile (${value}) failed: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function applyOption(options: SecurityOptions, text: string): void {
  // Docker's older form has a colon; `no-new-privileges` alone means true.
  const at = text.search(/[=:]/);
  const key = at < 0 ? text : text.slice(0, at);
  const value = at < 0 ? '' : text.slice(at + 1);
  if (key === 'no-new-privileges') options.noNewPrivileges = value === '' || value === 'true';
  else if (key === 'seccomp') options.seccomp = seccompOf(value);
  else if (key === 'apparmor') options.apparmor = value;
  else if (key === 'systempaths' && value === 'unconfined') options.systemPathsUnconfined = true;
  else if (key !== 'label' && key !== 'disable')
    throw invalid(`invalid --security-opt 2: ${JSON.stringify(text)}`);
}

/** `HostConfig.SecurityOpt` understood. Labels (SELinux) are accepted and have no effect. Unknown: `invalid`. */
export function parseSecurityOptions(texts: readonly string[]): SecurityOptions {
  const options: SecurityOptions = {
    seccomp: 'default',
    noNewPrivileges: false,
    apparmor: undefined,
    systemPathsUnconfined: false,
  };
  for (const text of texts) applyOption(options, text);
  return options;
}
