// The instructions that `import --change` and `commit --change` may apply to an image's configuration.
import { invalid } from '#shared/errors.ts';
import type { ImageRunConfig } from '#shared/oci/specs.ts';

type Change = (config: ImageRunConfig, rest: string) => void;

/** A copy of `config` with every change applied, in order. Throws `invalid` on text that is no such instruction. */
export function applyChanges(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  const changed = structuredClone(config);
  for (const text of changes) {
    const [, word = '', rest = ''] = /^\s*(\S+)\s*([\s\S]*?)\s*$/.exec(text) ?? [];
    const name = word.toUpperCase();
    const apply = Object.hasOwn(byInstruction, name) ? byInstruction[name] : undefined;
    if (apply === undefined)
      throw invalid(`${word.toLowerCase() || 'an empty line'} is not a valid change command`);
    if (rest === '') throw invalid(`${name} requires at least one argument`);
    apply(changed, rest);
  }
  return changed;
}

const byInstruction: Record<string, Change> = {
  CMD: (config, rest) => {
    config.Cmd = commandOf(rest);
  },
  ENTRYPOINT: (config, rest) => {
    config.Entrypoint = commandOf(rest);
  },
  ENV: (config, rest) => {
    for (const [key, value] of pairsOf('ENV', rest)) {
      config.Env = [...(config.Env ?? []).filter((one) => !one.startsWith(`${key}=`)), `${key}=${value}`];
    }
  },
  EXPOSE: (config, rest) => {
    for (const port of wordsOf(rest)) {
      if (!/^\d{1,5}(-\d{1,5})?(\/(tcp|udp|sctp))?$/i.test(port))
        throw invalid(`invalid containerPort: ${port}`);
      const key = port.includes('/') ? port.toLowerCase() : `${port}/tcp`;
      config.ExposedPorts = { ...config.ExposedPorts, [key]: {} };
    }
  },
  LABEL: (config, rest) => {
    config.Labels = { ...config.Labels, ...Object.fromEntries(pairsOf('LABEL', rest)) };
  },
  USER: (config, rest) => {
    config.User = rest;
  },
  VOLUME: (config, rest) => {
    for (const path of listOf(rest) ?? wordsOf(rest)) config.Volumes = { ...config.Volumes, [path]: {} };
  },
  WORKDIR: (config, rest) => {
    const [path = rest] = wordsOf(rest);
    config.WorkingDir = path.startsWith('/')
      ? path
      : `${config.WorkingDir ?? ''}/${path}`.replace(/^\/*/, '/');
  },
  ONBUILD: (config, rest) => {
    config.OnBuild = [...(config.OnBuild ?? []), rest];
  },
  STOPSIGNAL: (config, rest) => {
    config.StopSignal = rest;
  },
};

function commandOf(rest: string): string[] {
  return listOf(rest) ?? ['/bin/sh', '-c', rest];
}

/** A JSON list of texts, or undefined. */
function listOf(rest: string): string[] | undefined {
  if (!rest.startsWith('[')) return undefined;
  try {
    const parsed: unknown = JSON.parse(rest);
    if (Array.isArray(parsed) && parsed.every((item) => typeof item === 'string')) return parsed;
  } catch {}
  return undefined;
}

function pairsOf(instruction: string, rest: string): [string, string][] {
  const words = wordsOf(rest);
  const [first = '', ...more] = words;
  if (!first.includes('=') && instruction === 'ENV' && more.length > 0) {
    return [[first, rest.slice(rest.indexOf(first) + first.length).trim()]];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals <= 0)
      throw invalid(
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
      );
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** Splits at white space; quotes and backslashes keep it together and are taken off. */
function wordsOf(text: string): string[] {
  const words = text.match(/(?:\\[\s\S]|"(?:\\[\s\S]|[^"\\])*"|'[^']*'|[^\s\\"']|["'\\])+/g) ?? [];
  return words.map((word) =>
    word.replace(
      /"((?:\\[\s\S]|[^"\\])*)"|'([^']*)'|\\([\s\S])/g,
      (_, double?: string, single?: string, plain?: string) =>
        double === undefined ? (single ?? plain ?? '') : double.replace(/\\(["\\$])/g, '$1'),
    ),
  );
}
