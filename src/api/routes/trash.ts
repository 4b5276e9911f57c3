// Wharf's own: the trash, where things go that our command line removes.
import type { Api } from '#api/fastify.ts';
import { list, object, text } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';

const tags = ['Trash'];
const querystring = object({ id: list(text) });

export function trashRoutes(api: Api, { trash }: Engine): void {
  const all = { summary: 'List what is in the trash (Wharf)', tags, querystring: object({}) };
  api.get('/trash', { schema: all }, async () => trash.list());
  const undo = { summary: 'Bring things back from the trash (Wharf)', tags, querystring };
  api.post('/trash/undo', { schema: undo }, async ({ query }) => trash.undo(query.id));
  const empty = { summary: 'Remove for good what is in the trash (Wharf)', tags, querystring };
  api.post('/trash/empty', { schema: empty }, async ({ query }) => trash.empty(query.id));
}
