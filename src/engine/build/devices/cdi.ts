// Devices that this machine describes for containers (CNCF, Container Device Interface, SPEC.md).
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { parse } from 'yaml';
import { invalid, messageOf } from '#shared/errors.ts';

/** What a device changes of a container. */
export interface ContainerEdits {
  env?: string[];
  deviceNodes?: {
    path: string;
    hostPath?: string;
    type?: string;
    major?: number;
    minor?: number;
    fileMode?: number;
    permissions?: string;
    uid?: number;
    gid?: number;
  }[];
  mounts?: { hostPath: string; containerPath: string; options?: string[]; type?: string }[];
  hooks?: unknown[];
  additionalGids?: number[];
}

export interface CdiDevice {
  /** `vendor.com/class=name`. */
  name: string;
  /** `vendor.com/class`. */
  kind: string;
  annotations: Record<string, string>;
  /** Those of all devices of its file, then its own. */
  edits: ContainerEdits[];
}

interface CdiFile {
  cdiVersion?: string;
  kind?: string;
  annotations?: Record<string, string>;
  devices?: { name?: string; annotations?: Record<string, string>; containerEdits?: ContainerEdits }[];
  containerEdits?: ContainerEdits;
}

/** Where machines describe them; a later folder counts more. */
export const cdiFolders: readonly string[] = ['/etc/cdi', '/var/run/cdi'];

/**
 * Every device, ordered by name. Where two files of one folder describe the same one, nobody knows which is meant: it
 * is left out. A file that cannot be read is told of and passed over.
 */
export function listDevices(folders: readonly string[], warn: (text: string) => void): CdiDevice[] {
  const devices = new Map<string, CdiDevice>();
  for (const folder of folders) {
    const own = new Map<string, CdiDevice>();
    const twice = new Set<string>();
    for (const device of filesIn(folder).flatMap((path) => readFile(path, warn))) {
      if (own.has(device.name)) twice.add(device.name);
      own.set(device.name, device);
    }
    for (const [name, device] of own) {
      if (!twice.has(name)) devices.set(name, device);
      else {
        devices.delete(name);
        warn(`device ${name} is described twice in ${folder}`);
      }
    }
  }
  return [...devices.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function filesIn(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => ['.json', '.yaml', '.yml'].includes(extname(name)));
    return names.sort().map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function readFile(path: string, warn: (text: string) => void): CdiDevice[] {
  try {
    const file: CdiFile | null = parse(readFileSync(path, 'utf8'));
    const { kind = '', devices = [], annotations = {}, containerEdits } = file ?? {};
    if (!/^[A-Za-z][\w.-]*\/[A-Za-z][\w.-]*$/.test(kind))
      throw invalid(`its kind is ${JSON.stringify(kind)}`);
    return devices.map((device) => {
      if (!/^[A-Za-z0-9][\w.:-]*$/.test(device.name ?? '')) throw invalid('a device has no usable name');
      return {
        name: `${kind}=${device.name}`,
        kind,
        annotations: { ...annotations, ...device.annotations },
        edits: [containerEdits ?? {}, device.containerEdits ?? {}],
      };
    });
  } catch (thrown) {
    warn(`${path} describes no devices: ${messageOf(thrown)}`);
    return [];
  }
}
