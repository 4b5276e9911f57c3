// The release build that tests of the command line are run with once more: what users get is not what developers run.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Release {
  /** Tests drive it in place of the checkout's own. */
  program: string;
  remove(): void;
}

/** The files that say so, by a line `// also by the release's program`. */
export function wantRelease(files: readonly string[]): string[] {
  return files.filter((file) => /^\/\/ also by the release's program$/m.test(readFileSync(file, 'utf8')));
}

/** Built into a folder of its own. Throws with what the build said where it fails. */
export function buildRelease(): Release {
  const folder = mkdtempSync(join(tmpdir(), 'wharf-test-release-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const built = spawnSync(process.execPath, ['scripts/build/main.ts', join(folder, 'dist')], {
    encoding: 'utf8',
  });
  if (built.status === 0) return { program: join(folder, 'dist/bin/wharf'), remove };
  remove();
  throw new Error(`the release cannot be built: ${built.stdout}${built.stderr}`);
}
