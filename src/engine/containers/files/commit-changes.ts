// `--change` of commit and import: Dockerfile instructions that only touch the configuration.
import { invalid } from '#shared/errors.ts';
import { parseDuration } from '#shared/notation/duration.ts';
import { mergeEnv } from '#shared/notation/env.ts';
import type { Healthcheck, ImageRunConfig } from '#shared/oci/specs.ts';

type Change = (config: ImageRunConfig, rest: string) => Partial<ImageRunConfig>;

const changes: Record<string, Change> = {
  CMD: (config, rest) => ({ Cmd: wordsOf(rest, config.Shell) }),
  ENTRYPOINT: (config, rest) => ({ Entrypoint: wordsOf(rest, config.Shell) }),
  ENV: (config, rest) => ({
    Env: mergeEnv(
      config.Env ?? [],
      pairsOf(rest).map(([key, value]) => `${key}=${value}`),
    ),
  }),
  LABEL: (config, rest) => ({ Labels: { ...config.Labels, ...Object.fromEntries(pairsOf(rest)) } }),
  EXPOSE: (config, rest) => ({
    ExposedPorts: { ...config.ExposedPorts, ...setOf(rest.split(/\s+/).map(portKey)) },
  }),
  VOLUME: (config, rest) => ({ Volumes: { ...config.Volumes, ...setOf(listOf(rest) ?? rest.split(/\s+/)) } }),
  USER: (_, rest) => ({ User: rest }),
  WORKDIR: (_, rest) => ({ WorkingDir: rest }),
  STOPSIGNAL: (_, rest) => ({ StopSignal: rest }),
  HEALTHCHECK: (_, rest) => ({ Healthcheck: healthcheckOf(rest) }),
  ONBUILD: (config, rest) => ({ OnBuild: [...(config.OnBuild ?? []), rest] }),
};

/** The configuration after the changes, in their order. Throws `invalid` for an instruction that is none of these. */
export function applyChanges(config: ImageRunConfig, texts: readonly string[]): ImageRunConfig {
  let after = config;
  for (const text of texts) {
    const [, word = '', rest = ''] = /^\s*(\S+)\s*([\s\S]*?)\s*$/.exec(text) ?? [];
    const name = word.toUpperCase();
    const change = Object.hasOwn(changes, name) ? changes[name] : undefined;
    if (change === undefined) throw invalid(`${name} is not a valid change command`);
    after = { ...after, ...change(after, rest) };
  }
  return after;
}

function listOf(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) && parsed.every((word) => typeof word === 'string') ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function wordsOf(text: string, shell: string[] | undefined): string[] {
  return listOf(text) ?? [...(shell ?? ['/bin/sh', '-c']), text];
}

const durations: Readonly<Record<string, keyof Omit<Healthcheck, 'Test' | 'Retries'>>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};

/** `[--interval=5s …] CMD command`, or `NONE`. */
function healthcheckOf(text: string): Healthcheck {
  const check: Healthcheck = {};
  let rest = text;
  for (let flag = flagIn(rest); flag !== null; flag = flagIn(rest)) {
    const [whole, name = '', value = ''] = flag;
    const field = durations[name];
    if (field !== undefined) check[field] = parseDuration(value);
    else if (name === 'retries' && /^\d+$/.test(value)) check.Retries = Number(value);
    else throw invalid(`unknown flag: ${name}`);
    rest = rest.slice(whole.length);
  }
  if (/^none$/i.test(rest)) return { ...check, Test: ['NONE'] };
  const command = /^cmd\s+([\s\S]+)$/i.exec(rest)?.[1];
  if (command === undefined) throw invalid(`Unknown type in HEALTHCHECK: ${rest.split(/\s/, 1)[0]}`);
  const words = listOf(command);
  return { ...check, Test: words === undefined ? ['CMD-SHELL', command] : ['CMD', ...words] };
}

const flagIn = (text: string): RegExpExecArray | null => /^--([a-z-]+)=(\S+)\s*/.exec(text);

/** `a=b "c"="d e"`, or the old form `a the rest`. */
function pairsOf(text: string): [string, string][] {
  const pairs = [...text.matchAll(/("[^"]*"|[^\s=]+)=("(?:[^"\\]|\\.)*"|'[^']*'|\S*)/g)];
  if (pairs.length > 0) return pairs.map(([, key = '', value = '']) => [bare(key), bare(value)]);
  const space = text.search(/\s/);
  if (space < 0) throw invalid(`${text}: expected a key and a value`);
  return [[text.slice(0, space), text.slice(space + 1).trim()]];
}

const bare = (text: string): string => (/^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text);
const portKey = (port: string): string => (port.includes('/') ? port : `${port}/tcp`);
const setOf = (keys: string[]): Record<string, object> => Object.fromEntries(keys.map((key) => [key, {}]));
