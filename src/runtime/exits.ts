// One watcher for the ends of all containers: conmon leaves a file with the exit code for each.
import { type FSWatcher, mkdirSync, readdirSync, readFileSync, rmSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '#shared/make-folders.ts';

export interface Exit {
  /** 0–255; 128 + n where signal n ended it. */
  exitCode: number;
  /** Milliseconds since 1970. */
  atMs: number;
}

export type ExitListener = (id: string, exit: Exit) => void;

const rescanMs = 10_000;

/** The exit directory. Exits that are already there, and all later ones, are reported once to each listener. */
export class ExitWatcher implements Disposable {
  readonly dir: string;
  #watcher: FSWatcher;
  #timer: NodeJS.Timeout;
  #reported = new Set<string>();
  #listeners = new Set<ExitListener>();

  constructor(dir: string) {
    this.dir = dir;
    makeFolders(mkdirSync, dir, 0o700);
    this.#watcher = watch(dir, (_, name) => {
      if (name !== null) this.#report(name);
    });
    // The kernel drops events when too many come at once.
    this.#timer = setInterval(() => this.#scan(), rescanMs).unref();
  }

  /** The recorded end of a container's last run. Undefined: it runs, or never did. */
  read(id: string): Exit | undefined {
    try {
      const path = join(this.dir, id);
      const text = readFileSync(path, 'utf8');
      return text === '' ? undefined : { exitCode: Number(text) & 0xff, atMs: statSync(path).mtimeMs };
    } catch {
      return undefined;
    }
  }

  /** Forgets the last run; the next end will be reported. */
  forget(id: string): void {
    rmSync(join(this.dir, id), { force: true });
    this.#reported.delete(id);
  }

  /** Returns how to stop listening. */
  listen(listener: ExitListener): () => void {
    this.#listeners.add(listener);
    setImmediate(() => this.#scan());
    return () => this.#listeners.delete(listener);
  }

  /** Reports an end that left no file. */
  announce(id: string, exit: Exit): void {
    if (this.#reported.has(id) || this.#listeners.size === 0) return;
    this.#reported.add(id);
    for (const listener of this.#listeners) listener(id, exit);
  }

  #scan(): void {
    if (this.#listeners.size === 0) return;
    for (const name of readdirSync(this.dir)) this.#report(name);
  }

  #report(name: string): void {
    // glib writes `ID.XXXXXX` first and renames it.
    if (name.includes('.') || this.#reported.has(name)) return;
    const exit = this.read(name);
    if (exit !== undefined) this.announce(name, exit);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#watcher.close();
    this.#listeners.clear();
  }
}
