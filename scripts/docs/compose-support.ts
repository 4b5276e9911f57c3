// Writes docs/compose-support.md from the schema: `scripts/with-node.sh scripts/docs/compose-support.ts`.
import { writeFileSync } from 'node:fs';
import { fileSchema } from '#compose/check/schema/file.ts';
import type { Schema } from '#compose/check/schema/schema.ts';
import { supportNotes } from './compose-notes.ts';
import { testedAttributes } from './compose-tested.ts';

export const supportFile = new URL('../../docs/compose-support.md', import.meta.url);

/** Every attribute of the schema: `services.*.build.args`; `*` is a name of the user's own. */
export function attributesOf(schema: Schema = fileSchema, path = ''): string[] {
  const found = new Set<string>();
  for (const each of [schema, ...(schema.anyOf ?? [])]) {
    if (each !== schema) for (const name of attributesOf(each, path)) found.add(name);
    for (const [key, value] of Object.entries(each.properties ?? {})) {
      const own = path === '' ? key : `${path}.${key}`;
      found.add(own);
      for (const name of attributesOf(value, own)) found.add(name);
    }
    for (const [key, value] of Object.entries(each.patternProperties ?? {})) {
      if (key === '^x-') continue;
      for (const name of attributesOf(value, `${path}.*`)) found.add(name);
    }
    if (each.items !== undefined) for (const name of attributesOf(each.items, path)) found.add(name);
  }
  return [...found];
}

/** The note of an attribute, or that of what it is a part of. */
export function noteOf(attribute: string): string | undefined {
  for (let path = attribute; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('.')))) {
    const note = supportNotes[path];
    if (note !== undefined) return note;
  }
  return undefined;
}

function stateOf(attribute: string): string {
  return noteOf(attribute) ?? (testedAttributes.includes(attribute) ? 'supported, tested' : 'supported');
}

/** The whole page. */
export function composeSupport(): string {
  const attributes = attributesOf().sort();
  const without = attributes.filter((attribute) => noteOf(attribute) !== undefined).length;
  const parts = [
    '# What of the Compose specification is there',
    '',
    'Generated from the schema by `scripts/docs/compose-support.ts`: change the schema or the notes, not this page.',
    '',
    `Of ${attributes.length} attributes ${attributes.length - without} are carried out; the ${testedAttributes.length} that are called tested are read back
from running containers by a test of their own. The other ${without} are`,
    'read and checked, and their line tells why they have no effect or end with an error. `x-` attributes are taken',
    'everywhere. `*` stands for a name of your own.',
  ];
  for (const section of [...new Set(attributes.map((attribute) => attribute.split('.')[0] ?? ''))]) {
    const own = attributes.filter(
      (attribute) => attribute === section || attribute.startsWith(`${section}.`),
    );
    parts.push('', `## ${section}`, '', '| attribute | state |', '| --- | --- |');
    parts.push(...own.map((attribute) => `| \`${attribute}\` | ${stateOf(attribute)} |`));
  }
  return `${parts.join('\n')}\n`;
}

if (import.meta.main) writeFileSync(supportFile, composeSupport());
