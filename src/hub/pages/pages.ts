// The web page of the Hub: plain HTML from the server; it works without its script.
import { hostOf } from '../auth/guard.ts';
import { refuse } from '../failures.ts';
import { parseRepositoryName, parseTarget } from '../names.ts';
import type { Context } from '../routes/context.ts';
import { findRepositories, visibleNames } from '../routes/discovery.ts';
import { answerBytes, type Exchange, type Identity } from '../wire/exchange.ts';
import type { Html } from './html.ts';
import { imagePage } from './image-page.ts';
import { style } from './layout.ts';
import { listPage } from './list-page.ts';
import { pageHeaders } from './page-headers.ts';
import { repositoryPage } from './repository-page.ts';

/** True for paths that are answered here. */
export function isPage(path: string): boolean {
  return path === '/' || path === '/style.css' || path.startsWith('/r/');
}

/** `/`, `/?q=…`, `/r/<name>`, `/r/<name>:<tag>`, `/r/<name>@<digest>`. Throws as the registry's end-points do. */
export async function answerPage(context: Context, exchange: Exchange, identity: Identity): Promise<void> {
  if (exchange.path === '/style.css') {
    const headers = {
      ...pageHeaders,
      'content-type': 'text/css; charset=utf-8',
      'cache-control': 'max-age=3600',
    };
    return answerBytes(exchange, Buffer.from(style), { status: 200, headers });
  }
  const page = await pageOf(context, exchange, visibleNames(context, exchange, identity));
  answerBytes(exchange, Buffer.from(page.text), { status: 200, headers: pageHeaders });
}

async function pageOf({ hub, guard }: Context, exchange: Exchange, names: string[]): Promise<Html> {
  const { path, query } = exchange;
  const page = Math.max(1, Number.parseInt(query.get('page') ?? '1', 10) || 1);
  if (path === '/') {
    const term = (query.get('q') ?? '').slice(0, 200);
    return listPage(hub, { names: findRepositories({ hub }, names, term), term, page });
  }
  const { repository, reference, suffix } = splitName(path.slice('/r/'.length));
  if (!names.includes(repository)) throw refuse('NOT_FOUND', 'there is no such repository');
  const host = guard.origin(exchange).replace(/^https?:\/\//, '') || hostOf(exchange.request);
  if (reference === undefined) return await repositoryPage(hub, { repository, host, page });
  const target = parseTarget(reference);
  const digest = 'digest' in target ? target.digest : hub.repositories.tag(repository, target.tag)?.digest;
  if (digest === undefined || hub.repositories.manifest(repository, digest) === undefined) {
    throw refuse('NOT_FOUND', 'there is no such tag');
  }
  return await imagePage(hub, { repository, host, digest, suffix });
}

function splitName(text: string): { repository: string; reference: string | undefined; suffix: string } {
  const mark = text.search(/[@:]/);
  if (mark < 0) return { repository: parseRepositoryName(text), reference: undefined, suffix: '' };
  const suffix = text.slice(mark);
  return { repository: parseRepositoryName(text.slice(0, mark)), reference: suffix.slice(1), suffix };
}
