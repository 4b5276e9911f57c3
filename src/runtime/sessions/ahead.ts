// Execs that are started before they are asked for: whoever creates one starts it next, and whoever had one run often
// wants another soon after. Spawning the runtime and loading its libraries is more than half of an exec.
import { observeProcess, readContainerRecord } from '../monitor/container-state.ts';
import { type ExecProgram, startWaiting, type WaitingExec } from './waiting.ts';

/** Nobody asked for it: it ends. */
const keptMs = 3000;
/** The one that has just ended is still to be looked at: its client waits for that, not for this. */
const afterMs = 30;

interface Kept {
  exec: WaitingExec;
  stdin: boolean;
  /** Which run of the container it has looked up. */
  run: string;
  timer: NodeJS.Timeout;
}

/** At most one for each container, for three seconds. It is no process of the container, and holds nothing of it. */
export class ExecsAhead implements Disposable {
  readonly #program: ExecProgram;
  readonly #kept = new Map<string, Kept>();
  /** How to call off one that is about to be started. */
  readonly #coming = new Map<string, () => void>();

  constructor(program: ExecProgram) {
    this.#program = program;
  }

  /** An exec is about to be started. Returns at once. */
  expect(id: string, stdin: boolean): void {
    this.#callOff(id);
    const immediate = setImmediate(() => this.#start(id, stdin));
    this.#coming.set(id, () => clearImmediate(immediate));
  }

  /** An exec has ended, and the next may follow. */
  expectAnother(id: string, stdin: boolean): void {
    this.#callOff(id);
    const timer = setTimeout(() => this.#start(id, stdin), afterMs).unref();
    this.#coming.set(id, () => clearTimeout(timer));
  }

  /** The one that waits, now the caller's. Undefined: there is none that fits. */
  take(id: string, stdin: boolean): WaitingExec | undefined {
    this.#callOff(id);
    const kept = this.#kept.get(id);
    if (kept === undefined || kept.stdin !== stdin) return undefined;
    this.#kept.delete(id);
    clearTimeout(kept.timer);
    if (!kept.exec.child.hasEnded() && kept.run === this.#runOf(id)) return kept.exec;
    kept.exec[Symbol.dispose]();
    return undefined;
  }

  /** None waits for this container. */
  drop(id: string): void {
    this.#callOff(id);
    const kept = this.#kept.get(id);
    this.#kept.delete(id);
    clearTimeout(kept?.timer);
    kept?.exec[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const id of [...this.#kept.keys(), ...this.#coming.keys()]) this.drop(id);
  }

  #callOff(id: string): void {
    this.#coming.get(id)?.();
    this.#coming.delete(id);
  }

  #start(id: string, stdin: boolean): void {
    this.#coming.delete(id);
    const run = this.#runOf(id);
    const kept = this.#kept.get(id);
    if (kept !== undefined && kept.run === run && kept.stdin === stdin) {
      kept.timer.refresh();
      return;
    }
    this.drop(id);
    if (run === undefined) return;
    const exec = this.#tryStart(id, stdin);
    if (exec === undefined) return;
    const timer = setTimeout(() => this.drop(id), keptMs).unref();
    this.#kept.set(id, { exec, stdin, run, timer });
  }

  /** Whatever is in the way, the exec that is asked for will meet it too, and tell. */
  #tryStart(id: string, stdin: boolean): WaitingExec | undefined {
    try {
      return startWaiting(this.#program, id, { stdin, detach: false });
    } catch {
      return undefined;
    }
  }

  /** Undefined: it does not run. */
  #runOf(id: string): string | undefined {
    const record = readContainerRecord(this.#program.stateRoot, id);
    if (record === undefined || observeProcess(record) === undefined) return undefined;
    return `${record.pid} ${record.startTicks}`;
  }
}
