// Logs: what a container wrote, from its file, framed for the wire.
import { readLog } from '#runtime/logs/read.ts';
import type { LogConfig } from '#shared/contract/container.ts';
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

/** Throws `unsupported` where the container keeps no log that may be read. */
export function readLogs(room: Room, record: ContainerRecord, options: LogOptions): Logs {
  if (!isReadable(record.hostConfig.LogConfig)) {
    throw unsupported('configured logging driver does not support reading');
  }
  return openLogs(room, record, options);
}

/** What goes to syslog is kept here too, unless `cache-disabled` says that nobody shall read it. */
function isReadable(log: LogConfig | undefined): boolean {
  if (log?.Type === 'syslog') return !isTrue(log.Config?.['cache-disabled']);
  return log?.Type !== 'none';
}

const isTrue = (text: string | undefined): boolean => /^(1|t|true)$/i.test(text ?? '');

/** Without a look at what its options say of reading. */
export function openLogs(room: Room, record: ContainerRecord, options: LogOptions): Logs {
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
