// Contexts by content: a client tells what it has and sends only the files that are not here. Ours, not Docker's.
import { type Api, withRawBodies } from '#api/fastify.ts';
import { bodyOf } from '#api/streams/request-body.ts';
import { object, text } from '#api/wire/schema.ts';
import type { Engine } from '#engine/open.ts';
import { invalid } from '#shared/errors.ts';

const tags = ['Build'];
/** Some 500,000 files. */
const longestIndexBytes = 128 * 2 ** 20;

export function buildContextRoutes(api: Api, { build }: Engine): void {
  withRawBodies(api, (raw) => {
    const offer = { summary: 'Offer a build context', tags, querystring: object({}) };
    raw.post('/build/contexts', { schema: offer }, async ({ raw: body }) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of bodyOf(body)) {
        bytes += chunk.length;
        if (bytes > longestIndexBytes) throw invalid('the index of the build context is too long');
        chunks.push(chunk);
      }
      return build.offerContext(Buffer.concat(chunks));
    });
    const params = object({ id: text });
    const fill = { summary: 'Send files of a build context', tags, params, querystring: object({}) };
    raw.post('/build/contexts/:id/files', { schema: fill }, async ({ params, raw: body }, reply) => {
      await build.fillContext(params.id ?? '', bodyOf(body));
      reply.code(204).send();
    });
  });
}
