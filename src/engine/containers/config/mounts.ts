// Which mounts a create request asks for: binds, volumes, tmpfs, other containers' and the image's volumes.
import type { ContainerConfig, HostConfig, MountOwner, MountRequest } from '#shared/contract/container.ts';
import { invalid } from '#shared/errors.ts';
import { cleanPath, parseBind, parseTmpfs } from '#shared/notation/mount.ts';
import type { ContainerMount } from '../record/record.ts';

/** A mount before it is made good: volumes may not exist yet. */
export interface PlannedMount extends ContainerMount {
  /** What to do about a bind's source that is not there. */
  missingSource?: 'create' | 'refuse';
  volume?: { labels: Record<string, string>; driver: string; driverOptions: Record<string, string> };
}

export interface MountSources {
  /** The mounts of another container, for `VolumesFrom`. Throws `not-found`. */
  mountsOf(container: string): readonly ContainerMount[];
  /** A name for an anonymous volume. */
  newName(): string;
}

/**
 * The mounts of a container, parents before what lies below them. A later source wins over an earlier one at the
 * same place: VolumesFrom, Binds and Mounts, Tmpfs; the image's volumes only where nothing else is.
 */
export function planMounts(config: ContainerConfig, host: HostConfig, sources: MountSources): PlannedMount[] {
  const asked = new Map<string, PlannedMount>();
  const add = (mount: PlannedMount): void => {
    if (asked.has(mount.Destination)) throw invalid(`Duplicate mount point: ${mount.Destination}`);
    asked.set(mount.Destination, mount);
  };
  for (const text of host.Binds ?? []) add(planBind(text, sources, host.VolumeDriver || 'local'));
  for (const request of host.Mounts ?? []) add(planRequest(request, sources));
  for (const [target, options] of Object.entries(host.Tmpfs ?? {})) add(planTmpfs(target, options));
  const all = new Map<string, PlannedMount>();
  for (const text of host.VolumesFrom ?? []) {
    for (const mount of planVolumesFrom(text, sources)) all.set(mount.Destination, mount);
  }
  for (const [target, mount] of asked) all.set(target, mount);
  for (const path of Object.keys(config.Volumes ?? {})) {
    const target = cleanPath(path);
    if (!all.has(target)) all.set(target, { ...volumeAt(target, sources.newName()), anonymous: true });
  }
  for (const mount of all.values()) assertOutsideProc(mount);
  return [...all.values()].sort((a, b) => depthOf(a) - depthOf(b));
}

// What is told there decides on security: an image must not bring a /proc of its own. These are for lxcfs and its like.
const replaceable =
  /^\/proc\/(?:cpuinfo|diskstats|meminfo|stat|swaps|uptime|loadavg|slabinfo|net\/dev|sys\/kernel\/ns_last_pid|sys\/crypto\/fips_enabled)$/;

function assertOutsideProc({ Type, Source, Destination: target }: PlannedMount): void {
  const isHosts = Type === 'bind' && Source === '/proc' && target === '/proc';
  if (!/^\/proc(?:\/|$)/.test(target) || replaceable.test(target) || isHosts) return;
  throw invalid(`"${target}" cannot be mounted because it is inside /proc`);
}

const depthOf = (mount: PlannedMount): number => mount.Destination.split('/').length;

function volumeAt(target: string, name: string): PlannedMount {
  return {
    Type: 'volume',
    Name: name,
    Source: '',
    Destination: target,
    Driver: 'local',
    Mode: '',
    RW: true,
    Propagation: '',
    copyUp: true,
    options: ['rbind', 'rprivate'],
  };
}

