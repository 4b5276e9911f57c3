// Which variables an instruction sees: ARG and ENV, their scopes and precedence. Pure.
import { formatPlatform, parsePlatform } from '#shared/oci/platform.ts';
import type { Platform } from '#shared/oci/specs.ts';
import { SyntaxProblem } from './dockerfile/errors.ts';
import { expandWord, type Scope } from './dockerfile/expand.ts';
import type { ArgInstruction } from './dockerfile/instruction.ts';

/** Proxies may be given to every RUN without being declared, and take no part in the cache. */
const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];
/** Arguments that say something to the builder itself. */
const builders = [
  'BUILDKIT_BUILD_NAME',
  'BUILDKIT_CACHE_MOUNT_NS',
  'BUILDKIT_CONTEXT_KEEP_GIT_DIR',
  'BUILDKIT_DOCKERFILE_CHECK',
  'BUILDKIT_INLINE_CACHE',
  'BUILDKIT_MULTI_PLATFORM',
  'BUILDKIT_SANDBOX_HOSTNAME',
  'BUILDKIT_SYNTAX',
  'SOURCE_DATE_EPOCH',
];
const predefined = new Set([...proxies, ...proxies.map((name) => name.toLowerCase()), ...builders]);

/** The `--build-arg`s of a request, and which of them were used. */
export class BuildArgs {
  #given = new Map<string, string>();
  #used = new Set<string>();

  constructor(given: Readonly<Record<string, string | null>> = {}) {
    for (const [name, value] of Object.entries(given)) if (value !== null) this.#given.set(name, value);
  }

  take(name: string): string | undefined {
    this.#used.add(name);
    return this.#given.get(name);
  }

  /** Those that no ARG declared. */
  unused(): string[] {
    return [...this.#given.keys()].filter((name) => !this.#used.has(name) && !predefined.has(name)).sort();
  }

  /** `NAME=value` of the proxies that were given. */
  proxies(): string[] {
    return [...this.#given]
      .filter(([name]) => proxies.includes(name.toUpperCase()))
      .map((pair) => pair.join('='));
  }

  /** SOURCE_DATE_EPOCH in seconds, or undefined. Not a number: SyntaxProblem. */
  epochSeconds(): number | undefined {
    const text = this.#given.get('SOURCE_DATE_EPOCH');
    if (text === undefined || text === '') return undefined;
    if (!/^\d{1,11}$/.test(text))
      throw new SyntaxProblem(`invalid SOURCE_DATE_EPOCH: ${text}`, { expected: 'Unix seconds' });
    return Number(text);
  }
}

/** The ARGs declared so far: name to value; undefined where declared without one. */
export type Declared = Map<string, string | undefined>;

function platformArgs(prefix: string, platform: Platform): [string, string][] {
  return [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
}

/** The variables that FROM sees: the platform ones, and every ARG before the first FROM. */
export function globalVariables(
  instructions: readonly ArgInstruction[],
  given: { buildArgs: BuildArgs; host: Platform; target?: string; stage?: string; escape: string },
): Declared {
  const target = given.target === undefined ? given.host : parsePlatform(given.target);
  const declared: Declared = new Map([
    ...platformArgs('BUILD', given.host),
    ...platformArgs('TARGET', target),
    ['TARGETSTAGE', given.stage || 'default'],
  ]);
  const scope: Scope = { lookup: (name) => declared.get(name), escape: given.escape };
  for (const instruction of instructions) {
    for (const { name, value } of instruction.args) {
      const chosen =
        given.buildArgs.take(name) ?? (value === undefined ? declared.get(name) : expandWord(value, scope));
      declared.set(name, chosen);
    }
  }
  return declared;
}

/** The value an ARG inside a stage gets: build argument, default, or the global ARG of its name. */
export function argValue(
  arg: { name: string; value?: string },
  given: { buildArgs: BuildArgs; globals: Declared; scope: Scope },
): string | undefined {
  const built = given.buildArgs.take(arg.name);
  if (built !== undefined) return built;
  if (arg.value !== undefined) return expandWord(arg.value, given.scope);
  return given.globals.get(arg.name);
}

/** What is looked up inside a stage: ENV first, then ARG. */
export function stageScope(env: readonly string[], args: Declared, escapeChar: string): Scope {
  return {
    escape: escapeChar,
    lookup: (name) => {
      const set = env.findLast((entry) => entry.startsWith(`${name}=`));
      return set === undefined ? args.get(name) : set.slice(name.length + 1);
    },
  };
}
