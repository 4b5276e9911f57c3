// Containers: whether the service in one answers. Wharf's own.

import type { Api } from '#api/fastify.ts';
import { object, segment, text } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';

export function readinessRoutes(api: Api, { containers }: Engine): void {
  const ready = {
    summary: 'Whether the service of a container answers (Wharf)',
    tags: ['Containers'],
    params: segment('id'),
    querystring: object({ probe: text }),
  };
  api.get('/containers/:id/ready', { schema: ready }, async ({ params, query }) =>
    containers.ready(params.id, query.probe),
  );
}
