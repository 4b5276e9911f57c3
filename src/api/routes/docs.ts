// The API about itself: its OpenAPI document and its page.
import type { Api } from '#api/fastify.ts';
import type { RouteFact } from '#api/openapi/routes.ts';
import { object } from '#api/wire/schema.ts';

const tags = ['System'];

/** `routes` is looked at when it is asked: by then it is complete. */
export function docsRoutes(api: Api, routes: readonly RouteFact[]): void {
  const json = { summary: 'This API as an OpenAPI document', tags, querystring: object({}) };
  api.get('/openapi.json', { schema: json }, async () => {
    const { documentOf } = await import('#api/openapi/document.ts');
    return documentOf(routes);
  });
  const page = { summary: 'This API as a page', tags, querystring: object({}) };
  api.get('/docs', { schema: page }, async (_request, reply) => {
    const { documentOf } = await import('#api/openapi/document.ts');
    const { pageOf } = await import('#api/openapi/page.ts');
    return reply.type('text/html; charset=utf-8').send(pageOf(documentOf(routes)));
  });
}
