// One engine per root: a lock file that names the process, and is free when that process is gone.
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isAlive, startTicksOf } from '#kernel/proc.ts';
import { codeOf, conflict } from '#shared/errors.ts';

/** Held until disposed, or until this process ends. Throws `conflict` naming the engine that has it. */
export function lockRoot(path: string): Disposable {
  const mine = `${process.pid} ${startTicksOf(process.pid) ?? 0}\n`;
  for (let attempt = 0; attempt < 3; attempt++) {
    if (tryCreate(path, mine)) return { [Symbol.dispose]: () => release(path, mine) };
    const [pid = 0, ticks = 0] = read(path).split(' ').map(Number);
    if (pid > 0 && isAlive(pid, ticks || undefined)) {
      throw conflict(`another engine (process ${pid}) is using ${path.replace(/\/[^/]*$/, '')}`, {
        hint: 'stop it first, or give this one folders of its own with --root and --run',
      });
    }
    // Whoever wins the rename takes the dead engine's lock away, nobody a living one's.
    takeAway(path);
  }
  throw conflict(`the lock ${path} cannot be taken`);
}

function tryCreate(path: string, text: string): boolean {
  try {
    const descriptor = openSync(path, 'wx', 0o600);
    writeFileSync(descriptor, text);
    closeSync(descriptor);
    return true;
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

function takeAway(path: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    rmSync(aside, { force: true });
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function release(path: string, mine: string): void {
  if (read(path) === mine.trim()) rmSync(path, { force: true });
}
