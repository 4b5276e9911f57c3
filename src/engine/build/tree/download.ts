// ADD of a URL: the file it names, with the server's time; never unpacked.
import { createHash } from 'node:crypto';
import { chmodSync, createWriteStream, mkdtempSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { invalid, messageOf, unavailable } from '#shared/errors.ts';
import { flagValue } from '../dockerfile/flags.ts';
import type { CopyInstruction } from '../dockerfile/instruction.ts';
import { fileAuthorization, type RemoteAccess } from './remote-access.ts';
import type { SourceTree } from './source-tree.ts';

export interface DownloadTree extends SourceTree {
  /** The file in it. */
  name: string;
}

const retries = 3;

/** The last part of the path, decoded; a destination that is a directory needs one. */
function nameOf(url: URL, step: CopyInstruction): string {
  const last = decodeURIComponent(
    url.pathname
      .split('/')
      .filter((part) => part !== '')
      .at(-1) ?? '',
  ).replaceAll('/', '_');
  if (last !== '' && last !== '.' && last !== '..') return last;
  if (step.destination.endsWith('/')) {
    throw invalid(`cannot determine filename for source ${url.href}`, {
      hint: 'Write the file name at the destination.',
    });
  }
  return 'download';
}

async function open(
  url: URL,
  { signal, access }: { signal: AbortSignal; access: RemoteAccess },
): Promise<Response> {
  const authorization = fileAuthorization(access, url.hostname);
  const headers = authorization === undefined ? {} : { authorization };
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, { signal, headers });
      if (response.ok) return response;
      await response.body?.cancel();
      if (response.status < 500 || attempt >= retries) {
        throw invalid(
          `ADD failed: ${url.href}: server answered ${response.status} ${response.statusText}`.trim(),
        );
      }
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof TypeError)) throw thrown;
      const reason = messageOf(thrown.cause ?? thrown);
      if (attempt >= retries) throw unavailable(`ADD failed: ${url.href}: ${reason}`, { cause: thrown });
    }
  }
}

/** Downloads into a new folder below `folder`. `--checksum=sha256:…` that does not fit is `invalid`. */
export async function download(
  address: string,
  options: { folder: string; step: CopyInstruction; signal: AbortSignal; access: RemoteAccess },
): Promise<DownloadTree> {
  if (!URL.canParse(address)) throw invalid(`ADD failed: invalid URL: ${address}`);
  const url = new URL(address);
  const name = nameOf(url, options.step);
  const response = await open(url, options);
  const root = mkdtempSync(join(options.folder, 'url-'));
  const path = join(root, name);
  const sum = createHash('sha256');
  const count = new Transform({
    transform: (chunk: Buffer, _, done) => {
      sum.update(chunk);
      done(null, chunk);
    },
  });
  const body = response.body === null ? Readable.from([]) : Readable.fromWeb(response.body);
  await pipeline(body, count, createWriteStream(path), { signal: options.signal });
  const digest = sum.digest('hex');
  const wanted = flagValue(options.step.flags, 'checksum');
  if (wanted !== undefined && wanted !== `sha256:${digest}`) {
    throw invalid(`digest mismatch sha256:${digest}: ${wanted}`, {
      hint: `What ${address} serves is not what was expected.`,
    });
  }
  chmodSync(path, 0o600);
  const modified = Date.parse(response.headers.get('last-modified') ?? '') / 1000;
  const seconds = Number.isNaN(modified) ? 0 : modified;
  utimesSync(path, seconds, seconds);
  return { root, name, excludes: () => false, prunes: true, knownDigest: () => digest };
}
