// Kernel parameters below /proc/sys.
import { readFileSync, writeFileSync } from 'node:fs';

// As sysctl(8): what is between dots may have dots of its own, written as slashes.
const pathOf = (key: string): string =>
  `/proc/sys/${key.replace(/[./]/g, (each) => (each === '.' ? '/' : '.'))}`;

/** The name of a link's own parameter, such as `net.ipv6.conf.eth0/7.accept_ra` of the link `eth0.7`. */
export const linkKey = (family: 'ipv4' | 'ipv6', link: string, parameter: string): string =>
  `net.${family}.conf.${link.replaceAll('.', '/')}.${parameter}`;

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
