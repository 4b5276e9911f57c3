// Keeping an idle daemon small: compiled code from a cache, and memory given back after work.
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { releaseCodePages } from '#kernel/code-pages.ts';

/**
 * From now on modules are taken from a cache on disk, where it has them: without it every start strips types again,
 * and what strips them stays in memory (25 MB, 100 ms). A folder that cannot be written means no cache, no failure.
 */
export function useCodeCache(): void {
  const dir = codeCacheDir();
  process.env['NODE_COMPILE_CACHE'] ??= dir;
  enableCompileCache(process.env['NODE_COMPILE_CACHE']);
}

function codeCacheDir(): string {
  return fileURLToPath(new URL('../../node_modules/.cache/wharf-code', import.meta.url));
}

const checkEveryMs = 5_000;
/** Less than this to gain is not worth the 20 ms that the collection takes. */
const worthwhileBytes = 8 * 1024 * 1024;

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

/**
 * Gives memory back while nothing happens: the runtime itself collects only when it needs more. `activity` counts
 * up with every piece of work; a check that finds it unchanged since the one before calls that idle.
 */
export function trimWhenIdle(activity: () => number): Disposable {
  setFlagsFromString('--expose-gc');
  const collect: Collect = runInNewContext('gc');
  let seen = -1;
  let heldBytes = 0;
  let released = false;
  const timer = setInterval(() => {
    const now = activity();
    const idle = now === seen;
    seen = now;
    if (!idle) released = false;
    if (!idle) return;
    const worthwhile = sizeOf() - heldBytes >= worthwhileBytes;
    if (worthwhile) collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    heldBytes = sizeOf();
    // Once in a pause: what the checks themselves use comes back with each of them.
    if (worthwhile || !released) releaseCodePages();
    released = true;
  }, checkEveryMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function sizeOf(): number {
  const { heapTotal, external } = process.memoryUsage();
  return heapTotal + external;
}
