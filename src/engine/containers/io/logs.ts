// Logs: what a container wrote, from its file, framed for the wire.
import { readLog } from '#runtime/logs/read.ts';
import { unsupported } from '#shared/errors.ts';
import type { Timestamp } from '#shared/notation/duration.ts';
import { logAttributes, logTag } from '../config/log-drivers.ts';
import { type ContainerRecord, isUp } from '../record/record.ts';
import { pathsOf, type Room } from '../room.ts';
import { detailsPrefix, withDetails } from './log-details.ts';

export interface LogOptions {
  stdout?: boolean;
  stderr?: boolean;
  since?: Timestamp;
  until?: Timestamp;
  timestamps?: boolean;
  /** Lines from the end; undefined: all. */
  tail?: number;
  /** Goes on until the container ends. */
  follow?: boolean;
  /** What the log options chose of labels and environment, in each line. */
  details?: boolean;
  signal?: AbortSignal;
}

export interface Logs {
  tty: boolean;
  /** A terminal's bytes as they are; otherwise Docker's frames. */
  output: AsyncIterable<Buffer>;
}

/** Throws `unsupported` where the container keeps no log. */
export function readLogs(room: Room, record: ContainerRecord, options: LogOptions): Logs {
  if (record.hostConfig.LogConfig?.Type === 'none') {
    throw unsupported('configured logging driver does not support reading');
  }
  const nanos = (time: Timestamp): bigint => BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos);
  const { since, until, tail, signal } = options;
  const tty = record.config.Tty ?? false;
  const output = readLog({
    path: pathsOf(room, record.id).log,
    tty,
    stdout: options.stdout ?? false,
    stderr: options.stderr ?? false,
    timestamps: options.timestamps ?? false,
    follow: options.follow ?? false,
    isRunning: () => isUp(room.store.get(record.id) ?? { ...record, phase: 'removing' }),
    ...(since === undefined ? {} : { sinceNs: nanos(since) }),
    ...(until === undefined ? {} : { untilNs: nanos(until) }),
    ...(tail === undefined ? {} : { tail }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (options.details !== true) return { tty, output };
  const prefix = detailsPrefix(logAttributesOf(record));
  const how = { prefix, timestamps: options.timestamps ?? false, framed: !tty };
  return { tty, output: withDetails(output, how) };
}

/** Those of the options, and the tag where one was asked for. */
function logAttributesOf(record: ContainerRecord): [string, string][] {
  const { LogConfig: log } = record.hostConfig;
  const chosen = logAttributes(log, record.config);
  if (!log?.Config?.['tag']) return chosen;
  return [...chosen, ['tag', logTag(log, { ...record, imageName: record.config.Image })]];
}
