// The normalised project as a module: what `config --format ts` prints, the way from YAML to TypeScript.
import { configData } from '#compose/config.ts';
import { isMap, type Json } from '#compose/json.ts';
import { moduleName } from '#compose/load/module.ts';
import type { Project } from '#compose/model.ts';

/** A `compose.ts` that means the same project. */
export function formatConfigModule(project: Project): string {
  return `import { defineProject } from '${moduleName}';\n\nexport default defineProject(${literal(configData(project), '')});\n`;
}

function literal(value: Json, indent: string): string {
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item) => literal(item, deeper));
    const short = `[${items.join(', ')}]`;
    if (short.length <= 80 && !short.includes('\n')) return short;
    return `[\n${items.map((item) => `${deeper}${item},\n`).join('')}${indent}]`;
  }
  if (!isMap(value)) return typeof value === 'string' ? textLiteral(value) : JSON.stringify(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return '{}';
  const lines = entries.map(([key, one]) => `${deeper}${keyText(key)}: ${literal(one, deeper)},\n`);
  return `{\n${lines.join('')}${indent}}`;
}

const keyText = (key: string): string => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? key : textLiteral(key));

const textLiteral = (text: string): string =>
  text.includes("'") ? JSON.stringify(text) : `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')}'`;
