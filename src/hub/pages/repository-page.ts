// One repository: how to pull from it, and its tags with platforms, sizes and ages.

import { formatBytesDecimal } from '#shared/notation/size.ts';
import type { Hub } from '../hub.ts';
import type { TagRecord } from '../store/records.ts';
import type { Named } from '../store/repositories.ts';
import { type Html, html } from './html.ts';
import { readImages } from './image-facts.ts';
import { command, layout } from './layout.ts';
import { ageOf, pages } from './list-page.ts';

const pageSize = 50;

export interface RepositoryAsked {
  repository: string;
  /** As clients name the Hub: `127.0.0.1:5000`. */
  host: string;
  /** From 1. */
  page: number;
}

/** Newest tags first: those are the ones people come for. */
export async function repositoryPage(hub: Hub, { repository, host, page }: RepositoryAsked): Promise<Html> {
  const tags = hub.repositories.tags(repository).sort((a, b) => b.record.atMs - a.record.atMs);
  const items: Html[] = [];
  for (const tag of tags.slice((page - 1) * pageSize, page * pageSize)) {
    items.push(await tagItem(hub, repository, tag));
  }
  const preferred = tags.find(({ name }) => name === 'latest') ?? tags[0];
  const pull =
    preferred === undefined ? undefined : command(`wharf pull ${host}/${repository}:${preferred.name}`);
  const body = html`<h1>${repository}</h1>
<p>${hub.repositories.description(repository)}</p>
${pull}
<h2>${tags.length} ${tags.length === 1 ? 'tag' : 'tags'}</h2>
<ul class="list">${items}</ul>
${pages({ term: '', page, hasMore: tags.length > page * pageSize })}`;
  return layout(`${repository} – Wharf Hub`, { body });
}

async function tagItem(hub: Hub, repository: string, { name, record }: Named<TagRecord>): Promise<Html> {
  const images = await readImages(hub, repository, record.digest);
  const sizes = images.map(
    ({ platform, sizeBytes }) => html`<span>${platform} ${formatBytesDecimal(sizeBytes)}</span>`,
  );
  return html`<li><a class="name" href="/r/${repository}:${name}">${name}</a>
<div class="facts">${sizes}<span>pushed ${ageOf(record.atMs)}</span><code>${record.digest.slice(7, 19)}</code></div></li>`;
}
