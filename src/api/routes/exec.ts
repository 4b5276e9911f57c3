// Exec sessions: create, start, resize, inspect.

import { openExec, sizeOf } from '#api/attach.ts';
import type { Api } from '#api/fastify.ts';
import { execCreate, execStart } from '#api/schemas/container.ts';
import { joinPlainly } from '#api/upgrade.ts';
import { object, segment, text } from '#api/wire/schema.ts';
import { decodeSize } from '#api/wire/terminal-size.ts';
import type { Engine } from '#engine/open.ts';

const tags = ['Exec'];
const params = segment('id');

export function execRoutes(api: Api, engine: Engine): void {
  const { containers } = engine;
  const create = { summary: 'Create an exec session', tags, params, body: execCreate };
  api.post('/containers/:id/exec', { schema: create }, async ({ params, body }, reply) => {
    return reply.code(201).send({ Id: containers.execCreate(params.id, body) });
  });
  const start = { summary: 'Start an exec session', tags, params, body: execStart };
  api.post('/exec/:id/start', { schema: start }, async ({ params, body }, reply) => {
    if (body.Detach === true) {
      await containers.execStart(params.id, { detach: true, ...sizeOf(body.ConsoleSize) });
      return reply.code(200).send();
    }
    const opened = await openExec(engine, params.id, body);
    reply.hijack();
    return joinPlainly(opened, reply.raw);
  });
  const resize = {
    summary: "Resize a session's terminal",
    tags,
    params,
    querystring: object({ h: text, w: text }),
  };
  api.post('/exec/:id/resize', { schema: resize }, async ({ params, query }, reply) => {
    await containers.execResize(params.id, decodeSize(query));
    return reply.code(200).send();
  });
  const inspect = { summary: 'Inspect an exec session', tags, params };
  api.get('/exec/:id/json', { schema: inspect }, async ({ params }) => containers.execInspect(params.id));
}
