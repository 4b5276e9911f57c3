// From a request to its end-point: who asks, what for, may they; then the answer.

import type { Action } from '../auth/rights.ts';
import { answerToken } from '../auth/token-endpoint.ts';
import { refuse } from '../failures.ts';
import { answerPage, isPage } from '../pages/pages.ts';
import { answerEmpty, answerJson, type Exchange } from '../wire/exchange.ts';
import { findRoute, type Route } from '../wire/route.ts';
import { answerBlob, deleteBlob } from './blobs.ts';
import type { Answer, Context } from './context.ts';
import { answerCatalog, answerReferrers, answerSearch, answerTags } from './discovery.ts';
import { answerManifest, deleteManifest, putManifest } from './manifests.ts';
import { answerUpload, appendUpload, cancelUpload, finishUpload, startUpload } from './uploads.ts';

interface EndPoint {
  action: Action;
  answer: Answer;
}

const pull = (answer: Answer): EndPoint => ({ action: 'pull', answer });
const push = (answer: Answer): EndPoint => ({ action: 'push', answer });
const remove = (answer: Answer): EndPoint => ({ action: 'delete', answer });

type InRepository = Exclude<Route, { kind: 'base' | 'catalog' }>;

const endPoints: Record<InRepository['kind'], Record<string, EndPoint>> = {
  blob: { GET: pull(answerBlob), HEAD: pull(answerBlob), DELETE: remove(deleteBlob) },
  uploads: { POST: push(startUpload) },
  upload: {
    GET: push(answerUpload),
    HEAD: push(answerUpload),
    PATCH: push(appendUpload),
    PUT: push(finishUpload),
    DELETE: push(cancelUpload),
  },
  manifest: {
    GET: pull(answerManifest),
    HEAD: pull(answerManifest),
    PUT: push(putManifest),
    DELETE: remove(deleteManifest),
  },
  tags: { GET: pull(answerTags), HEAD: pull(answerTags) },
  referrers: { GET: pull(answerReferrers), HEAD: pull(answerReferrers) },
};

/** Answers the request. Throws what is to be told as a failure. */
export async function dispatch(context: Context, exchange: Exchange): Promise<void> {
  const { path } = exchange;
  if (path === '/token') return await answerToken(context.guard, exchange);
  if (path.startsWith('/v2')) {
    assertOwnOrigin(exchange);
    exchange.response.setHeader('docker-distribution-api-version', 'registry/2.0');
    return await answerRegistry(context, exchange);
  }
  if (path === '/healthz') return answerEmpty(exchange, 200);
  if (path === '/v1/search') {
    return answerSearch(context, exchange, await context.guard.identify(exchange));
  }
  if (isPage(path)) return await answerPage(context, exchange, await context.guard.identify(exchange));
  throw refuse('NOT_FOUND', 'there is nothing here');
}

/** A page from elsewhere, open in a browser on this machine, must not push to a Hub on loopback. */
function assertOwnOrigin({ method, request }: Exchange): void {
  const { origin, host } = request.headers;
  if (origin === undefined || method === 'GET' || method === 'HEAD') return;
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw refuse('DENIED', 'pages of other sites may not change anything here');
}

async function answerRegistry(context: Context, exchange: Exchange): Promise<void> {
  const { guard } = context;
  const route = findRoute(exchange.path);
  if (route === undefined) throw refuse('NOT_FOUND', 'no end-point of the registry has this path');
  const identity = await guard.identify(exchange);
  if (route.kind === 'base') {
    // Clients learn here whether and how to log in, even where they may read without.
    if (guard.isClosed && exchange.request.headers.authorization === undefined) {
      throw guard.unauthorized(exchange, 'authentication required');
    }
    return answerJson(exchange, {});
  }
  if (route.kind === 'catalog') return answerCatalog(context, exchange, identity);
  const table = endPoints[route.kind];
  const endPoint = Object.hasOwn(table, exchange.method) ? table[exchange.method] : undefined;
  if (endPoint === undefined) {
    throw refuse('UNSUPPORTED', `${exchange.method.slice(0, 20)} is not supported here`, {
      headers: { allow: Object.keys(table).join(', ') },
    });
  }
  const { repository } = route;
  guard.permit(exchange, identity, { action: endPoint.action, repository });
  const target = 'target' in route ? route.target : '';
  await endPoint.answer(context, { exchange, identity, repository, target });
}
