// The devices that a RUN is given: found by what it asks for, allowed, and turned into parts of its box.
import { statSync } from 'node:fs';
import type { OciDevice, OciMount } from '#runtime/oci-spec.ts';
import { forbidden, invalid, messageOf, notFound, unsupported } from '#shared/errors.ts';
import { type CdiDevice, type ContainerEdits, cdiFolders, listDevices } from './cdi.ts';
import type { DeviceFlag } from './device-flag.ts';

/** Annotations of BuildKit's. */
const classAnnotation = 'org.mobyproject.buildkit.device.class';
const allowAnnotation = 'org.mobyproject.buildkit.device.autoallow';

export interface GrantedDevices {
  env: string[];
  devices: (OciDevice & { access?: string })[];
  mounts: OciMount[];
  gids: number[];
}

export interface DeviceRequest {
  flags: readonly DeviceFlag[];
  /** Entitlements of the build: `device`, `device=NAME`, `device=NAME,alias=OTHER`. */
  allow: readonly string[];
  folders?: readonly string[] | undefined;
  warn(text: string): void;
}

/**
 * Throws `not-found` for a required device that is not there (another one is told of and left out), `forbidden` for one
 * that the build is not allowed.
 */
export function grantDevices(request: DeviceRequest): GrantedDevices {
  const granted: GrantedDevices = { env: [], devices: [], mounts: [], gids: [] };
  if (request.flags.length === 0) return granted;
  const all = listDevices(request.folders ?? cdiFolders, request.warn);
  const chosen = new Set(request.flags.flatMap((flag) => find(all, flag, request)));
  const denied = [...chosen].filter((device) => !isAllowed(all, device, request)).map(({ name }) => name);
  if (denied.length > 0) {
    const what = denied.length === 1 ? `device ${denied[0]} is` : `devices ${denied.join(', ')} are`;
    throw forbidden(`${what} requested by the build but not allowed`, {
      hint: `Build with --allow device=${denied[0]}, or --allow device for all of them.`,
    });
  }
  for (const { name, edits } of chosen) for (const edit of edits) applyEdits(granted, name, edit);
  return granted;
}

/** What a name means: a device, the first or every one of a kind, or those of a class. */
function matching(all: readonly CdiDevice[], name: string): CdiDevice[] {
  const at = name.indexOf('=');
  const [kind, device] = at < 0 ? [name, ''] : [name.slice(0, at), name.slice(at + 1)];
  const ofKind = kind.includes('/') ? all.filter((each) => each.kind === kind) : [];
  const found =
    device === ''
      ? ofKind.slice(0, 1)
      : device === '*'
        ? ofKind
        : ofKind.filter((each) => each.name === name);
  return found.length > 0 ? found : all.filter(({ annotations }) => annotations[classAnnotation] === name);
}

interface Entitlement {
  name: string;
  alias?: string;
}

/** Undefined: all devices are allowed. */
function entitlementsOf(allow: readonly string[]): Entitlement[] | undefined {
  if (allow.includes('device')) return undefined;
  return allow.flatMap((text): Entitlement[] => {
    if (!text.startsWith('device=')) return [];
    const [name = '', ...more] = text.slice('device='.length).split(',');
    const alias = more.find((field) => field.startsWith('alias='))?.slice('alias='.length);
    return [{ name, ...(alias === undefined ? {} : { alias }) }];
  });
}

function find(all: readonly CdiDevice[], flag: DeviceFlag, { allow, warn }: DeviceRequest): CdiDevice[] {
  const meant = entitlementsOf(allow)?.find(({ alias }) => alias === flag.name)?.name ?? flag.name;
  const found = matching(all, meant);
  if (found.length > 0) return found;
  if (!flag.required) {
    warn(`Optional device "${flag.name}" is not registered`);
    return [];
  }
  const known = all.map(({ name }) => name);
  throw notFound(`required device "${flag.name}" is not registered`, {
    hint:
      known.length === 0
        ? `No file in ${cdiFolders.join(' or ')} describes a device of this machine.`
        : `Registered are: ${known.join(', ')}.`,
  });
}

function isAllowed(all: readonly CdiDevice[], device: CdiDevice, { allow }: DeviceRequest): boolean {
  const entitlements = entitlementsOf(allow);
  if (entitlements === undefined || /^(1|t|true)$/i.test(device.annotations[allowAnnotation] ?? ''))
    return true;
  return entitlements.some(({ name }) => matching(all, name).includes(device));
}

function applyEdits(granted: GrantedDevices, name: string, edits: ContainerEdits): void {
  if ((edits.hooks ?? []).length > 0)
    throw unsupported(`device ${name} wants hooks to be run, which builds do not do`);
  granted.env.push(...(edits.env ?? []));
  granted.gids.push(...(edits.additionalGids ?? []));
  for (const node of edits.deviceNodes ?? []) granted.devices.push(deviceOf(name, node));
  for (const { hostPath, containerPath, options = [], type } of edits.mounts ?? []) {
    const isBind = type === undefined || type === '' || type === 'bind';
    const given = options.length === 0 ? ['ro', 'nosuid', 'nodev'] : options;
    granted.mounts.push({
      destination: containerPath,
      source: hostPath,
      type: isBind ? 'bind' : type,
      options: isBind && !given.some((each) => /^r?bind$/.test(each)) ? ['rbind', ...given] : given,
    });
  }
}

type Node = NonNullable<ContainerEdits['deviceNodes']>[number];

/** What the file does not say is as the device is here. */
function deviceOf(name: string, node: Node): OciDevice & { access?: string } {
  const { path, hostPath = path, permissions = 'rwm', fileMode, uid, gid } = node;
  const here = node.type !== undefined && node.major !== undefined ? undefined : look(name, hostPath);
  const type = node.type ?? here?.type ?? 'c';
  if (type !== 'c' && type !== 'b' && type !== 'u' && type !== 'p')
    throw invalid(`device ${name}: ${path} is of the unknown type ${JSON.stringify(type)}`);
  return {
    type,
    path,
    major: node.major ?? here?.major ?? 0,
    minor: node.minor ?? here?.minor ?? 0,
    access: permissions,
    ...(fileMode === undefined ? {} : { fileMode }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  };
}

function look(name: string, path: string): { type: 'c' | 'b'; major: number; minor: number } {
  try {
    const stats = statSync(path);
    if (!stats.isCharacterDevice() && !stats.isBlockDevice()) throw invalid('it is no device');
    const { rdev } = stats;
    // As makedev of the C library has it.
    const major = (rdev >>> 8) & 0xfff;
    const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
    return { type: stats.isBlockDevice() ? 'b' : 'c', major, minor };
  } catch (cause) {
    throw invalid(`device ${name}: ${path}: ${messageOf(cause)}`, { cause });
  }
}
