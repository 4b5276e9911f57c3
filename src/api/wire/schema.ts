// Builders of the JSON Schemas that routes are described with: one source for checks, types and the API's page.
import type { XStatic } from 'typebox/schema';

/** Any JSON Schema that the decoder understands. */
export interface Schema {
  readonly type?: 'string' | 'boolean' | 'integer' | 'number' | 'array' | 'object' | 'null';
  readonly enum?: readonly string[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly minItems?: number;
  readonly additionalItems?: false;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly description?: string;
  /** A lone string stands for a list of one (Docker's `Cmd` and `Entrypoint`). */
  readonly 'x-single'?: boolean;
  /** What to say to a value that is none of `enum`, with the value for `%`; Docker’s own sentence. */
  readonly 'x-refusal'?: string;
}

/** The TypeScript type of what a schema lets through. */
export type Decoded<S> = XStatic<S>;

export const text = { type: 'string' } as const;
export const flag = { type: 'boolean' } as const;
export const whole = { type: 'integer' } as const;
export const decimal = { type: 'number' } as const;
export const empty = { type: 'object', properties: {} } as const;
export const anything = {} as const;

/** An object whose properties are all optional; null counts as absent, unknown properties are left out. */
export function object<const P extends Record<string, Schema>>(
  properties: P,
): { type: 'object'; properties: P } {
  return { type: 'object', properties };
}

/** As `object`, with some properties that are zero ('', 0, false) where they are not sent. */
export function filled<const P extends Record<string, Schema>, const N extends readonly string[]>(
  zeroed: N,
  properties: P,
): { type: 'object'; required: N; properties: P } {
  return { type: 'object', required: zeroed, properties };
}

/** Any number of names, each with a value of one shape. */
export function mapOf<const V extends Schema>(values: V): { type: 'object'; additionalProperties: V } {
  return { type: 'object', additionalProperties: values };
}

export function list<const I extends Schema>(items: I): { type: 'array'; items: I } {
  return { type: 'array', items };
}

/** A list of strings that may be written as one string. */
export const words = { type: 'array', items: { type: 'string' }, 'x-single': true } as const;

/** Two whole numbers. */
export const pair = {
  type: 'array',
  prefixItems: [{ type: 'integer' }, { type: 'integer' }],
  minItems: 2,
  additionalItems: false,
} as const;

export function oneOf<const E extends readonly string[]>(...values: E): { type: 'string'; enum: E } {
  return { type: 'string', enum: values };
}

/** As `oneOf`, with the sentence for what is none of them. */
export function oneOfOr<const E extends readonly string[]>(
  refusal: string,
  ...values: E
): { type: 'string'; enum: E; 'x-refusal': string } {
  return { type: 'string', enum: values, 'x-refusal': refusal };
}

export function orNull<const S extends Schema>(schema: S): { anyOf: readonly [{ type: 'null' }, S] } {
  return { anyOf: [{ type: 'null' }, schema] };
}

/** The one variable part of a path: always there, always text. */
export function segment<const N extends string>(
  name: N,
): {
  type: 'object';
  required: readonly [N];
  properties: { readonly [name in N]: { readonly type: 'string' } };
} {
  return { type: 'object', required: [name], properties: { [name]: text } as { [key in N]: typeof text } };
}