function planBind(text: string, sources: MountSources, driver: string): PlannedMount {
  const bind = parseBind(text);
  const access = bind.readOnly ? 'ro' : 'rw';
  if (bind.isVolume) {
    return {
      ...volumeAt(bind.target, bind.source || sources.newName()),
      Driver: driver,
      Mode: bind.mode || 'z',
      RW: !bind.readOnly,
      copyUp: !bind.noCopy,
      options: ['rbind', 'rprivate', access],
      anonymous: bind.source === '',
      ...ownerOf(bind.owner),
    };
  }
  const propagation = bind.propagation ?? 'rprivate';
  return {
    Type: 'bind',
    Source: bind.source,
    Destination: bind.target,
    Mode: bind.mode,
    RW: !bind.readOnly,
    Propagation: propagation,
    options: ['rbind', propagation, bind.readOnly ? readOnlyBelow : 'rw'],
    missingSource: 'create',
    ...ownerOf(bind.owner),
  };
}

/** Read-only for what is mounted below it too. */
const readOnlyBelow = 'rro';

const ownerOf = (owner: MountOwner | undefined): { owner?: MountOwner } =>
  owner === undefined ? {} : { owner };

function planRequest(request: MountRequest, sources: MountSources): PlannedMount {
  const refuse = (why: string): Error => invalid(`invalid mount config for type "${request.Type}": ${why}`);
  if (!request.Target) throw refuse('field Target must not be empty');
  if (!request.Target.startsWith('/')) {
    throw refuse(`invalid mount path: '${request.Target}' mount path must be absolute`);
  }
  const target = cleanPath(request.Target);
  if (target === '/') throw refuse("destination can't be '/'");
  switch (request.Type) {
    case 'bind':
      return planBindRequest(request, target, refuse);
    case 'volume':
      return planVolumeRequest(request, target, sources);
    case 'tmpfs':
      return planTmpfsRequest(request, target, refuse);
    case 'image':
      return planImageRequest(request, target, refuse);
    default:
      throw invalid(`mount type unknown: "${request.Type}"`);
  }
}

type Refuse = (why: string) => Error;

function planBindRequest(request: MountRequest, target: string, refuse: Refuse): PlannedMount {
  if (!request.Source) throw refuse('field Source must not be empty');
  if (!request.Source.startsWith('/')) {
    throw refuse(`invalid mount path: '${request.Source}' mount path must be absolute`);
  }
  const propagation = request.BindOptions?.Propagation || 'rprivate';
  if (!/^r?(private|shared|slave)$/.test(propagation))
    throw refuse(`invalid propagation mode: ${propagation}`);
  const {
    NonRecursive: alone,
    ReadOnlyNonRecursive: flat,
    ReadOnlyForceRecursive: force,
  } = request.BindOptions ?? {};
  if (force === true && request.ReadOnly !== true)
    throw refuse('mount options conflict: ReadOnlyForceRecursive needs ReadOnly');
  if (force === true && (flat === true || alone === true))
    throw refuse('mount options conflict: ReadOnlyForceRecursive and a mount that is not recursive');
  if (force === true && propagation !== 'rprivate')
    throw refuse('mount options conflict: ReadOnlyForceRecursive needs the propagation rprivate');
  const readOnly = flat === true || alone === true ? 'ro' : readOnlyBelow;
  // A word with an r makes the runtime take along what is mounted below.
  const reach = alone === true ? ['bind', propagation.replace(/^r/, '')] : ['rbind', propagation];
  return {
    Type: 'bind',
    Source: cleanPath(request.Source),
    Destination: target,
    Mode: '',
    RW: request.ReadOnly !== true,
    Propagation: propagation,
    options: [...reach, request.ReadOnly === true ? readOnly : 'rw'],
    missingSource: request.BindOptions?.CreateMountpoint === true ? 'create' : 'refuse',
    ...ownerOf(request.Owner),
  };
}

