// What every command is given: the engine's client, the streams, the environment.
import type { Readable } from 'node:stream';
import type { Endpoint } from '#cli/endpoint.ts';
import type { ConfigFile } from '#cli/files/config-file.ts';
import type { Client } from '#client/client.ts';

export interface Output {
  /** False asks the writer to wait for `drain`. */
  write(text: string | Uint8Array): boolean;
  once(event: 'drain', listener: () => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
}

export interface Input extends Readable {
  isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

export interface Cli {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** The user's settings; read when they are first asked for. */
  config(): ConfigFile;
  /** The engine that the user, the environment or a context chose. */
  endpoint(): Promise<Endpoint>;
  /** Connects when it is first asked. */
  client(): Promise<Client>;
  /** A line to stdout. */
  print(line: string): void;
  /** A line to stderr. */
  warn(line: string): void;
  /** Aborted by the first interrupt, for commands that listen to it. */
  readonly signal: AbortSignal;
}
