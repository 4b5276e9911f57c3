// Writes docs/api-support.md: every endpoint and parameter of the Docker Engine API v1.51 with its state here.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RouteFact } from '#api/openapi/routes.ts';
import { openEngineApi } from '#api/server.ts';
import type { Schema } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';
import { bodyNotes, type Note, notes, updateNote, updateTakesNoNotice } from './support-notes.ts';

interface Endpoint {
  name: string;
  parameters: { place: 'query' | 'filter' | 'header' | 'body'; name: string }[];
}

const target = join(import.meta.dirname, '../../docs/api-support.md');
const places: Record<string, Endpoint['parameters'][number]['place'] | undefined> = {
  query: 'query',
  filters: 'filter',
  header: 'header',
  body: 'body',
};

/** The endpoints and parameters that Docker documents. */
export function readEndpoints(): Endpoint[] {
  const endpoints: Endpoint[] = [];
  let place: Endpoint['parameters'][number]['place'] | undefined;
  for (const line of readFileSync(join(import.meta.dirname, 'engine-api-1.51.txt'), 'utf8').split('\n')) {
    const words = line.trim().split(' ').filter(Boolean);
    if (words.length === 0 || line.startsWith('#')) continue;
    if (!line.startsWith(' ')) {
      endpoints.push({ name: line.trim(), parameters: [] });
      continue;
    }
    if (!line.startsWith('    ')) place = places[words.shift() ?? ''];
    const kind = place;
    if (kind !== undefined)
      endpoints.at(-1)?.parameters.push(...words.map((name) => ({ place: kind, name })));
  }
  return endpoints;
}

/** The routes of an API without an engine behind it: nothing is asked of it here. */
export async function readRoutes(): Promise<readonly RouteFact[]> {
  const nothing = new Proxy({}, { get: () => nothing }) as unknown as Engine;
  await using api = await openEngineApi(nothing, { version: '0' });
  return api.routes;
}

/** The document, and what has neither a schema nor a reason (must be nothing). */
export function supportOf(
  endpoints: readonly Endpoint[],
  routes: readonly RouteFact[],
): { text: string; unexplained: string[] } {
  const unexplained: string[] = [];
  const counts = { supported: 0, 'accepted without effect': 0, refused: 0 };
  const rows = endpoints.flatMap((endpoint) => {
    const route = routes.find(({ method, path }) => `${method} ${path}` === endpoint.name);
    const own = notes[endpoint.name];
    if (route === undefined && own === undefined) unexplained.push(endpoint.name);
    counts[own?.state ?? 'supported']++;
    const head = `### \`${endpoint.name.replace(/:(\w+)/g, '{$1}')}\`\n\n${route?.summary ?? ''}: ${stateText(own)}\n`;
    const table = endpoint.parameters.map(({ place, name }) => {
      const note = own ?? noteOf(endpoint.name, place, name);
      if (note === undefined && !takes(route, place, name)) {
        unexplained.push(`${endpoint.name} ${place}.${name}`);
      }
      counts[note?.state ?? 'supported']++;
      return `| \`${name}\` | ${place} | ${note?.state ?? 'supported'} | ${note?.reason ?? ''} |`;
    });
    const tableHead = '| Parameter | In | State | Why |\n|---|---|---|---|\n';
    return [table.length === 0 ? head : `${head}\n${tableHead}${table.join('\n')}\n`];
  });
  const extra = extraRoutes(endpoints, routes);
  return { text: [preface(counts), ...rows, extra].join('\n'), unexplained };
}

const stateText = (note: Note | undefined): string =>
  note === undefined ? 'supported.' : `${note.state} (${note.reason}).`;

function noteOf(endpoint: string, place: string, name: string): Note | undefined {
  const exact = notes[`${endpoint} ${place}.${name}`];
  if (exact !== undefined || place !== 'body') return exact;
  const field = name.split('.').at(-1) ?? '';
  if (endpoint.endsWith('/update') && updateTakesNoNotice.includes(name.split(/[.[]/)[0] ?? ''))
    return updateNote;
  const nested = name.replace(/^HostConfig\./, '');
  if (endpoint.startsWith('POST /networks/:id') || endpoint === 'POST /auth') return bodyNotes[field];
  return bodyNotes[nested];
}

/** Filters are checked by the rooms, with their own lists; headers by the routes. Both are tested there. */
function takes(route: RouteFact | undefined, place: string, name: string): boolean {
  if (route === undefined) return false;
  if (place === 'query') return Object.hasOwn(route.query, name);
  if (place === 'body') return route.body !== undefined && hasField(route.body, name.split('.'));
  return true;
}

function hasField(schema: Schema, path: readonly string[]): boolean {
  const [first = '', ...rest] = path;
  const name = first.replace('[]', '');
  const field = schema.properties?.[name];
  if (field === undefined) return false;
  if (rest.length === 0) return true;
  return hasField(first.endsWith('[]') ? (field.items ?? {}) : field, rest);
}

function extraRoutes(endpoints: readonly Endpoint[], routes: readonly RouteFact[]): string {
  const known = new Set(endpoints.map(({ name }) => name));
  const rows = routes
    .filter(({ method, path }) => !known.has(`${method} ${path}`))
    .map(({ method, path, summary }) => `| \`${method} ${path.replace(/:(\w+)/g, '{$1}')}\` | ${summary} |`);
  return `## Other routes\n\n| Route | What |\n|---|---|\n${rows.join('\n')}\n`;
}

function preface(counts: Record<string, number>): string {
  return `# What of the Docker Engine API is here

Generated by \`scripts/docs/api-support.ts\` from the routes' schemas and Docker's list of endpoints and parameters
(v1.51, without Swarm and plugins); a test fails where it is out of date. Versions 1.40 to 1.51 are spoken. The same
routes as an OpenAPI document: \`GET /openapi.json\`, as a page: \`GET /docs\`.

${counts['supported']} endpoints and parameters are supported, ${counts['accepted without effect']} are accepted without
effect, ${counts['refused']} are refused. Unknown parameters and fields are left alone, as Docker does. What belongs to
Swarm is answered as by an engine that is in no swarm (503), plugins as by one that has none.

## Endpoints
`;
}

if (import.meta.main) {
  const { text, unexplained } = supportOf(readEndpoints(), await readRoutes());
  for (const name of unexplained) console.error(`neither a schema nor a reason: ${name}`);
  writeFileSync(target, text);
  process.exitCode = unexplained.length > 0 ? 1 : 0;
}
