// The Hub as a program: served until a signal ends it, its garbage collected, its users' file changed.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { addUser, listUsers, removeUser } from '#hub/auth/users.ts';
import { defaultGraceMs, openHub } from '#hub/hub.ts';
import { type ServeOptions, serveHub } from '#hub/serve.ts';
import { cryptPassword } from '#kernel/crypt.ts';
import { isAlive, startTicksOf } from '#kernel/proc.ts';
import { codeOf, conflict, invalid, messageOf } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';

export { addUser, listUsers, removeUser };

export interface HubSettings extends Omit<ServeOptions, 'tls' | 'signal' | 'crypt'> {
  /** PEM files: both, or none. */
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
  /** Told once, when the Hub answers: `http://127.0.0.1:5000`. */
  onServing: (url: string) => void;
}

/**
 * Serves a Hub until SIGTERM or SIGINT; then resolves, with running answers ended. Throws `invalid` for wrong options
 * and files, `conflict` where another process serves the folder, `unavailable` where the address is taken.
 */
export async function runHub({ tlsCert, tlsKey, onServing, ...options }: HubSettings): Promise<void> {
  const tls = readTls(tlsCert, tlsKey);
  makeFolders(mkdirSync, options.root, 0o700);
  using _claim = claimFolder(options.root);
  const stopped = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopped.abort());
  const asked = new Promise((done) => stopped.signal.addEventListener('abort', done, { once: true }));
  await using served = await serveHub({ ...options, tls, crypt: cryptPassword });
  onServing(served.url);
  await asked;
}

/**
 * What nothing refers to is gone, for a Hub that nobody serves. A served one collects by itself, and knows which blobs
 * a push is about to use: throws `conflict` there. Throws `invalid` where the folder has no Hub.
 */
export async function collectHub(
  root: string,
  { graceMs = defaultGraceMs, untagged = false }: { graceMs?: number; untagged?: boolean },
): Promise<{ blobs: number; freedBytes: number }> {
  assertHub(root);
  using _claim = claimFolder(root);
  await using hub = openHub({ root });
  return await hub.collect({ graceMs, untagged });
}

function assertHub(root: string): void {
  if (existsSync(join(root, 'hub.db'))) return;
  throw invalid(`there is no Hub in ${root}`, { hint: 'name the folder that it serves with --root' });
}

/** The folder is this process's until disposed of. */
function claimFolder(root: string): Disposable {
  const file = join(resolve(root), 'hub.pid');
  const holder = readHolder(file);
  if (holder !== undefined && holder.pid !== process.pid && isAlive(holder.pid, holder.startTicks)) {
    throw conflict(`the Hub in ${root} is served by process ${holder.pid}`, {
      hint: 'it collects its garbage by itself; another Hub needs a --root of its own',
    });
  }
  writeFileSync(file, `${process.pid} ${startTicksOf(process.pid) ?? 0}\n`);
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
}

function readHolder(file: string): { pid: number; startTicks: number } | undefined {
  try {
    const [, pid, startTicks] = /^(\d+) (\d+)$/m.exec(readFileSync(file, 'utf8')) ?? [];
    return pid === undefined ? undefined : { pid: Number(pid), startTicks: Number(startTicks) };
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

function readTls(cert: string | undefined, key: string | undefined): ServeOptions['tls'] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw invalid(
      `--tls-cert and --tls-key go together: ${cert === undefined ? '--tls-cert' : '--tls-key'} is missing`,
    );
  }
  return { cert: readPem(cert), key: readPem(key) };
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw invalid(`cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
}
