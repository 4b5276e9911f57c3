// What a browser shows where something was refused.
import { answerBytes, asFailure, type Exchange } from '../wire/exchange.ts';
import { html } from './html.ts';
import { layout } from './layout.ts';
import { pageHeaders } from './page-headers.ts';

/** True where the one who asked is a browser on a page's path: then it has its answer. */
export function answerFailurePage(exchange: Exchange, thrown: unknown): boolean {
  const { path, request, response } = exchange;
  const isBrowser = (request.headers.accept ?? '').includes('text/html');
  if (!isBrowser || path.startsWith('/v') || path === '/token' || response.headersSent) return false;
  const failure = asFailure(thrown);
  const body = html`<h1>${failure.status === 404 ? 'Not found' : 'Refused'}</h1><p>${failure.message}</p>`;
  answerBytes(exchange, Buffer.from(layout('Wharf Hub', { body }).text), {
    status: failure.status,
    headers: { ...pageHeaders, ...failure.headers },
  });
  return true;
}
