// Options → one normalised, checked project, by a reader of YAML that the caller gives.
import { dirname, resolve } from 'node:path';
import { checkProject } from '#compose/check/project.ts';
import { type Json, type JsonMap, mapOf } from '#compose/json.ts';
import { layerFiles } from '#compose/load/compose-files.ts';
import { type ParseYaml, type Reader, readRawTrees } from '#compose/load/document.ts';
import {
  type Environment,
  lookupIn,
  projectEnvironment,
  withBuildArguments,
  withEnvironment,
  withLabelFiles,
} from '#compose/load/environment.ts';
import { assertProjectName, discoverFiles, projectNameOf, shownPath } from '#compose/load/files.ts';
import { type Interpolation, interpolate } from '#compose/load/interpolate.ts';
import { type Located, placeIn } from '#compose/load/located.ts';
import { normaliseSections, normaliseService, splitByProfile, usedNames } from '#compose/load/normalise.ts';
import type { Project } from '#compose/model.ts';

export interface LoadOptions {
  /** Where the user is. Absolute. */
  directory: string;
  /** The user's environment. */
  environment: Environment;
  /** `-f` */
  files?: readonly string[] | undefined;
  /** `--project-directory` */
  projectDirectory?: string | undefined;
  /** `-p` */
  projectName?: string | undefined;
  /** `--profile`; `*` is all of them. */
  profiles?: readonly string[] | undefined;
  /** `--env-file` */
  envFiles?: readonly string[] | undefined;
  /** Services that the user named: they and what they need count as enabled. */
  services?: readonly string[] | undefined;
  /** False leaves variables as they are written. */
  interpolate?: boolean;
  /** False leaves `env_file` as it is. */
  resolveEnvironment?: boolean;
  /** True keeps networks, volumes, secrets and configs that no service uses. */
  allResources?: boolean;
  /** False leaves out the checks of what fits together. */
  checkConsistency?: boolean;
  /** What the file `-` holds. */
  stdin?: () => string;
}

/**
 * The project that the options name. Throws EngineErrors whose messages say file, line and column: `not-found`
 * where there is no file, `invalid` for all that is wrong in one. Reads files, and writes nothing.
 */
export function assembleProject(options: LoadOptions, parse: ParseYaml): Project {
  const shown = (path: string): string => shownPath(path, options.directory);
  const warnings = new Set<string>();
  const warn = (message: string): void => void warnings.add(message);
  const start = resolve(options.directory, options.projectDirectory ?? '.');
  const { environment: own, envFiles } = options;
  const early = projectEnvironment({ environment: own, directory: start, envFiles, shown });
  const files = discoverFiles({
    directory: start === options.directory ? start : options.directory,
    files: options.files,
    lookup: lookupIn(early),
    warn,
  });
  const directory = directoryOf(options, files);
  const environment =
    directory === start
      ? early
      : { ...projectEnvironment({ environment: own, directory, envFiles, shown }), ...definedOf(own) };
  const lookup = lookupIn(environment);
  const interpolation: Interpolation = { lookup, warn };
  const reader: Reader = { interpolation, shown, stdin: options.stdin, trees: new Map(), parse };
  const name = nameOf(options, { files, directory, reader, interpolation });
  environment['COMPOSE_PROJECT_NAME'] = name;
  if (options.interpolate === false) reader.interpolation = undefined;
  const { model, roots } = layerFiles({ files, directory, reader });
  if (model['version'] !== undefined)
    warn(
      `${shown(files[0] ?? '')}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`,
    );
  const project = projectOf(model, roots, { name, directory, files, environment, options, shown });
  project.warnings = [...warnings];
  if (options.checkConsistency !== false) checkProject(project);
  return options.allResources === true ? project : withoutUnused(project);
}

function directoryOf(options: LoadOptions, files: readonly string[]): string {
  if (options.projectDirectory !== undefined) return resolve(options.directory, options.projectDirectory);
  const [first] = files;
  return first === undefined || first === '-' ? options.directory : dirname(first);
}

