// The HTTP framework as this room uses it: our schemas check and type what comes in, nothing else is loaded.
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifySchemaCompiler,
  type FastifyServerOptions,
  type FastifyTypeProvider,
  fastify,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import { restOf } from '#api/streams/request-body.ts';
import { decodeBody } from '#api/wire/decode.ts';
import { errorAnswer } from '#api/wire/error-answer.ts';
import { decodeQuery } from '#api/wire/query.ts';
import type { Decoded, Schema } from '#api/wire/schema.ts';
import { invalid, messageOf, notFound } from '#shared/errors.ts';

interface WireTypes extends FastifyTypeProvider {
  validator: Decoded<this['schema']>;
  serializer: unknown;
}

/** A place to register routes at; handlers see query, params and body in the types of their schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  WireTypes
>;

const longestBodyBytes = 4 * 1024 * 1024;
const longestNameBytes = 4096;

/** Without these the framework loads its own compilers, 6 MB of memory, only to have them replaced by ours. */
const noCompilers = {
  compilersFactory: { buildValidator: () => () => () => true, buildSerializer: () => () => JSON.stringify },
} as unknown as NonNullable<FastifyServerOptions['schemaController']>;

/** A framework instance without a socket: JSON bodies, Docker's errors, no routes yet. */
export function openApi(onFailure: (thrown: unknown) => void): Api {
  const api: Api = fastify({
    logger: false,
    bodyLimit: longestBodyBytes,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: longestNameBytes, ignoreTrailingSlash: true },
    schemaController: noCompilers,
  }).withTypeProvider<WireTypes>();
  api.setValidatorCompiler(validatorOf);
  api.setSerializerCompiler(() => JSON.stringify);
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJson(body));
    } catch (thrown) {
      done(thrown instanceof Error ? thrown : new Error(messageOf(thrown)));
    }
  });
  api.addHook('onSend', (_request, reply, _payload, done) => {
    // Docker's clients take an error for JSON only where the type is this and nothing more.
    if (reply.getHeader('content-type') === 'application/json; charset=utf-8') {
      reply.header('content-type', 'application/json');
    }
    done();
  });
  api.setNotFoundHandler(() => {
    throw notFound('page not found');
  });
  api.setErrorHandler(async (thrown, request, reply) => {
    const { status, body } = errorAnswer(thrown);
    if (status === 500) onFailure(thrown);
    // Closing now would break the connection of a client that is still sending, and it would never read this.
    if (status === 413) {
      reply.removeHeader('connection');
      await restOf(request.raw);
    }
    // A route may have said already what it was about to send.
    return reply.code(status).type('application/json').send(body);
  });
  return api;
}

/** Routes registered within get their request's body as it comes, a stream, however long. */
export function withRawBodies(api: Api, register: (api: Api) => void): void {
  api.register((inner, _options, done) => {
    inner.removeAllContentTypeParsers();
    inner.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null, undefined));
    inner.addHook('onSend', (request, _reply, _payload, ready) => {
      void restOf(request.raw).then(() => ready());
    });
    register(inner);
    done();
  });
}

/** A JSON body; undefined where there is none. Throws `invalid` for what is not JSON. */
export function parseJson(body: Buffer | string): unknown {
  const text = body.toString();
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw invalid(`invalid JSON: ${messageOf(thrown)}`);
  }
}

const validatorOf: FastifySchemaCompiler<Schema> = ({ schema, httpPart }) => {
  const decode = httpPart === 'body' ? decodeBody : decodeQuery;
  return (value: unknown) => {
    try {
      return { value: decode(schema, value) };
    } catch (error) {
      return { error: error instanceof Error ? error : new Error(messageOf(error)) };
    }
  };
};
