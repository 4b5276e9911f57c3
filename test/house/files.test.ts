// The shape of files: first line, length, names, crowding of folders, and words that have no place here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { readSources } from './read-sources.ts';

const sources = readSources();
const product = sources.filter((file) => !file.isTest);
/** Words that name nothing; in Compose a service is a thing. */
const isVague = (word: string, room: string) =>
  vagueNames.includes(word) && !(room === 'compose' && word === 'service');
const vagueNames = ['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'manager', 'service', 'impl'];

test('the first line of a file tells what it is for', () => {
  const silent = sources.filter((file) => !/^(#!|\/\/ \S|\/\*\* ?\S)/.test(file.lines[0] ?? ''));
  assert.deepEqual(
    silent.map((file) => file.path),
    [],
  );
});

test('no file is over 400 lines, and files over 250 are rare', () => {
  const long = product.filter((file) => file.lines.length > 400);
  assert.deepEqual(
    long.map((file) => `${file.path}: ${file.lines.length}`),
    [],
  );
  const longish = product.filter((file) => file.lines.length > 250);
  assert.ok(
    longish.length <= product.length * 0.08,
    longish.map((file) => `${file.path}: ${file.lines.length}`).join('\n'),
  );
});

test('file names are kebab-case and say something', () => {
  const odd = sources.filter((file) => {
    const name = (file.path.split('/').pop() ?? '').replace(/(\.test)?\.tsx?$/, '');
    return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || name.split('-').some((word) => isVague(word, file.room));
  });
  assert.deepEqual(
    odd.map((file) => file.path),
    [],
  );
});

test('no folder holds more than 24 source files, none is deeper than three below its room', () => {
  const counts = new Map<string, number>();
  for (const file of product) counts.set(dirname(file.path), (counts.get(dirname(file.path)) ?? 0) + 1);
  const crowded = [...counts].filter(
    ([folder, count]) => count > 24 && !folder.startsWith('src/cli/commands'),
  );
  assert.deepEqual(crowded, []);
  assert.deepEqual(
    product.filter((file) => file.path.split('/').length > 6).map((file) => file.path),
    [],
  );
});

test('nothing is left half-done, and no check is switched off', () => {
  const marks = /\b(TODO|FIXME|XXX)\b|@ts-(ignore|nocheck|expect-error)|\bas any\b/;
  const marked = sources.flatMap((file) =>
    file.lines.flatMap((line, index) => (marks.test(line) ? [`${file.path}:${index + 1}`] : [])),
  );
  assert.deepEqual(marked, []);
});

test('no folder is made by a recursive mkdir of Node, which never ends in /proc: makeFolders does', () => {
  const endless = product.flatMap((file) =>
    file.lines.flatMap((line, index) =>
      /\bmkdir(Sync)?\(.*recursive: true/.test(line) ? [`${file.path}:${index + 1}`] : [],
    ),
  );
  assert.deepEqual(endless, []);
});

test('every dependency has its reason in docs/dependencies.md', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  const names = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((key) =>
    Object.keys(manifest[key] ?? {}),
  );
  const reasons = readFileSync('docs/dependencies.md', 'utf8');
  assert.deepEqual(
    names.filter((name) => !reasons.includes(`\`${name}\``)),
    [],
  );
});