function planVolumeRequest(request: MountRequest, target: string, sources: MountSources): PlannedMount {
  const wanted = request.VolumeOptions ?? {};
  const subpath = subpathOf(request.Type, wanted.Subpath);
  if (subpath !== '' && !request.Source)
    throw invalid(
      'invalid mount config for type "volume": must not set Subpath when using anonymous volumes',
    );
  return {
    ...volumeAt(target, request.Source || sources.newName()),
    Mode: 'z',
    RW: request.ReadOnly !== true,
    copyUp: wanted.NoCopy !== true && subpath === '',
    options: ['rbind', 'rprivate', request.ReadOnly === true ? 'ro' : 'rw'],
    anonymous: !request.Source,
    ...(subpath === '' ? {} : { subpath }),
    ...ownerOf(request.Owner),
    volume: {
      labels: wanted.Labels ?? {},
      driver: wanted.DriverConfig?.Name || 'local',
      driverOptions: wanted.DriverConfig?.Options ?? {},
    },
  };
}

function subpathOf(type: string, text = ''): string {
  if (!text.startsWith('/') && !text.split('/').includes('..')) return text;
  throw invalid(
    `invalid mount config for type "${type}": subpath must be a relative path within the ${type}`,
  );
}

/** An image's files, always read-only. */
function planImageRequest(request: MountRequest, target: string, refuse: Refuse): PlannedMount {
  if (!request.Source) throw refuse('field Source must not be empty');
  const subpath = subpathOf(request.Type, request.ImageOptions?.Subpath);
  return {
    Type: 'image',
    Source: request.Source,
    Destination: target,
    Mode: '',
    RW: false,
    Propagation: 'rprivate',
    options: ['rbind', 'rprivate', 'ro'],
    ...(subpath === '' ? {} : { subpath }),
  };
}

function tmpfsAt(target: string, options: string[], readOnly: boolean): PlannedMount {
  const usual = ['nosuid', 'nodev'].filter(
    (word) => !options.includes(word.slice(2)) && !options.includes(word),
  );
  return {
    Type: 'tmpfs',
    Source: '',
    Destination: target,
    Mode: '',
    RW: !readOnly,
    Propagation: '',
    options: [...usual, ...options, readOnly ? 'ro' : 'rw'],
  };
}

function planTmpfsRequest(request: MountRequest, target: string, refuse: Refuse): PlannedMount {
  if (request.Source) throw refuse('field Source must not be specified');
  const { SizeBytes: sizeBytes, Mode: mode } = request.TmpfsOptions ?? {};
  const options = ['noexec'];
  if (sizeBytes) options.push(`size=${sizeBytes}`);
  if (mode) options.push(`mode=${mode.toString(8)}`);
  return tmpfsAt(target, options, request.ReadOnly === true);
}

function planTmpfs(target: string, text: string): PlannedMount {
  const parsed = parseTmpfs(text === '' ? target : `${target}:${text}`);
  const options = parsed.options.filter((word) => word !== 'ro' && word !== 'rw');
  if (!options.includes('exec')) options.unshift('noexec');
  if (parsed.sizeBytes !== undefined) options.push(`size=${parsed.sizeBytes}`);
  if (parsed.mode !== undefined) options.push(`mode=${parsed.mode.toString(8)}`);
  return { ...tmpfsAt(parsed.target, options, parsed.readOnly), Mode: text };
}

function planVolumesFrom(text: string, sources: MountSources): PlannedMount[] {
  const [container = '', mode = ''] = text.split(':', 2);
  if (container === '') throw invalid(`malformed volumes-from specification: ${text}`);
  if (!/^(?:|r[ow]|[zZ]|r[ow],[zZ]|[zZ],r[ow])$/.test(mode)) throw invalid(`invalid mode: ${mode}`);
  return sources
    .mountsOf(container)
    .filter((mount) => mount.Type === 'bind' || mount.Type === 'volume')
    .map((mount) => {
      const readOnly = mode.split(',').includes('ro') || !mount.RW;
      // As the other has it, unless that is more than is asked for.
      const access = mount.RW && readOnly ? (mount.Type === 'bind' ? readOnlyBelow : 'ro') : undefined;
      const options =
        access === undefined ? mount.options : [...mount.options.filter((word) => word !== 'rw'), access];
      return {
        ...mount,
        RW: !readOnly,
        Mode: '',
        options,
        copyUp: false,
      };
    });
}
