// Contexts that are fetched: a git repository, a tar, or a Dockerfile alone.
import { createWriteStream, readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { invalid, messageOf, unavailable } from '#shared/errors.ts';
import type { BuildSession } from './session.ts';
import { cloneGit, parseGitAddress } from './tree/git.ts';
import type { SourceTree } from './tree/source-tree.ts';

/** Files, an archive of them in a file, or the text of a Dockerfile that needs none. */
export type Fetched =
  | { kind: 'tree'; tree: SourceTree }
  | { kind: 'archive'; path: string }
  | { kind: 'dockerfile'; text: string };

const mostDockerfileBytes = 2 * 2 ** 20;
const magics = ['1f8b', '425a68', 'fd377a585a', '28b52ffd'];

/** Fetches what `remote` names into the folder of the build. */
export async function fetchContext(session: BuildSession, remote: string): Promise<Fetched> {
  const address = parseGitAddress(remote.startsWith('github.com/') ? `https://${withGit(remote)}` : remote);
  if (address !== undefined) {
    const keep = session.request.buildArgs?.['BUILDKIT_CONTEXT_KEEP_GIT_DIR'] ?? '';
    const keepGitDir = /^(1|true)$/i.test(keep);
    const { signal } = session;
    const tree = await cloneGit(address, {
      folder: session.folder(),
      keepGitDir,
      signal,
      access: session,
      action: 'fetching the context',
    });
    return { kind: 'tree', tree };
  }
  if (!/^https?:\/\//.test(remote) || !URL.canParse(remote))
    throw invalid(`unable to prepare context: ${remote} is neither a git repository nor a URL`);
  const path = join(session.folder(), session.newName('remote'));
  await get(remote, path, session.signal);
  if (await isArchive(path)) return { kind: 'archive', path };
  if (statSync(path).size > mostDockerfileBytes)
    throw invalid(`${remote} is no archive, and too large for a Dockerfile`);
  return { kind: 'dockerfile', text: readFileSync(path, 'utf8') };
}

/** As the known short form has it: `github.com/user/repository#ref`. */
function withGit(remote: string): string {
  const [path = '', fragment] = remote.split('#', 2);
  const whole = path.endsWith('.git') ? path : `${path}.git`;
  return fragment === undefined ? whole : `${whole}#${fragment}`;
}

async function get(url: string, path: string, signal: AbortSignal): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const reason = messageOf(thrown instanceof TypeError ? (thrown.cause ?? thrown) : thrown);
    throw unavailable(`failed to fetch remote context ${url}: ${reason}`, { cause: thrown });
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw invalid(`failed to fetch remote context ${url}: server answered ${response.status}`);
  }
  const body = response.body === null ? Readable.from([]) : Readable.fromWeb(response.body);
  await pipeline(body, createWriteStream(path, { mode: 0o600 }), { signal });
}

async function isArchive(path: string): Promise<boolean> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
  const head = buffer.subarray(0, bytesRead);
  return (
    magics.some((magic) => head.toString('hex').startsWith(magic)) ||
    head.subarray(257, 262).toString() === 'ustar'
  );
}