function definedOf(environment: Environment): Record<string, string> {
  const defined: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) if (value !== undefined) defined[name] = value;
  return defined;
}

interface Naming {
  files: readonly string[];
  directory: string;
  reader: Reader;
  interpolation: Interpolation;
}

/** `-p`, COMPOSE_PROJECT_NAME, the last `name:` of the files, the folder's name. */
function nameOf(options: LoadOptions, naming: Naming): string {
  const said = options.projectName ?? naming.interpolation.lookup('COMPOSE_PROJECT_NAME');
  const name = said || nameInFiles(naming) || projectNameOf(naming.directory);
  assertProjectName(name);
  return name;
}

function nameInFiles({ files, reader, interpolation }: Naming): string | undefined {
  let name: string | undefined;
  for (const file of files) {
    for (const root of readRawTrees(file, reader)) {
      const node = root.value instanceof Map ? root.value.get('name') : undefined;
      if (node === undefined) continue;
      const { value } = interpolate(node, interpolation, ['name']);
      if (typeof value === 'string') name = value;
    }
  }
  return name;
}

interface Frame {
  name: string;
  directory: string;
  files: string[];
  environment: Record<string, string>;
  options: LoadOptions;
  shown: (path: string) => string;
}

function projectOf(model: JsonMap, roots: Located[], frame: Frame): Project {
  const { name, directory, files, environment, options, shown } = frame;
  const profiles =
    options.profiles ?? (environment['COMPOSE_PROFILES'] ?? '').split(',').map((profile) => profile.trim());
  const split = splitByProfile(
    mapValues(mapOf(model['services']), (service) => normaliseService(service, directory)),
    profiles,
  );
  const { enabled, disabled } = withNamed(split, options.services ?? []);
  const complete = (service: JsonMap): JsonMap => {
    const withArguments = withBuildArguments(service, environment);
    if (options.resolveEnvironment === false) return withArguments;
    const all = withLabelFiles(withEnvironment(withArguments, { environment, shown }), {
      environment,
      shown,
    });
    return normaliseService(all, directory);
  };
  const services = mapValues(enabled, complete);
  const sections = normaliseSections({ ...model, services }, name);
  const extensions = Object.fromEntries(Object.entries(model).filter(([key]) => key.startsWith('x-')));
  const data = {
    name,
    services,
    ...sections,
    models: mapOf(model['models']),
    extensions,
    disabled,
    directory,
    files,
    environment,
  };
  // The schema has been checked, so the data has the shape that the model tells.
  const project = data as unknown as Omit<Project, 'warnings' | 'placeOf'>;
  return { ...project, warnings: [], placeOf: (path) => placeIn(roots, path) };
}

/** The project without networks, volumes, secrets and configs that no enabled service refers to. */
function withoutUnused(project: Project): Project {
  const used = usedNames(project.services);
  const only = <T>(things: Record<string, T>, names: ReadonlySet<string>): Record<string, T> =>
    Object.fromEntries(Object.entries(things).filter(([key]) => names.has(key)));
  return {
    ...project,
    networks: only(project.networks, used.networks),
    volumes: only(project.volumes, used.volumes),
    secrets: only(project.secrets, used.secrets),
    configs: only(project.configs, used.configs),
  };
}

function mapValues(map: JsonMap, change: (value: JsonMap) => JsonMap): JsonMap {
  return Object.fromEntries(
    Object.entries(map).map(([key, value]): [string, Json] => [key, change(mapOf(value))]),
  );
}

/** Naming a service enables it, whatever its profiles. */
function withNamed(
  { enabled, disabled }: { enabled: JsonMap; disabled: JsonMap },
  names: readonly string[],
): { enabled: JsonMap; disabled: JsonMap } {
  const all = { ...enabled };
  const rest = { ...disabled };
  for (const name of names) {
    const service = rest[name];
    if (service === undefined) continue;
    all[name] = service;
    delete rest[name];
  }
  return {
    enabled: Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1))),
    disabled: rest,
  };
}
