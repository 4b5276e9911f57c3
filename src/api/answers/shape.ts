// Builders of the schemas that answers are described with: every field is named, and which of them are always there.

/** A JSON Schema as it stands on the API's page. */
export type AnswerSchema = Readonly<Record<string, unknown>>;
type Fields = Readonly<Record<string, AnswerSchema>>;

export const text: AnswerSchema = { type: 'string' };
export const whole: AnswerSchema = { type: 'integer' };
export const decimal: AnswerSchema = { type: 'number' };
export const flag: AnswerSchema = { type: 'boolean' };
export const nothing: AnswerSchema = { type: 'null' };
export const anything: AnswerSchema = {};
/** RFC 3339. */
export const moment: AnswerSchema = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT' };

/** An object with these fields and no others; those of `sometimes` may be absent. */
export function shape(always: Fields, sometimes: Fields = {}): AnswerSchema {
  return {
    type: 'object',
    required: Object.keys(always),
    properties: { ...always, ...sometimes },
    additionalProperties: false,
  };
}

export function rows(items: AnswerSchema): AnswerSchema {
  return { type: 'array', items };
}

/** Any number of names, each with a value of one shape. */
export function dictionary(values: AnswerSchema): AnswerSchema {
  return { type: 'object', additionalProperties: values };
}

export function orNull(schema: AnswerSchema): AnswerSchema {
  return { anyOf: [schema, nothing] };
}

export function oneOf(...values: readonly string[]): AnswerSchema {
  return { type: 'string', enum: values };
}

/** JSON lines, each of this shape. */
export function lines(schema: AnswerSchema): AnswerSchema {
  return { ...schema, description: 'A stream: one such JSON object a line.' };
}

export const texts = rows(text);
export const labels = dictionary(text);
/** The keys say it all (`{"80/tcp":{}}`). */
export const keys = dictionary({ type: 'object' });

/** What prune answers with: what went, and how many bytes that gave back. */
export function pruned(field: string, items: AnswerSchema = text): AnswerSchema {
  return shape({ [field]: rows(items), SpaceReclaimed: whole });
}
