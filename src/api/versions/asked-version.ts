// Which version of the API a request asked for, by its path.
import type { IncomingMessage } from 'node:http';
import { apiVersion, versionIn } from '#api/wire/version.ts';

/** The second number of the version; the first is always 1. */
const newest = minorIn(apiVersion);
const asked = new WeakMap<IncomingMessage, number>();

/** Call before the version is taken off the path. */
export function rememberVersion(request: IncomingMessage): void {
  const version = versionIn(request.url ?? '');
  if (version === undefined) return;
  const minor = minorIn(version);
  if (minor !== newest) asked.set(request, minor);
}

/** 43 for `/v1.43/…`; the newest where the path names none. */
export function askedMinor(request: IncomingMessage): number {
  return asked.get(request) ?? newest;
}

function minorIn(version: string): number {
  return Number(version.split('.')[1] ?? 0);
}
