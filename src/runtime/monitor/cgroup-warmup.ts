// Taking the kernel's wait out of starts: the first process that changes its cgroup waits, the next ones do not.
import { closeSync, openSync, write } from 'node:fs';
import { join } from 'node:path';
import { cgroupDirs } from '#kernel/cgroups.ts';

/** Measured on 6.18: a move within 15 ms of the last one does not wait, one after 20 ms does. */
const againMs = 10;
/** Whoever starts one container often starts another one soon. */
const keptWarmMs = 2000;

/**
 * The first move of a process into a cgroup after a pause waits for an RCU grace period (5–20 ms), those shortly
 * after it do not. So this process is moved into the cgroup that it is in: at once when a start is expected, beside
 * the preparations for it, and every 10 ms for two seconds more, at some 50 µs of a kernel thread's time each.
 */
export class CgroupWarmth implements Disposable {
  #descriptor: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #untilMs = 0;
  #busy = false;

  /** A start or exec is about to happen. Returns at once. */
  expect(): void {
    this.#untilMs = performance.now() + keptWarmMs;
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#warm(), againMs).unref();
    this.#warm();
  }

  #warm(): void {
    if (this.#busy) return;
    if (performance.now() > this.#untilMs || !this.#open()) {
      this[Symbol.dispose]();
      return;
    }
    this.#busy = true;
    // "0" is the writer itself. What the kernel answers does not matter: the lock comes first.
    write(this.#descriptor ?? -1, '0', () => {
      this.#busy = false;
      if (this.#timer === undefined) this.#close();
    });
  }

  #open(): boolean {
    if (this.#descriptor !== undefined) return true;
    const dir = cgroupDirs(process.pid).values().next().value;
    if (dir === undefined) return false;
    try {
      this.#descriptor = openSync(join(dir, 'cgroup.procs'), 'w');
      return true;
    } catch {
      // Not ours to write to: starts wait as they would without this.
      return false;
    }
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (!this.#busy) this.#close();
  }
}
