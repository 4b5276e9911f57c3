// Mounts as users write them: `-v` (Binds), `--mount` and `--tmpfs`.
import type { MountOwner, MountRequest } from '#shared/contract/container.ts';
import { invalid } from '#shared/errors.ts';
import { parseBytes } from '#shared/notation/size.ts';

export interface BindText {
  /** A host path, a volume's name, or empty for an anonymous volume. */
  source: string;
  /** Absolute, without a trailing slash. */
  target: string;
  readOnly: boolean;
  /** The third part as it was written; empty where there was none. */
  mode: string;
  options: string[];
  /** True for named and anonymous volumes, false for host paths. */
  isVolume: boolean;
  /** `rprivate`, `rslave`, … where it was said. */
  propagation?: string;
  noCopy: boolean;
  /** By `U` and `idmap`. */
  owner?: MountOwner;
}

const propagations = new Set(['shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate']);
const otherModes = new Set([
  'ro',
  'rw',
  'z',
  'Z',
  'nocopy',
  'consistent',
  'cached',
  'delegated',
  'U',
  'idmap',
]);
const volumeName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const hint = 'a volume looks like /host/path:/in/container, name:/in/container:ro or /in/container';

/** The parts of a `-v` text `[source:]target[:options]`. Throws `invalid` with Docker's sentences. */
export function parseBind(text: string): BindText {
  const parts = text.split(':');
  if (text === '' || parts.length > 3)
    throw invalid(`invalid volume specification: '${text.slice(0, 300)}'`, { hint });
  const [source, target, mode] = placeParts(parts);
  if (target === '' || text.startsWith(':')) {
    throw invalid(`invalid volume specification: '${text.slice(0, 300)}'`, { hint });
  }
  checkTarget(target, text);
  const isVolume = !source.startsWith('/');
  if (isVolume && source !== '') checkVolumeName(source);
  const options = mode === '' ? [] : mode.split(',');
  const propagation = checkModes(options, mode, isVolume);
  return {
    source: isVolume ? source : cleanPath(source),
    target: cleanPath(target),
    readOnly: options.includes('ro'),
    mode,
    options,
    isVolume,
    noCopy: options.includes('nocopy'),
    ...(propagation === undefined ? {} : { propagation }),
    ...ownerAmong(options),
  };
}

function ownerAmong(options: string[]): { owner?: MountOwner } {
  if (options.includes('idmap')) return { owner: 'map' };
  return options.includes('U') ? { owner: 'chown' } : {};
}

function placeParts(parts: string[]): [source: string, target: string, mode: string] {
  const [first = '', second, third] = parts;
  if (second === undefined) return ['', first, ''];
  // `/data:ro` is an anonymous volume with a mode: a target is always absolute.
  const onlyMode =
    third === undefined && first.startsWith('/') && second !== '' && second.split(',').every(isMode);
  return onlyMode ? ['', first, second] : [first, second, third ?? ''];
}

function isMode(word: string): boolean {
  return propagations.has(word) || otherModes.has(word);
}

function checkTarget(target: string, text: string): void {
  if (!target.startsWith('/')) {
    throw invalid(
      `invalid volume specification: '${text.slice(0, 300)}': invalid mount config for type "volume": invalid mount path: '${target}' mount path must be absolute`,
      { hint },
    );
  }
  if (cleanPath(target) === '/') {
    throw invalid(
      `invalid volume specification: '${text.slice(0, 300)}': invalid specification: destination can't be '/'`,
    );
  }
}

