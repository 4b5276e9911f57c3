// Runs every case of test/compose-cases: input files → normalised data, or the error they must give.
import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';
import { configData } from '#compose/config.ts';
import { isMap, type Json } from '#compose/json.ts';
import type { LoadOptions } from '#compose/load/assemble.ts';
import { loadProject } from '#compose/load/load.ts';
import type { Project } from '#compose/model.ts';
import { EngineError } from '#shared/errors.ts';

interface Case {
  name: string;
  /** The text of compose.yaml, where it is the only file. */
  compose?: string;
  files?: Record<string, string>;
  /** Below the project's folder, where the user is. */
  directory?: string;
  environment?: Record<string, string>;
  options?: Partial<LoadOptions>;
  /** All of what `config` prints. `<dir>` and `<parent>` stand for the project's folder and the one above. */
  config?: Json;
  /** Some of it, by path. */
  expect?: Record<string, Json>;
  /** The names of the enabled services. */
  services?: string[];
  warnings?: string[];
  error?: string;
  errorStarts?: string;
  errorEnds?: string;
  hint?: string;
}

const casesFolder = join(import.meta.dirname, '../../test/compose-cases');
const root = mkdtempSync(join(tmpdir(), 'wharf-compose-'));
after(() => rmSync(root, { recursive: true, force: true }));

let total = 0;
for (const file of globSync('*.yaml', { cwd: casesFolder }).sort()) {
  const cases: Case[] = parse(readFileSync(join(casesFolder, file), 'utf8'));
  total += cases.length;
  describe(file, () => {
    for (const [index, one] of cases.entries()) {
      test(one.name, () => check(one, join(root, `${file}-${index}`)));
    }
  });
}

test('there are enough cases', () => assert.ok(total >= 120, `${total} cases`));

function check(one: Case, parent: string): void {
  const folder = join(parent, 'app');
  for (const [name, text] of Object.entries(one.files ?? { 'compose.yaml': one.compose ?? '' })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const place = <T extends Json>(value: T): T =>
    JSON.parse(JSON.stringify(value).replaceAll('<dir>', folder).replaceAll('<parent>', parent));
  const load = (): Project =>
    loadProject({
      directory: join(folder, one.directory ?? '.'),
      environment: one.environment ?? {},
      ...one.options,
    });
  const isError = [one.error, one.errorStarts, one.errorEnds].some((text) => text !== undefined);
  if (isError) checkError(one, load, place);
  else checkProject(one, load(), place);
}

function checkError(one: Case, load: () => Project, place: (text: string) => string): void {
  assert.throws(load, (thrown) => {
    assert.ok(thrown instanceof EngineError, String(thrown));
    if (one.error !== undefined) assert.equal(thrown.message, place(one.error));
    if (one.errorStarts !== undefined)
      assert.equal(thrown.message.slice(0, one.errorStarts.length), one.errorStarts);
    if (one.errorEnds !== undefined) assert.equal(thrown.message.slice(-one.errorEnds.length), one.errorEnds);
    if (one.hint !== undefined) assert.equal(thrown.hint, one.hint);
    return true;
  });
}

function checkProject(one: Case, project: Project, place: <T extends Json>(value: T) => T): void {
  const data = configData(project);
  if (one.config !== undefined) assert.deepEqual(data, place(one.config));
  for (const [path, wanted] of Object.entries(one.expect ?? {})) {
    assert.deepEqual(valueAt(data, path), place(wanted), path);
  }
  if (one.services !== undefined) assert.deepEqual(Object.keys(project.services), one.services);
  assert.deepEqual(project.warnings, place(one.warnings ?? []));
}

function valueAt(data: Json, path: string): Json | undefined {
  return path
    .split('.')
    .reduce<Json | undefined>((value, key) => (isMap(value) ? value[key] : undefined), data);
}
