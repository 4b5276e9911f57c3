// Kernel parameters below /proc/sys.
import { readFileSync, writeFileSync } from 'node:fs';

const pathOf = (key: string): string => `/proc/sys/${key.replaceAll('.', '/')}`;

/** The value of `net.ipv4.ip_forward` and the like; undefined where the kernel has no such parameter. */
export function readSysctl(key: string): string | undefined {
  try {
    return readFileSync(pathOf(key), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Afterwards the parameter has the value; written only where it differs. True where it was written. */
export function writeSysctl(key: string, value: string | number): boolean {
  if (readSysctl(key) === String(value)) return false;
  writeFileSync(pathOf(key), String(value));
  return true;
}
