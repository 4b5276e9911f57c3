// The arrows of the house: which room may import which, and that no imports go in a circle.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { readSources, type SourceFile } from './read-sources.ts';

/** Each room and the rooms below it; all may import `shared`. Told in docs/house.md. */
const mayImport: Record<string, string[]> = {
  shared: [],
  kernel: [],
  registry: [],
  runtime: ['kernel'],
  storage: ['kernel'],
  engine: ['storage', 'runtime', 'registry', 'kernel'],
  api: ['engine'],
  client: [],
  compose: ['client'],
  hub: ['storage', 'registry'],
  daemon: ['api', 'engine', 'client', 'hub', 'kernel'],
  cli: ['client', 'compose', 'daemon', 'registry'],
};

const sources = readSources();
const product = sources.filter((file) => !file.isTest);

test('there are sources to look at, each in a known room', () => {
  assert.ok(product.length > 50);
  const unknown = product.filter((file) => !(file.room in mayImport));
  assert.deepEqual(paths(unknown), []);
});

test('arrows between rooms go only the ways that are told', () => {
  const forbidden = product.flatMap((file) =>
    file.imports
      .filter((target) => !arrowAllowed(file.room, target.split('/')[1] ?? ''))
      .map((target) => `${file.path} → ${target}`),
  );
  assert.deepEqual(forbidden, []);
});

test('imports name files that exist', () => {
  const missing = sources.flatMap((file) =>
    file.imports.filter((target) => !existsSync(target)).map((target) => `${file.path} → ${target}`),
  );
  assert.deepEqual(missing, []);
});

test('shared is pure: nothing of Node in it', () => {
  const impure = product.filter(
    (file) => file.room === 'shared' && file.packages.some((name) => name.startsWith('node:')),
  );
  assert.deepEqual(paths(impure), []);
});

test('only the kernel starts programs or calls libc', () => {
  const callers = product.filter(
    (file) =>
      file.room !== 'kernel' &&
      file.packages.some((name) => name === 'node:child_process' || name === 'koffi'),
  );
  assert.deepEqual(
    paths(callers).filter((path) => !startsProgramsForUsers.includes(path)),
    [],
  );
});

/** Clients that start a user's own helper programs, on machines that may have no kernel room to ask. */
const startsProgramsForUsers = ['src/client/programs.ts'];

test('no import goes in a circle, types included', () => {
  assert.deepEqual(findCircles(product), []);
});

function arrowAllowed(from: string, to: string): boolean {
  return from === to || to === 'shared' || (mayImport[from] ?? []).includes(to);
}

function paths(files: SourceFile[]): string[] {
  return files.map((file) => file.path);
}

/** Depth-first search; each circle found is told once, as the path round it. */
function findCircles(files: SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, trail: string[]) => {
    const at = trail.indexOf(path);
    if (at >= 0) circles.push([...trail.slice(at), path].join(' → '));
    if (at >= 0 || done.has(path)) return;
    for (const target of byPath.get(path)?.imports ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of byPath.keys()) visit(path, []);
  return circles;
}
