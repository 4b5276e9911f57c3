// Checks a located tree against a schema; each finding names the attribute, its place and the nearest right word.
import { nearestWord } from '#compose/check/nearest.ts';
import type { Schema, TypeName } from '#compose/check/schema/schema.ts';
import type { Located } from '#compose/load/located.ts';
import { formatPath, type Path, type Problem } from '#compose/load/place.ts';

/** All that is wrong in the tree. Parts that are `!reset` are not looked at. */
export function validate(node: Located, schema: Schema, path: Path = []): Problem[] {
  if (node.tag === '!reset') return [];
  const chosen = schema.anyOf === undefined ? schema : alternative(node, schema.anyOf);
  if (chosen === undefined) return [wrongType(node, typesOf(schema), path)];
  if (chosen.anyOf !== undefined) return validate(node, chosen, path);
  const types = typesOf(chosen);
  if (types.length > 0 && !types.some((type) => isOfType(node, type))) return [wrongType(node, types, path)];
  return [
    ...validateScalar(node, chosen, path),
    ...validateMap(node, chosen, path),
    ...validateList(node, chosen, path),
  ];
}

/** The first alternative that the kind of the value fits. */
function alternative(node: Located, schemas: readonly Schema[]): Schema | undefined {
  return schemas.find((schema) => {
    const types = typesOf(schema);
    return types.length === 0 || types.some((type) => isOfType(node, type));
  });
}

function typesOf(schema: Schema): TypeName[] {
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.flatMap(typesOf))];
  if (schema.type === undefined) return [];
  return Array.isArray(schema.type) ? schema.type : [schema.type];
}

function isOfType(node: Located, type: TypeName): boolean {
  const kind = kindOf(node);
  return kind === type || (type === 'number' && kind === 'integer');
}

function kindOf({ value }: Located): TypeName {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof Map) return 'object';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'string' ? 'string' : 'boolean';
}

const kindWords: Record<TypeName, string> = {
  null: 'null',
  boolean: 'a boolean',
  integer: 'an integer',
  number: 'a number',
  string: 'a string',
  array: 'a list',
  object: 'a mapping',
};

function wrongType(node: Located, types: readonly TypeName[], path: Path): Problem {
  const words = types.filter((type) => type !== 'null').map((type) => kindWords[type]);
  const last = words.pop() ?? 'null';
  const wanted = words.length === 0 ? last : `${words.join(', ')} or ${last}`;
  const name = path.length === 0 ? 'the file' : formatPath(path);
  return { at: node.at, message: `${name} must be ${wanted}, it is ${kindWords[kindOf(node)]}` };
}

function validateScalar(node: Located, schema: Schema, path: Path): Problem[] {
  const { value, at } = node;
  if (typeof value === 'string' && schema.enum !== undefined && !schema.enum.includes(value)) {
    const near = nearestWord(value, schema.enum);
    const hint = near === undefined ? undefined : `did you mean "${near}"?`;
    return [
      { at, message: `${formatPath(path)} must be one of ${schema.enum.join(', ')}, it is "${value}"`, hint },
    ];
  }
  if (typeof value === 'string' && schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    return [{ at, message: `${formatPath(path)} has an invalid value "${value}"` }];
  }
  const tooSmall = typeof value === 'number' && schema.minimum !== undefined && value < schema.minimum;
  const tooBig = typeof value === 'number' && schema.maximum !== undefined && value > schema.maximum;
  if (!tooSmall && !tooBig) return [];
  return [{ at, message: `${formatPath(path)} must be between ${schema.minimum} and ${schema.maximum}` }];
}

function validateList({ value }: Located, schema: Schema, path: Path): Problem[] {
  const { items } = schema;
  if (!Array.isArray(value) || items === undefined) return [];
  return value.flatMap((item, at) => validate(item, items, [...path, at]));
}

function validateMap(node: Located, schema: Schema, path: Path): Problem[] {
  const { value } = node;
  if (!(value instanceof Map)) return [];
  const found: Problem[] = [];
  for (const key of schema.required ?? []) {
    if (!value.has(key))
      found.push({ at: node.keyAt ?? node.at, message: `${formatPath(path)} needs "${key}"` });
  }
  for (const [key, child] of value) {
    const known = schemaOfKey(schema, key);
    if (known !== undefined) {
      // A key with nothing behind it counts as absent, as everywhere in Compose files.
      if (child.value !== null) found.push(...validate(child, known, [...path, key]));
    } else if (schema.additionalProperties === false) found.push(unknownKey(child, key, { schema, path }));
  }
  return found;
}

function schemaOfKey(schema: Schema, key: string): Schema | undefined {
  const { properties = {}, patternProperties = {} } = schema;
  if (Object.hasOwn(properties, key)) return properties[key];
  return Object.entries(patternProperties).find(([pattern]) => new RegExp(pattern).test(key))?.[1];
}

function unknownKey(child: Located, key: string, { schema, path }: { schema: Schema; path: Path }): Problem {
  const at = child.keyAt ?? child.at;
  const name = path.length === 0 ? '' : `${formatPath(path)}: `;
  if (schema.properties === undefined) {
    return {
      at,
      message: `${name}"${key}" is no valid name`,
      hint: 'names hold letters, digits, dots, dashes and underscores',
    };
  }
  const near = nearestWord(key, Object.keys(schema.properties));
  const meant = near === undefined ? '' : `; did you mean "${near}"?`;
  return { at, message: `${name}additional property '${key}' is not allowed${meant}` };
}
