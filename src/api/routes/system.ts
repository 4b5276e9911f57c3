// The engine itself: ping, version, info, events, disk usage, login.

import type { Api } from '#api/fastify.ts';
import { beginStream, jsonLines, pump, signalOf } from '#api/streams/pump.ts';
import { askedMinor } from '#api/versions/asked-version.ts';
import { imageSummaryOf } from '#api/versions/images.ts';
import { infoOf } from '#api/versions/system.ts';
import { momentOf } from '#api/wire/moment.ts';
import { authConfig } from '#api/wire/registry-auth.ts';
import { list, object, text } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';
import { parseFilters } from '#shared/notation/filter.ts';

const tags = ['System'];

/** What `_ping` answers with besides `OK`: builder 1 makes a client without BuildKit's plugin use the classic one. */
const pingHeaders = {
  'Builder-Version': '1',
  Swarm: 'inactive',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
};

export function systemRoutes(api: Api, engine: Engine): void {
  const ping = { summary: 'Ping', tags, querystring: object({}) };
  api.get('/_ping', { schema: ping }, (_request, reply) => {
    reply.headers(pingHeaders).type('text/plain; charset=utf-8').send('OK');
  });
  api.head('/_ping', { schema: ping }, (_request, reply) => {
    reply
      .headers({ ...pingHeaders, 'Content-Length': '0' })
      .type('text/plain; charset=utf-8')
      .send();
  });
  const { system } = engine;
  const version = { summary: 'Version', tags, querystring: object({}) };
  api.get('/version', { schema: version }, async () => system.version());
  const info = { summary: 'Information about the engine', tags, querystring: object({}) };
  api.get('/info', { schema: info }, async ({ raw }) =>
    infoOf(askedMinor(raw), { ...system.info(), NEventsListener: engine.events.listeners }),
  );
  const df = { summary: 'Disk usage', tags, querystring: object({ type: list(text) }) };
  api.get('/system/df', { schema: df }, async ({ query, raw }) => {
    const usage = await system.df(query.type);
    const minor = askedMinor(raw);
    const users = engine.containers.countByImage();
    const Images = usage.Images.map((row) => imageSummaryOf(minor, row, users));
    return { ...usage, Images };
  });
  const auth = { summary: 'Check credentials', tags, body: authConfig };
  api.post('/auth', { schema: auth }, async ({ body }) => {
    await engine.images.login(body);
    return { Status: 'Login Succeeded', IdentityToken: '' };
  });
  eventRoute(api, engine);
}

function eventRoute(api: Api, { events }: Engine): void {
  const query = object({ since: text, until: text, filters: text });
  const schema = { summary: 'Events, as they happen', tags, querystring: query };
  api.get('/events', { schema }, async ({ query }, reply) => {
    const stream = events.subscribe({
      since: momentOf(query.since),
      until: momentOf(query.until),
      filters: parseFilters(query.filters),
      signal: signalOf(reply.raw),
    });
    await pump(beginStream(reply, { 'Content-Type': 'application/json' }), jsonLines(stream));
  });
}
