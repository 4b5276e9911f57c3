// The first page: repositories, and what a search found among them.
import { humanDuration } from '#shared/notation/duration.ts';
import type { Hub } from '../hub.ts';
import { type Html, html } from './html.ts';
import { layout } from './layout.ts';

const pageSize = 100;

export interface ListAsked {
  names: string[];
  term: string;
  /** From 1. */
  page: number;
}

export function listPage(hub: Hub, { names, term, page }: ListAsked): Html {
  const shown = names.slice((page - 1) * pageSize, page * pageSize);
  const count = `${names.length} ${names.length === 1 ? 'repository' : 'repositories'}`;
  const title = term === '' ? count : `${count} for “${term}”`;
  const body = html`<h1>${title}</h1>
${names.length === 0 && term === '' ? html`<p>Nothing has been pushed yet.</p>` : undefined}
<ul class="list">${shown.map((name) => item(hub, name))}</ul>
${pages({ term, page, hasMore: names.length > page * pageSize })}`;
  return layout('Wharf Hub', { term, body });
}

function item({ repositories }: Hub, name: string): Html {
  const tags = repositories.tags(name).length;
  return html`<li><a class="name" href="/r/${name}">${name}</a>
<div>${repositories.description(name)}</div>
<div class="facts"><span>${tags} ${tags === 1 ? 'tag' : 'tags'}</span><span>changed ${ageOf(repositories.updatedAtMs(name))}</span></div></li>`;
}

export function ageOf(atMs: number): string {
  return `${humanDuration(Math.max(0, Date.now() - atMs) / 1000).toLowerCase()} ago`;
}

/** Links to the pages before and after. */
export function pages({ term, page, hasMore }: { term: string; page: number; hasMore: boolean }): Html {
  const link = (to: number, text: string) => html`<a href="?${query(term, to)}">${text}</a>`;
  if (page === 1 && !hasMore) return html``;
  return html`<nav class="pages" aria-label="Pages">${page > 1 ? link(page - 1, '← Earlier') : undefined}${hasMore ? link(page + 1, 'More →') : undefined}</nav>`;
}

function query(term: string, page: number): string {
  return new URLSearchParams({ ...(term === '' ? {} : { q: term }), page: String(page) }).toString();
}
