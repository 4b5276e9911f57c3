// The archive of an import that lies behind a URL.
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { invalid, messageOf, unavailable } from '#shared/errors.ts';

/** The URL that is meant: Docker takes one without a scheme for `http://`. Throws `invalid` for what is none. */
export function importUrl(text: string): URL {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw invalid(`invalid import source: ${text.slice(0, 200)}`, {
    hint: 'a source is - (the request’s body) or a URL of a tar: http://host/path or https://host/path',
  });
}

/** What the URL answers, as it comes. Throws `unavailable` where nobody answers, `invalid` for a refusal. */
export async function openRemoteSource(url: URL, signal: AbortSignal): Promise<Readable> {
  const response = await fetch(url, { signal }).catch((thrown: unknown) => {
    if (signal.aborted) throw thrown;
    const cause = thrown instanceof TypeError ? (thrown.cause ?? thrown) : thrown;
    throw unavailable(`could not get ${url.href}: ${messageOf(cause)}`, { cause: thrown });
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw invalid(`could not get ${url.href}: ${response.status} ${response.statusText}`.trim());
  }
  return response.body === null ? Readable.from([]) : Readable.fromWeb(response.body as ReadableStream);
}
