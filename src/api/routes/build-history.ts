// Builds that are over: what they did, and the files that each of their steps left. Ours, not Docker's.
import type { Api } from '#api/fastify.ts';
import { object, text } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';
import { invalid } from '#shared/errors.ts';

const tags = ['Build'];
/** `build`: tag, beginning of the id, or nothing for the last one. `step`: its number, or `failed`. */
const stepQuery = { build: text, step: text };

export function buildHistoryRoutes(api: Api, engine: Engine): void {
  const { history } = engine.build;
  const list = { summary: 'List builds', tags, querystring: object({}) };
  api.get('/build/history', { schema: list }, async () => history.list());

  const page = { summary: 'What a build did, with times', tags, querystring: object({ build: text }) };
  api.get('/build/history/page', { schema: page }, async ({ query }) => history.page(query.build));

  const files = { summary: 'List files of a step', tags, querystring: object({ ...stepQuery, path: text }) };
  api.get('/build/history/files', { schema: files }, async ({ query }) =>
    history.files({ build: query.build, step: stepOf(query.step) }, query.path || '/'),
  );

  const diff = {
    summary: 'Compare the files of two steps',
    tags,
    querystring: object({ ...stepQuery, fromBuild: text, from: text }),
  };
  api.get('/build/history/diff', { schema: diff }, async ({ query }) => {
    const { build, fromBuild = build, from } = query;
    const base = from === undefined ? undefined : { build: fromBuild, step: stepOf(from) };
    return await history.diff({ build, step: stepOf(query.step) }, base);
  });

  const image = { summary: 'Make an image of a step', tags, querystring: object(stepQuery) };
  api.post('/build/history/image', { schema: image }, async ({ query }) =>
    history.image({ build: query.build, step: stepOf(query.step) }),
  );
}

function stepOf(sent: string | undefined): number | 'failed' {
  if (sent === 'failed') return sent;
  if (sent === undefined || !/^\d{1,6}$/.test(sent))
    throw invalid(`invalid step ${JSON.stringify(sent ?? '')}: expected its number, or failed`);
  return Number(sent);
}
