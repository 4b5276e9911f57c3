// The variables of a project and of its services: the caller's environment, `.env`, env files, label files.
import { join, resolve } from 'node:path';
import { isMap, itemsOf, type JsonMap, mapOf, textOf } from '#compose/json.ts';
import { parseDotenv } from '#compose/load/dotenv.ts';
import { readText, readTextIfThere } from '#compose/load/files.ts';
import type { Lookup } from '#compose/load/template.ts';
import { notFound } from '#shared/errors.ts';
import { parseEnvFile } from '#shared/notation/env.ts';

export type Environment = Record<string, string | undefined>;

/** Reads a variable of a record, and nothing that every object has. */
export function lookupIn(environment: Environment): Lookup {
  return (name) => (Object.hasOwn(environment, name) ? environment[name] : undefined);
}

export interface EnvironmentSources {
  /** The caller's; it wins. */
  environment: Environment;
  directory: string;
  /** `--env-file`, in order; the last one wins. Without any it is the folder's `.env`. */
  envFiles: readonly string[] | undefined;
  shown: (path: string) => string;
}

/** What variables of Compose files are filled from. Throws where a file that was named is not there. */
export function projectEnvironment(sources: EnvironmentSources): Record<string, string> {
  const { directory, shown } = sources;
  const own = lookupIn(sources.environment);
  const named = sources.envFiles ?? (own('COMPOSE_ENV_FILES') ?? '').split(',').filter((file) => file !== '');
  const found = new Map<string, string>();
  const add = (text: string, path: string): void => {
    const lookup: Lookup = (name) => own(name) ?? found.get(name);
    for (const [name, value] of parseDotenv(text, shown(path), lookup)) found.set(name, value);
  };
  for (const file of named) {
    const path = resolve(directory, file);
    add(readEnvFile(path, shown(path)), path);
  }
  const usual = join(directory, '.env');
  if (named.length === 0 && own('COMPOSE_DISABLE_ENV_FILE') === undefined)
    add(readTextIfThere(usual) ?? '', usual);
  for (const [name, value] of Object.entries(sources.environment))
    if (value !== undefined) found.set(name, value);
  return Object.fromEntries(found);
}

function readEnvFile(path: string, shown: string): string {
  const text = readTextIfThere(path);
  if (text === undefined) throw notFound(`couldn't find env file: ${shown}`);
  return text;
}

export interface ServiceFiles {
  environment: Record<string, string>;
  shown: (path: string) => string;
}

/**
 * The service with all its variables in `environment`: env files in order, then its own; those without a value
 * take the project's, and stay null where that has none. Throws `not-found` for a missing file that is required.
 */
export function withEnvironment(service: JsonMap, files: ServiceFiles): JsonMap {
  const { env_file, ...rest } = service;
  const found: JsonMap = {};
  const project = lookupIn(files.environment);
  for (const entry of itemsOf(env_file)) readInto(found, mapOf(entry), files);
  for (const [name, value] of Object.entries(mapOf(service['environment']))) {
    found[name] = value === null ? (project(name) ?? found[name] ?? null) : value;
  }
  return Object.keys(found).length === 0 ? rest : { ...rest, environment: found };
}

function readInto(found: JsonMap, entry: JsonMap, files: ServiceFiles): void {
  const path = textOf(entry['path']);
  const text = readTextIfThere(path);
  if (text === undefined) {
    if (entry['required'] === false) return;
    throw notFound(`env file ${path} not found: stat ${path}: no such file or directory`);
  }
  const project = lookupIn(files.environment);
  if (entry['format'] === 'raw') {
    for (const line of parseEnvFile(text, project)) {
      const equals = line.indexOf('=');
      found[line.slice(0, equals)] = line.slice(equals + 1);
    }
    return;
  }
  const lookup: Lookup = (name) => (typeof found[name] === 'string' ? String(found[name]) : project(name));
  for (const [name, value] of parseDotenv(text, files.shown(path), lookup)) found[name] = value;
}

/** The service with the labels of its label files below its own. */
export function withLabelFiles(service: JsonMap, files: ServiceFiles): JsonMap {
  const { label_file, ...rest } = service;
  const found: JsonMap = {};
  for (const file of itemsOf(label_file)) {
    const path = textOf(file);
    for (const [name, value] of parseDotenv(
      readText(path, files.shown(path)),
      files.shown(path),
      () => undefined,
    )) {
      found[name] = value;
    }
  }
  const labels = { ...found, ...mapOf(service['labels']) };
  return Object.keys(labels).length === 0 ? rest : { ...rest, labels };
}

/** Build arguments without a value take the project's, and are left out where that has none. */
export function withBuildArguments(service: JsonMap, environment: Record<string, string>): JsonMap {
  const { build } = service;
  if (!isMap(build) || !isMap(build['args'])) return service;
  const project = lookupIn(environment);
  const args: JsonMap = {};
  for (const [name, value] of Object.entries(build['args'])) {
    const known = value === null ? project(name) : value;
    if (known !== undefined) args[name] = known;
  }
  return { ...service, build: { ...build, args } };
}
