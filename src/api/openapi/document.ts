// The OpenAPI document (3.1), made from the routes that are there.
import { answersOf } from '#api/openapi/answers.ts';
import type { RouteFact } from '#api/openapi/routes.ts';
import type { Schema } from '#api/wire/schema.ts';
import { apiVersion } from '#api/wire/version.ts';

export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: object;
}

export interface Operation {
  summary: string;
  tags: string[];
  operationId: string;
  parameters: object[];
  requestBody?: object;
  responses: Record<string, object>;
}

const description =
  'Paths may begin with a version (`/v1.40` to `/v1.51`); without one the newest is meant. ' +
  'Failures are answered with `{"message": "…"}`, and where there is something to do about them with a `hint`.';

/** Every route is in it once; paths in OpenAPI's form (`/containers/{id}/json`). */
export function documentOf(routes: readonly RouteFact[]): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {};
  for (const route of routes) {
    const path = openPath(route.path);
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Wharf: Docker Engine API', version: apiVersion, description },
    servers: [{ url: `/v${apiVersion}` }],
    tags: [...new Set(routes.map(({ tag }) => tag))].sort().map((name) => ({ name })),
    paths,
    components: { schemas: { Error: errorSchema } },
  };
}

/** `/containers/:id/json` → `/containers/{id}/json`. */
export function openPath(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{rest}');
}

const errorSchema = {
  type: 'object',
  required: ['message'],
  properties: { message: { type: 'string' }, hint: { type: 'string' } },
};

function operationOf(route: RouteFact): Operation {
  const rest = route.path.endsWith('*') ? ['rest'] : [];
  const inPath = [...route.params, ...rest].map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(route.query).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: plainSchema(schema),
    ...(schema.description === undefined ? {} : { description: schema.description }),
  }));
  const body = bodyOf(route);
  return {
    summary: route.summary,
    tags: [route.tag],
    operationId: operationId(route),
    parameters: [...inPath, ...inQuery],
    ...(body === undefined ? {} : { requestBody: body }),
    responses: answersOf(`${route.method} ${route.path}`),
  };
}

function operationId({ method, path }: RouteFact): string {
  const words = openPath(path)
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean);
  return [method.toLowerCase(), ...words].join('-');
}

function bodyOf(route: RouteFact): object | undefined {
  if (route.rawBody)
    return { content: { 'application/x-tar': { schema: { type: 'string', format: 'binary' } } } };
  if (route.body === undefined) return undefined;
  return { content: { 'application/json': { schema: plainSchema(route.body) } } };
}

/** Our own keywords become JSON Schema's: a lone string for a list is a choice of two. */
function plainSchema(schema: Schema): object {
  const {
    'x-single': single,
    'x-refusal': _refusal,
    additionalItems,
    properties,
    items,
    additionalProperties,
    anyOf,
    ...rest
  } = schema;
  const plain = {
    ...rest,
    ...(additionalItems === undefined ? {} : { items: false }),
    ...(items === undefined ? {} : { items: plainSchema(items) }),
    ...(additionalProperties === undefined
      ? {}
      : { additionalProperties: plainSchema(additionalProperties) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(plainSchema) }),
    ...(properties === undefined ? {} : { properties: mapValues(properties) }),
  };
  return single === true ? { anyOf: [plain, { type: 'string' }] } : withoutZeroed(plain);
}

/** What our decoder fills with zero need not be sent. */
function withoutZeroed(plain: object): object {
  const { required: _, ...rest } = plain as { required?: unknown };
  return rest;
}

function mapValues(properties: Readonly<Record<string, Schema>>): Record<string, object> {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, plainSchema(schema)]));
}
