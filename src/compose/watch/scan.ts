// What lies below the path of a watch rule, and what has changed since it was last looked at.
import { lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs';
import { join, sep } from 'node:path';
import type { Service, WatchRule } from '#compose/model.ts';
import { type IgnoreRules, ignoreRules, parseIgnore } from '#shared/notation/ignore.ts';

/** By path relative to the rule's path (empty where that is a file itself): what tells one content from another. */
export type Seen = ReadonlyMap<string, string>;

export interface Changes {
  /** Relative to the rule's path, in order. */
  changed: string[];
  removed: string[];
}

/** Which files below a rule's path take part. Paths are relative to it. */
export interface Choice {
  chooses(path: string): boolean;
}

// What editors and version control put beside the files that people mean.
const alwaysIgnored = ['**/.git', '**/.DS_Store', '**/*~', '**/.*.swp', '**/.*.swx', '**/4913', '**/.#*'];

/** The rule's `ignore` and `include`, the rules of the build context's .dockerignore, and what editors leave. */
export function choiceOf(rule: WatchRule, service: Service): Choice {
  const own = matcher([...alwaysIgnored, ...(rule.ignore ?? [])]);
  const included = rule.include === undefined ? undefined : matcher(rule.include);
  const context = service.build?.context;
  const ofContext = context === undefined ? undefined : contextRules(context);
  const prefix = context === undefined ? undefined : below(context, rule.path);
  return {
    chooses(path) {
      if (path === '') return true;
      if (own.excludes(path)) return false;
      if (included !== undefined && !included.excludes(path)) return false;
      return ofContext === undefined || prefix === undefined || !ofContext.excludes(join(prefix, path));
    },
  };
}

function matcher(patterns: readonly string[]): IgnoreRules {
  return ignoreRules(patterns.map((pattern) => pattern.replace(/^\.?\//, '')));
}

function contextRules(context: string): IgnoreRules | undefined {
  try {
    return parseIgnore(readFileSync(join(context, '.dockerignore'), 'utf8'));
  } catch {
    return undefined;
  }
}

/** `path` as it is seen from `folder`; undefined where it is not below it. */
function below(folder: string, path: string): string | undefined {
  if (path === folder) return '';
  return path.startsWith(`${folder.replace(/\/$/, '')}${sep}`) ? path.slice(folder.length + 1) : undefined;
}

/** Looks at every file that takes part. What is gone while it is looked at is not there. */
export function scan(root: string, choice: Choice): Seen {
  const seen = new Map<string, string>();
  const top = statOf(root);
  if (top === undefined) return seen;
  if (!top.isDirectory()) return seen.set('', stampOf(top));
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of namesIn(join(root, folder))) {
      const path = join(folder, name);
      const stat = statOf(join(root, path));
      if (stat === undefined || !choice.chooses(path)) continue;
      if (stat.isDirectory()) folders.push(path);
      else if (stat.isFile() || stat.isSymbolicLink()) seen.set(path, stampOf(stat));
    }
  }
  return seen;
}

export function changesBetween(before: Seen, after: Seen): Changes {
  return {
    changed: [...after].flatMap(([path, stamp]) => (before.get(path) === stamp ? [] : [path])).sort(),
    removed: [...before.keys()].filter((path) => !after.has(path)).sort(),
  };
}

const stampOf = (stat: Stats): string =>
  `${stat.ino} ${stat.mtimeMs} ${stat.ctimeMs} ${stat.size} ${stat.mode}`;

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
