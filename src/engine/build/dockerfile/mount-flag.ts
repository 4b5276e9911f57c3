// `RUN --mount=type=…,key=value`: parsed and judged.
import { parseBytes } from '#shared/notation/size.ts';
import { SyntaxProblem } from './errors.ts';
import { didYouMean } from './nearest.ts';

export interface MountFlag {
  type: 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
  target?: string;
  source?: string;
  from?: string;
  id?: string;
  /** Undefined: as the type has it. */
  readOnly?: boolean;
  sharing: 'shared' | 'private' | 'locked';
  required: boolean;
  mode?: number;
  uid: number;
  gid: number;
  sizeBytes?: number;
  /** Name of the variable that holds the secret; empty: its id. */
  env?: string;
}

const places = ['type', 'target', 'dst', 'destination'];
const access = ['rw', 'readwrite', 'ro', 'readonly'];
const keys: Record<MountFlag['type'], string[]> = {
  bind: [...places, ...access, 'source', 'src', 'from'],
  cache: [...places, ...access, 'id', 'source', 'src', 'from', 'sharing', 'mode', 'uid', 'gid'],
  tmpfs: [...places, ...access, 'size'],
  secret: [...places, ...access, 'id', 'source', 'src', 'required', 'mode', 'uid', 'gid', 'env'],
  ssh: [...places, ...access, 'id', 'required', 'mode', 'uid', 'gid'],
};
const types = Object.keys(keys);
const short: Record<string, string> = {
  dst: 'target',
  destination: 'target',
  src: 'source',
  readonly: 'ro',
  readwrite: 'rw',
};

/** Comma-separated fields, a field in double quotes may hold commas. */
export function fieldsOf(text: string): string[] {
  return (text.match(/(?:"(?:[^"]|"")*"|[^,"])+/g) ?? []).map((field) =>
    field.replace(/"((?:[^"]|"")*)"/g, '$1').replaceAll('""', '"'),
  );
}

function pairsOf(text: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const field of fieldsOf(text)) {
    const at = field.indexOf('=');
    const name = (at < 0 ? field : field.slice(0, at)).toLowerCase();
    pairs.set(name, at < 0 ? '' : field.slice(at + 1));
  }
  return pairs;
}

function booleanOf(name: string, value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (['', 'true', '1'].includes(value.toLowerCase())) return true;
  if (['false', '0'].includes(value.toLowerCase())) return false;
  throw new SyntaxProblem(`invalid value for ${name}: ${value}`, { expected: 'true or false' });
}

function numberOf(name: string, value: string | undefined, base: 8 | 10): number | undefined {
  if (value === undefined) return undefined;
  if (!(base === 8 ? /^[0-7]{1,5}$/ : /^\d{1,10}$/).test(value)) {
    throw new SyntaxProblem(`invalid value ${value} for ${name}`, {
      expected: base === 8 ? 'an octal number' : 'a number',
    });
  }
  return Number.parseInt(value, base);
}

function typeOf(pairs: ReadonlyMap<string, string>): MountFlag['type'] {
  const type = pairs.get('type')?.toLowerCase() ?? 'bind';
  const known = types.find((each) => each === type);
  if (known === undefined) {
    throw new SyntaxProblem(`unsupported mount type ${JSON.stringify(type)}${didYouMean(type, types)}`, {
      expected: types.join(', '),
    });
  }
  return known as MountFlag['type'];
}

const sharings = ['shared', 'private', 'locked'] as const;

function sharingOf(value = 'shared'): MountFlag['sharing'] {
  const known = sharings.find((each) => each === value.toLowerCase());
  if (known !== undefined) return known;
  const problem = `unsupported sharing value ${JSON.stringify(value)}${didYouMean(value, sharings)}`;
  throw new SyntaxProblem(problem, { expected: sharings.join(', ') });
}

function judged(pairs: ReadonlyMap<string, string>, type: MountFlag['type']): Map<string, string> {
  const named = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (!keys[type].includes(name)) {
      throw new SyntaxProblem(
        `unexpected key '${name}' for mount type '${type}'${didYouMean(name, keys[type])}`,
        {
          expected: keys[type].join(', '),
        },
      );
    }
    named.set(short[name] ?? name, value);
  }
  return named;
}

/** Throws SyntaxProblem. `expand` replaces variables in a value. */
export function parseMountFlag(
  text: string,
  expand: (value: string) => string = (value) => value,
): MountFlag {
  const raw = pairsOf(text);
  if (raw.get('from')?.includes('$')) {
    throw new SyntaxProblem("'from' doesn't support variable expansion, define alias stage instead", {
      expected: 'the name of a stage or image',
    });
  }
  for (const [name, value] of raw) if (name !== 'from') raw.set(name, expand(value));
  const type = typeOf(raw);
  const pairs = judged(raw, type);
  const [target, source, from, id, env] = ['target', 'source', 'from', 'id', 'env'].map((name) =>
    pairs.get(name),
  );
  if ((type === 'bind' || type === 'cache' || type === 'tmpfs') && !target) {
    throw new SyntaxProblem(`invalid mount options: ${type} needs a target`, { expected: 'target=/path' });
  }
  const rw = booleanOf('rw', pairs.get('rw'));
  const readOnly = booleanOf('ro', pairs.get('ro')) ?? (rw === undefined ? undefined : !rw);
  const mode = numberOf('mode', pairs.get('mode'), 8);
  const size = pairs.get('size');
  return {
    type,
    sharing: sharingOf(pairs.get('sharing')),
    required: booleanOf('required', pairs.get('required')) ?? false,
    uid: numberOf('uid', pairs.get('uid'), 10) ?? 0,
    gid: numberOf('gid', pairs.get('gid'), 10) ?? 0,
    ...(target === undefined ? {} : { target }),
    ...(source === undefined ? {} : { source }),
    ...(from === undefined ? {} : { from }),
    ...(id === undefined ? {} : { id }),
    ...(env === undefined ? {} : { env }),
    ...(readOnly === undefined ? {} : { readOnly }),
    ...(mode === undefined ? {} : { mode }),
    ...(size === undefined ? {} : { sizeBytes: parseBytes(size) }),
  };
}

/** The stages and images that a RUN's mounts come from. */
export function mountSources(flags: readonly { name: string; value: string }[]): string[] {
  return flags.flatMap(({ name, value }) => {
    const from = name === 'mount' ? pairsOf(value).get('from') : undefined;
    return from ? [from] : [];
  });
}
