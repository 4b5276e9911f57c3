// The checker against a JSON Schema library: both must say yes and no to the same documents.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { fileSchema } from '#compose/check/schema/file.ts';
import { validate } from '#compose/check/validate.ts';
import { isMap, type Json } from '#compose/json.ts';
import { plainOf } from '#compose/load/located.ts';
import { readYaml } from '#compose/load/yaml.ts';
import { EngineError } from '#shared/errors.ts';

const compiled = new Ajv({ strict: false }).compile(fileSchema);
const casesFolder = join(import.meta.dirname, '../../../test/compose-cases');

test('the schema says of every case what a JSON Schema library says', () => {
  let looked = 0;
  for (const file of globSync('*.yaml', { cwd: casesFolder })) {
    const cases: { name: string; compose?: string }[] = parse(readFileSync(join(casesFolder, file), 'utf8'));
    for (const { name, compose } of cases) {
      if (compose === undefined) continue;
      for (const root of treesOf(compose)) {
        const ours = validate(root, fileSchema).length === 0;
        assert.equal(ours, compiled(withoutNull(plainOf(root))), name);
        looked += 1;
      }
    }
  }
  assert.ok(looked > 60, `${looked} documents`);
});

function treesOf(text: string): ReturnType<typeof readYaml> {
  try {
    return readYaml(text, 'compose.yaml');
  } catch (thrown) {
    assert.ok(thrown instanceof EngineError);
    return [];
  }
}

/** A key with nothing behind it counts as absent in Compose files. */
function withoutNull(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNull);
  if (!isMap(value)) return value;
  const kept = Object.entries(value).filter(([, one]) => one !== null);
  return Object.fromEntries(kept.map(([key, one]) => [key, withoutNull(one)]));
}

test('every attribute of the specification is known', () => {
  const services = fileSchema.properties?.['services']?.anyOf?.[0];
  const attributes = Object.keys(Object.values(services?.patternProperties ?? {})[0]?.properties ?? {});
  assert.ok(attributes.length >= 93, `${attributes.length} attributes`);
});
