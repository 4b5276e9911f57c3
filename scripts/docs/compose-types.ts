// Writes the types of `compose.ts` from the schema: `scripts/with-node.sh scripts/docs/compose-types.ts`.
import { writeFileSync } from 'node:fs';
import * as buildSchemas from '#compose/check/schema/build.ts';
import * as deploySchemas from '#compose/check/schema/deploy.ts';
import { fileSchema } from '#compose/check/schema/file.ts';
import type { Schema } from '#compose/check/schema/schema.ts';
import { service } from '#compose/check/schema/service.ts';

export const typesFolder = new URL('../../src/compose/define/', import.meta.url);

/** Schemas that get a type of their own, by its name. */
const named = new Map<Schema, string>([
  [service, 'Service'],
  [buildSchemas.build, 'Build'],
  [buildSchemas.develop, 'Develop'],
  [deploySchemas.deploy, 'Deploy'],
]);
const words = {
  null: 'null',
  boolean: 'boolean',
  integer: 'number',
  number: 'number',
  string: 'string',
} as const;

/** The TypeScript of a schema; `own` is the schema whose type is being written. */
function typeOf(schema: Schema, own?: Schema): string {
  const name = named.get(schema);
  if (name !== undefined && schema !== own) return name;
  if (schema.anyOf !== undefined) return unionOf(schema.anyOf.map((each) => typeOf(each, own)));
  if (schema.enum !== undefined) return unionOf(schema.enum.map((word) => JSON.stringify(word)));
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length === 0) return 'unknown';
  return unionOf(
    types.map((type) => {
      if (type === 'array') return `readonly (${typeOf(schema.items ?? {})})[]`;
      return type === 'object' ? mapOf(schema) : words[type];
    }),
  );
}

const unionOf = (parts: string[]): string => [...new Set(parts)].join(' | ');

function mapOf(schema: Schema): string {
  const required = new Set(schema.required ?? []);
  const known = Object.entries(schema.properties ?? {}).map(
    ([key, value]) => `${JSON.stringify(key)}${required.has(key) ? '' : '?'}: ${typeOf(value)};`,
  );
  const free = Object.entries(schema.patternProperties ?? {}).map(([pattern, value]) =>
    pattern === '^x-' ? '[extension: `x-${string}`]: unknown;' : `[name: string]: ${typeOf(value)};`,
  );
  return `{ ${[...known, ...free].join(' ')} }`;
}

/** The files by name, before they are formatted. */
export function composeTypes(): Record<string, string> {
  const head = (what: string): string =>
    `// The types of ${what} in TypeScript. Generated from the schema by scripts/docs/compose-types.ts: change that.\n`;
  const typesOf = (wanted: (name: string) => boolean): string =>
    [...named]
      .filter(([, name]) => wanted(name))
      .map(([schema, name]) => `\nexport type ${name} = ${typeOf(schema, schema)};\n`)
      .join('');
  return {
    'part-types.ts': `${head('parts of a service')}${typesOf((name) => name !== 'Service')}`,
    'service-types.ts': `${head('a service')}import type { Build, Deploy, Develop } from './part-types.ts';\n${typesOf((name) => name === 'Service')}`,
    'file-types.ts': `${head('a Compose file')}import type { Service } from './service-types.ts';\n\n/** Short and long forms alike. */\nexport interface ComposeFile ${mapOf(fileSchema)}\n`,
  };
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(composeTypes())) writeFileSync(new URL(name, typesFolder), text);
}
