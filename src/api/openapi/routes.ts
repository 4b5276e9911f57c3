// What routes are registered, with their schemas: the source of the API's page and of docs/api-support.md.
import type { Api } from '#api/fastify.ts';
import type { Schema } from '#api/wire/schema.ts';

/** One registered route; `path` in the router's form (`/containers/:id/json`). */
export interface RouteFact {
  method: string;
  path: string;
  summary: string;
  tag: string;
  query: Readonly<Record<string, Schema>>;
  params: readonly string[];
  body: Schema | undefined;
  /** Takes its body as bytes (a tar). */
  rawBody: boolean;
}

interface RouteSchema {
  summary?: string;
  tags?: readonly string[];
  querystring?: Schema;
  params?: Schema;
  body?: Schema;
}

const rawBodies = new Set([
  'POST /build',
  'POST /images/load',
  'POST /images/create',
  'PUT /containers/:id/archive',
]);

/** Filled as routes are registered from now on; complete once the API is ready. */
export function recordRoutes(api: Api): RouteFact[] {
  const facts: RouteFact[] = [];
  api.addHook('onRoute', ({ method, url, schema }) => {
    const known = (schema ?? {}) as RouteSchema;
    for (const name of [method].flat()) facts.push(factOf(name, url, known));
  });
  return facts;
}

function factOf(method: string, path: string, schema: RouteSchema): RouteFact {
  return {
    method,
    path,
    summary: schema.summary ?? '',
    tag: schema.tags?.[0] ?? 'System',
    query: schema.querystring?.properties ?? {},
    params: [...path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? ''),
    body: schema.body,
    rawBody: rawBodies.has(`${method} ${path}`),
  };
}
