// A project written in TypeScript: its module is run, and what it gives is read as if it were YAML.
import { createRequire, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Located } from '#compose/load/located.ts';
import { type Place, problem } from '#compose/load/place.ts';
import { codeOf, messageOf, notFound } from '#shared/errors.ts';
import { NeedsNode } from '#shared/needs-node.ts';

/** What a module of a project imports `defineProject` from. */
export const moduleName = 'wharf/compose';

// At run time `defineProject` only hands on what it is given; its types are in `define/`.
const defineUrl = 'wharf-compose:define';
const defineSource = 'export const defineProject = (project) => project;';

/** Whether the file is a module and not YAML. */
export function isModule(path: string): boolean {
  return /\.[cm]?[jt]s$/.test(path);
}

/**
 * Runs the module, once in a process, and gives its default export, or the one named `project`, as a tree. A `$` in it is a `$`: variables
 * are the module's own business. Throws `invalid` where it fails, gives no project, or holds what is not data.
 */
export function readModule(path: string, shown: string): Located[] {
  // What starts our commands in a release knows no hooks.
  if (typeof registerHooks !== 'function') throw new NeedsNode('a project in TypeScript');
  const at = { file: shown, line: 1, column: 1 };
  const exported = load(path, at);
  const project = exported['default'] ?? exported['project'];
  if (typeof project !== 'object' || project === null || Array.isArray(project))
    throw problem(
      at,
      'it has no project',
      `end it with: export default defineProject({ services: { … } }), from '${moduleName}'`,
    );
  return [locate(project, [], at)];
}

function load(path: string, at: Place): Record<string, unknown> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === moduleName
        ? { url: defineUrl, format: 'module', shortCircuit: true }
        : next(specifier, context),
    load: (url, context, next) =>
      url === defineUrl ? { format: 'module', source: defineSource, shortCircuit: true } : next(url, context),
  });
  try {
    return createRequire(pathToFileURL(path))(path) as Record<string, unknown>;
  } catch (thrown) {
    if (codeOf(thrown) === 'MODULE_NOT_FOUND' && messageOf(thrown).includes(`'${path}'`))
      throw notFound(`open ${at.file}: no such file or directory`);
    throw problem(at, messageOf(thrown).split('\n')[0] ?? 'it fails');
  } finally {
    hooks.deregister();
  }
}

function locate(value: unknown, path: readonly string[], at: Place): Located {
  if (typeof value === 'string') return { value: value.replaceAll('$', '$$$$'), at };
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return { value, at };
  if (Array.isArray(value))
    return { value: value.map((item, index) => locate(item, [...path, String(index)], at)), at };
  const isPlain =
    typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value));
  if (!isPlain) throw problem(at, `${path.join('.')}: ${describe(value)} is not data`);
  const entries = Object.entries(value as object).filter(([, child]) => child !== undefined);
  return {
    value: new Map(entries.map(([key, child]) => [key, locate(child, [...path, key], at)])),
    at,
  };
}

function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null) return `a ${value.constructor.name}`;
  return typeof value === 'undefined' ? 'nothing' : `a ${typeof value}`;
}
