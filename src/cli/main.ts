// The entry of the command line: global flags, the command's file, errors and the exit code.
import { enableCompileCache } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';

// Before the rest is loaded, so that the rest comes compiled from the cache.
enableCompileCache(cacheDir());
const { runLine } = await import('#cli/line.ts');
const { flushed } = await import('#cli/terminal/write.ts');
const code = await runLine(process.argv.slice(2));
// Exiting by ourselves, as idle connections would hold us; but a pipe may still have to take what was written.
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(code);

/** Nobody else may write there: compiled code is run as it lies. */
function cacheDir(): string {
  const base = process.env['XDG_CACHE_HOME'];
  if (base?.startsWith('/')) return join(base, 'wharf', 'compiled');
  const home = homedir();
  if (home.startsWith('/') && home !== '/') return join(home, '.cache', 'wharf', 'compiled');
  return join(tmpdir(), `wharf-compiled-${getuid?.() ?? 0}`);
}
