// Watches the files that services name under `develop.watch`, and brings what changes into their containers.
import { type FSWatcher, watch as watchFiles } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '#compose/execute/session.ts';
import type { Project, WatchRule } from '#compose/model.ts';
import { invalid, messageOf } from '#shared/errors.ts';
import { applyRules, type Triggered } from './apply.ts';
import { type Choice, changesBetween, choiceOf, type Seen, scan } from './scan.ts';

export interface WatchOptions {
  /** All that have rules where there are none. */
  services?: readonly string[];
  /** Ends it. */
  signal: AbortSignal;
  /** A line for the user. */
  say(line: string): void;
}

// An editor writes a file in several steps, a tool many files at once: they are one change.
const quietMs = 150;

interface Watched {
  service: string;
  rule: WatchRule;
  choice: Choice;
  seen: Seen;
}

/** Resolves with the signal. Throws `invalid` where no service has rules. A change that cannot be applied is told. */
export async function watchProject(session: Session, options: WatchOptions): Promise<void> {
  const watched = rulesOf(session.project, options);
  if (watched.length === 0) {
    throw invalid('none of the selected services is configured for watch', {
      hint: 'give a service the section develop.watch: a path, and the action sync, rebuild, restart, sync+restart or sync+exec',
    });
  }
  let changed = Promise.withResolvers<void>();
  const watchers = [...new Set(watched.map(({ rule }) => rule.path))].map((path) =>
    openWatcher(path, () => changed.resolve(), options),
  );
  const ended = new Promise<void>((resolve) => {
    if (options.signal.aborted) resolve();
    options.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await syncAtStart(session, watched, options);
    options.say('Watch enabled');
    while (!options.signal.aborted) {
      await Promise.race([changed.promise, ended]);
      if (options.signal.aborted) return;
      await sleep(quietMs);
      changed = Promise.withResolvers<void>();
      await applyChanges(session, watched, options);
    }
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}

function rulesOf(project: Project, { services, say }: WatchOptions): Watched[] {
  const names = services?.length ? services : Object.keys(project.services);
  return names.flatMap((name) => {
    const service = project.services[name] ?? {};
    return (service.develop?.watch ?? []).flatMap((rule) => {
      const bound = service.volumes?.find(
        ({ type, source, target }) => type === 'bind' && rule.path === source && rule.target === target,
      );
      if (bound !== undefined) {
        say(`path '${rule.path}' is bound into service "${name}" by a volume: it needs no watching`);
        return [];
      }
      const choice = choiceOf(rule, service);
      return [{ service: name, rule, choice, seen: scan(rule.path, choice) }];
    });
  });
}

function openWatcher(path: string, onChange: () => void, { say }: WatchOptions): FSWatcher {
  try {
    return watchFiles(path, { recursive: true }, onChange).on('error', (thrown) =>
      say(`cannot watch ${path}: ${messageOf(thrown)}`),
    );
  } catch (thrown) {
    throw invalid(`cannot watch ${path}: ${messageOf(thrown)}`);
  }
}

async function syncAtStart(session: Session, watched: Watched[], options: WatchOptions): Promise<void> {
  const initial = watched
    .filter(({ rule }) => rule.initial_sync === true && rule.action.startsWith('sync'))
    .map((each) => ({ each, triggered: { rule: each.rule, changed: [...each.seen.keys()], removed: [] } }));
  await applyAll(session, initial, options);
}

async function applyChanges(session: Session, watched: Watched[], options: WatchOptions): Promise<void> {
  const triggered = watched.flatMap((each) => {
    const now = scan(each.rule.path, each.choice);
    const changes = changesBetween(each.seen, now);
    each.seen = now;
    const isNone = changes.changed.length === 0 && changes.removed.length === 0;
    return isNone ? [] : [{ each, triggered: { rule: each.rule, ...changes } }];
  });
  await applyAll(session, triggered, options);
}

async function applyAll(
  session: Session,
  triggered: { each: Watched; triggered: Triggered }[],
  { say }: WatchOptions,
): Promise<void> {
  for (const [service, ofService] of Map.groupBy(triggered, ({ each }) => each.service)) {
    const rules = ofService.map((one) => one.triggered);
    const count = rules.reduce((sum, { changed, removed }) => sum + changed.length + removed.length, 0);
    say(
      rules.some(({ rule }) => rule.action === 'rebuild')
        ? `Rebuilding service(s) ["${service}"] after changes were detected...`
        : `Syncing service "${service}" after ${count} changes were detected`,
    );
    try {
      await applyRules(session, service, rules);
      say(`service(s) ["${service}"] ${doneWord(rules)}`);
    } catch (thrown) {
      say(`service "${service}" could not take the change: ${messageOf(thrown)}`);
    }
  }
}

function doneWord(rules: readonly Triggered[]): string {
  const actions = rules.map(({ rule }) => rule.action);
  if (actions.includes('rebuild')) return 'rebuilt';
  return actions.some((action) => action.endsWith('restart')) ? 'restarted' : 'synced';
}