function checkVolumeName(name: string): void {
  if (volumeName.test(name)) return;
  if (name.length === 1)
    throw invalid(
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  throw invalid(
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

function checkModes(options: string[], mode: string, isVolume: boolean): string | undefined {
  const said = options.filter((option) => propagations.has(option));
  const contradicts = options.includes('ro') && options.includes('rw');
  const owners = options.includes('U') && options.includes('idmap');
  const twice = new Set(options).size < options.length || (options.includes('z') && options.includes('Z'));
  const foreign = isVolume ? said.length > 0 : options.includes('nocopy');
  const isNone = options.includes('') || !options.every(isMode);
  if (isNone || said.length > 1 || contradicts || owners || twice || foreign) {
    throw invalid(`invalid mode: ${mode.slice(0, 100)}`, {
      hint: 'modes are ro, rw, z, Z, nocopy, U or idmap and, for host paths, rshared, rslave, rprivate',
    });
  }
  return said[0];
}

/** The path without `.`, `..`, doubled and trailing slashes; `..` never climbs above the root. */
export function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') kept.pop();
    else kept.push(part);
  }
  return `/${kept.join('/')}`;
}

/** The `-v` text of a mount. */
export function formatBind(bind: Pick<BindText, 'source' | 'target' | 'mode'>): string {
  const source = bind.source === '' ? '' : `${bind.source}:`;
  return bind.mode === '' ? `${source}${bind.target}` : `${source}${bind.target}:${bind.mode}`;
}

export interface TmpfsText {
  target: string;
  /** As they are for mount(2), without the sizes below. */
  options: string[];
  readOnly: boolean;
  sizeBytes?: number;
  /** Permission bits. */
  mode?: number;
}

const tmpfsFlags =
  /^(?:r[ow]|(?:no)?(?:exec|suid|dev|atime|diratime)|relatime|strictatime|sync|async|(?:uid|gid|nr_inodes|nr_blocks)=\w+)$/;

/** The parts of a `--tmpfs` text `/run[:rw,size=64m,mode=1777]`. Throws `invalid`. */
export function parseTmpfs(text: string): TmpfsText {
  const colon = text.indexOf(':');
  const target = colon < 0 ? text : text.slice(0, colon);
  checkTarget(target, text);
  const parsed: TmpfsText = { target: cleanPath(target), options: [], readOnly: false };
  for (const option of colon < 0 ? [] : text.slice(colon + 1).split(',')) {
    if (option !== '') applyTmpfsOption(parsed, option);
  }
  return parsed;
}

function applyTmpfsOption(parsed: TmpfsText, option: string): void {
  if (option.startsWith('size=')) parsed.sizeBytes = parseBytes(option.slice(5));
  else if (/^mode=[0-7]{1,5}$/.test(option)) parsed.mode = Number.parseInt(option.slice(5), 8);
  else if (!tmpfsFlags.test(option)) throw invalid(`invalid tmpfs option ["${option.slice(0, 100)}"]`);
  else {
    if (option === 'ro') parsed.readOnly = true;
    parsed.options.push(option);
  }
}

/** What `--mount type=bind,source=/a,target=/b,readonly` asks for. Throws `invalid` with Docker's sentences. */
export function parseMountFlag(text: string): MountRequest {
  const request: MountRequest = { Type: 'volume', Target: '' };
  for (const field of splitCsv(text)) applyMountField(request, field);
  if (request.Target === '') throw invalid('target is required', { hint: mountHint });
  if ((request.Type === 'bind' || request.Type === 'image') && !request.Source)
    throw invalid('source is required', { hint: mountHint });
  refuseForeignOptions(request);
  return request;
}

const mountHint = 'a mount looks like type=bind,source=/host/path,target=/in/container,readonly';
const mountTypes = ['bind', 'volume', 'tmpfs', 'image', 'npipe', 'cluster'] as const;

/** The fields of one comma-separated line; a field in double quotes may hold commas. */
export function splitCsv(text: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (const char of text) {
    if (char === '"') quoted = !quoted;
    else if (char === ',' && !quoted) {
      fields.push(field);
      field = '';
    } else field += char;
  }
  if (quoted) throw invalid(`parse error in ${JSON.stringify(text.slice(0, 200))}: a quote is not closed`);
  return [...fields, field];
}

type FieldSetter = (request: MountRequest, value: string, field: string) => void;

const setType: FieldSetter = (request, value) => {
  const type = mountTypes.find((known) => known === value.toLowerCase());
  if (type === undefined) throw invalid(`mount type unknown: "${value}"`, { hint: mountHint });
  request.Type = type;
};
const setSource: FieldSetter = (request, value) => {
  request.Source = value;
};
const setTarget: FieldSetter = (request, value) => {
  request.Target = value;
};
const setReadOnly: FieldSetter = (request, value, field) => {
  request.ReadOnly = parseFlagValue(value, field);
};
const setRecursion: FieldSetter = (request, value) => {
  const options = bindOptions(request);
  if (value === 'disabled') options.NonRecursive = true;
  else if (value === 'writable') options.ReadOnlyNonRecursive = true;
  else if (value === 'readonly') options.ReadOnlyForceRecursive = true;
  else if (value !== 'enabled') throw invalid(`invalid value for bind-recursive: ${value}`);
};

const mountFields: Record<string, FieldSetter> = {
  type: setType,
  source: setSource,
  src: setSource,
  target: setTarget,
  destination: setTarget,
  dst: setTarget,
  readonly: setReadOnly,
  ro: setReadOnly,
  consistency: (request, value) => {
    request.Consistency = value.toLowerCase();
  },
  'bind-propagation': (request, value) => {
    bindOptions(request).Propagation = value.toLowerCase();
  },
  'bind-nonrecursive': (request, value, field) => {
    bindOptions(request).NonRecursive = parseFlagValue(value, field);
  },
  'bind-recursive': setRecursion,
  'bind-create-src': (request, value, field) => {
    bindOptions(request).CreateMountpoint = parseFlagValue(value, field);
  },
  'volume-nocopy': (request, value, field) => {
    volumeOptions(request).NoCopy = parseFlagValue(value, field);
  },
  'volume-subpath': (request, value) => {
    volumeOptions(request).Subpath = value;
  },
  'volume-label': (request, value) => {
    const options = volumeOptions(request);
    options.Labels = { ...options.Labels, ...pairOf(value) };
  },
  'volume-driver': (request, value) => {
    const options = volumeOptions(request);
    options.DriverConfig = { ...options.DriverConfig, Name: value };
  },
  'volume-opt': (request, value) => {
    const options = volumeOptions(request);
    options.DriverConfig = {
      ...options.DriverConfig,
      Options: { ...options.DriverConfig?.Options, ...pairOf(value) },
    };
  },
  'image-subpath': (request, value) => {
    request.ImageOptions = { ...request.ImageOptions, Subpath: value };
  },
  owner: (request, value) => {
    if (value !== 'chown' && value !== 'map')
      throw invalid(`invalid value for owner: ${value}`, { hint: 'it is chown or map' });
    request.Owner = value;
  },
  'tmpfs-size': (request, value) => {
    tmpfsOptions(request).SizeBytes = parseBytes(value);
  },
  'tmpfs-mode': (request, value) => {
    if (!/^[0-7]{1,5}$/.test(value)) throw invalid(`invalid value for tmpfs-mode: ${value}`);
    tmpfsOptions(request).Mode = Number.parseInt(value, 8);
  },
};

function applyMountField(request: MountRequest, field: string): void {
  const equals = field.indexOf('=');
  const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
  const setter = Object.hasOwn(mountFields, key) ? mountFields[key] : undefined;
  if (setter === undefined) {
    throw invalid(
      equals < 0
        ? `invalid field '${field.slice(0, 100)}' must be a key=value pair`
        : `unexpected key '${key}' in '${field}'`,
      { hint: mountHint },
    );
  }
  const bare = key === 'readonly' || key === 'ro' || key === 'volume-nocopy' || key === 'bind-nonrecursive';
  if (equals < 0 && !bare)
    throw invalid(`invalid field '${field.slice(0, 100)}' must be a key=value pair`, { hint: mountHint });
  setter(request, equals < 0 ? 'true' : field.slice(equals + 1).trim(), field);
}

function parseFlagValue(value: string, field: string): boolean {
  const lower = value.toLowerCase();
  if (lower === 'true' || lower === '1') return true;
  if (lower === 'false' || lower === '0') return false;
  throw invalid(`invalid value for ${field.split('=')[0]}: ${value}`);
}

function pairOf(text: string): Record<string, string> {
  const equals = text.indexOf('=');
  return equals < 0 ? { [text]: '' } : { [text.slice(0, equals)]: text.slice(equals + 1) };
}

function bindOptions(request: MountRequest): NonNullable<MountRequest['BindOptions']> {
  request.BindOptions ??= {};
  return request.BindOptions;
}
function volumeOptions(request: MountRequest): NonNullable<MountRequest['VolumeOptions']> {
  request.VolumeOptions ??= {};
  return request.VolumeOptions;
}
function tmpfsOptions(request: MountRequest): NonNullable<MountRequest['TmpfsOptions']> {
  request.TmpfsOptions ??= {};
  return request.TmpfsOptions;
}

function refuseForeignOptions(request: MountRequest): void {
  const { Type } = request;
  if (request.VolumeOptions && Type !== 'volume')
    throw invalid(`cannot mix 'volume-*' options with mount type '${Type}'`);
  if (request.BindOptions && Type !== 'bind')
    throw invalid(`cannot mix 'bind-*' options with mount type '${Type}'`);
  if (request.TmpfsOptions && Type !== 'tmpfs')
    throw invalid(`cannot mix 'tmpfs-*' options with mount type '${Type}'`);
  if (request.ImageOptions && Type !== 'image')
    throw invalid(`cannot mix 'image-*' options with mount type '${Type}'`);
  if (request.Owner !== undefined && Type !== 'bind' && Type !== 'volume')
    throw invalid(`cannot mix 'owner' with mount type '${Type}'`);
}
