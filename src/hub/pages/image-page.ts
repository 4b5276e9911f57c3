// One tag or manifest: pull commands, and for each platform its layers with the instructions that made them.
import { formatBytesDecimal } from '#shared/notation/size.ts';
import type { BlobDigest } from '#shared/oci/digest.ts';
import type { Hub } from '../hub.ts';
import { type Html, html } from './html.ts';
import { type ImageFacts, type LayerFacts, readImages } from './image-facts.ts';
import { command, layout } from './layout.ts';
import { ageOf } from './list-page.ts';

export interface ImageAsked {
  repository: string;
  host: string;
  digest: BlobDigest;
  /** `:3.12`, or `@sha256:…`. */
  suffix: string;
}

export async function imagePage(hub: Hub, { repository, host, digest, suffix }: ImageAsked): Promise<Html> {
  const images = await readImages(hub, repository, digest);
  const referrers = hub.repositories.referrers(repository, digest).length;
  const name = `${repository}${suffix}`;
  const body = html`<h1><a href="/r/${repository}">${repository}</a>${suffix}</h1>
<div class="facts"><code>${digest}</code></div>
${command(`wharf pull ${host}/${name}`)}
${command(`docker pull ${host}/${name}`)}
${command(`FROM ${host}/${name}`)}
${referrers > 0 ? html`<p>${referrers} signed, attested or attached to it</p>` : undefined}
${images.map(imageSection)}`;
  return layout(`${name} – Wharf Hub`, { body });
}

function imageSection({ platform, sizeBytes, createdAtMs, layers, artifactType, digest }: ImageFacts): Html {
  const made = createdAtMs === undefined ? undefined : html`<span>made ${ageOf(createdAtMs)}</span>`;
  return html`<section><h2>${platform || artifactType || 'artifact'}</h2>
<div class="facts"><span>${formatBytesDecimal(sizeBytes)}</span>${made}<code>${digest.slice(7, 19)}</code></div>
<ol class="layers" aria-label="Layers, the lowest first">${layers.map(layerItem)}</ol></section>`;
}

function layerItem({ instruction, sizeBytes, digest }: LayerFacts): Html {
  const size =
    sizeBytes === undefined
      ? html`<span class="size empty" role="img" aria-label="no files">–</span>`
      : html`<span class="size">${formatBytesDecimal(sizeBytes)}</span>`;
  const text = instruction === '' ? (digest ?? '') : instruction;
  return html`<li>${size}<code title="${digest ?? ''}">${text}</code></li>`;
}
