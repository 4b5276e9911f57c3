// The part of JSON Schema that the project's schemas use, and short words to write them with.

export type TypeName = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object';

export interface Schema {
  type?: TypeName | TypeName[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: false;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  enum?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
}

export const text: Schema = { type: 'string' };
/** Variables leave every value as a word, so a word is taken wherever a flag or a number is. */
export const flag: Schema = { type: ['boolean', 'string'] };
export const number: Schema = { type: ['number', 'string'] };
export const integer: Schema = { type: ['integer', 'string'] };
export const anything: Schema = {};

export function oneOf(...words: string[]): Schema {
  return { type: 'string', enum: words };
}

export function list(items: Schema): Schema {
  return { type: 'array', items };
}

export function anyOf(...schemas: Schema[]): Schema {
  return { anyOf: schemas };
}

/** A mapping with known keys and `x-` ones. */
export function object(properties: Record<string, Schema>, required: string[] = []): Schema {
  return {
    type: 'object',
    properties,
    patternProperties: { '^x-': {} },
    additionalProperties: false,
    ...(required.length === 0 ? {} : { required }),
  };
}

/** A mapping whose keys are the user's own. */
export function mapping(values: Schema, keys = '.*'): Schema {
  return { type: 'object', patternProperties: { [keys]: values }, additionalProperties: false };
}

export function orNull(schema: Schema): Schema {
  return anyOf(schema, { type: 'null' });
}

const scalarOrNull: Schema = { type: ['string', 'number', 'boolean', 'null'] };

export const texts: Schema = list(text);
export const textOrList: Schema = anyOf(text, texts);
export const pairs: Schema = anyOf(mapping(scalarOrNull), list(text));
export const options: Schema = mapping({ type: ['string', 'number', 'boolean', 'null'] });
export const command: Schema = anyOf(text, list(text), { type: 'null' });
/** What things of a project may be called. */
export const nameKeys = '^[a-zA-Z0-9._-]+$';
