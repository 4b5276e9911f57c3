// What an exec session is asked for and what it can do, with a terminal or without.

import type { OutputChunk } from './monitor/output-queue.ts';
import type { OciProcess } from './oci-spec.ts';
import type { Runtime } from './task.ts';

export interface ExecRequest {
  /** Of the container. */
  id: string;
  /** From `buildProcess`; `terminal` decides between pipes and a pty. */
  process: OciProcess;
  /** The process gets an open stdin. */
  stdin: boolean;
  /** Nobody reads its output. */
  detach?: boolean;
}

/** A process that runs. Disposing it leaves the process alone and throws its further output away. */
export interface ExecSession extends AsyncDisposable {
  /** Not read: the process comes to wait. */
  readonly output: AsyncIterable<OutputChunk>;
  write(data: Uint8Array): Promise<void>;
  endInput(): void;
  /** Characters; without a terminal nothing happens. */
  resize(size: { width: number; height: number }): Promise<void>;
  /** 0–255, 128 + n for signal n. Rejects with `StartError` where the process never ran. */
  readonly exit: Promise<number>;
  /** On the host; 0 until it is known and where it never ran. */
  pid(): number;
}

/** What a session with a terminal is started from. */
export interface ExecPlace {
  runtime: Runtime;
  request: ExecRequest;
  /** Of this session alone; holds `process.json`. */
  dir: string;
}
