// Where forwarded log lines go: the journal of systemd, or logger(1), which speaks to syslog servers.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournal } from '#kernel/journal.ts';
import { startProgram } from '#kernel/spawn.ts';
import { logAttributes, logTag, parseSyslogAddress, type SyslogAddress } from '../config/log-drivers.ts';
import { type ContainerRecord, shortId } from '../record/record.ts';

export interface LogSink {
  /** Waits while the other end is behind. False once it takes no more. */
  write(stream: 1 | 2, lines: readonly string[]): Promise<boolean>;
  /** Resolves to why not all arrived; undefined where it did. */
  end(): Promise<string | undefined>;
}

const severities = { 1: 6, 2: 3 } as const;
const facilities = 'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp'.split(' ');
const daemonFacility = 3;
const firstLocalFacility = 16;
const behindMs = 20;
const longestPiece = 16_384;

/** For a container whose driver is journald or syslog. The caller ends it; with the signal nothing is waited for. */
export function openSink(record: ContainerRecord, signal: AbortSignal): LogSink {
  return record.hostConfig.LogConfig?.Type === 'journald' ? journalSink(record, signal) : syslogSink(record);
}

const tagOf = (record: ContainerRecord): string =>
  logTag(record.hostConfig.LogConfig, { ...record, imageName: record.config.Image });

/** Docker's fields; chosen labels and variables are fields by their names in upper case. */
function journalSink(record: ContainerRecord, signal: AbortSignal): LogSink {
  const journal = openJournal();
  const tag = tagOf(record);
  const chosen = logAttributes(record.hostConfig.LogConfig, record.config).map(
    ([key, value]) =>
      [
        key
          .toUpperCase()
          .replace(/[^A-Z0-9_]/g, '_')
          .replace(/^_+/, ''),
        value,
      ] as const,
  );
  const fields = {
    ...Object.fromEntries(chosen.filter(([name]) => /^[A-Z]/.test(name))),
    CONTAINER_ID: shortId(record.id),
    CONTAINER_ID_FULL: record.id,
    CONTAINER_NAME: record.name,
    CONTAINER_TAG: tag,
    IMAGE_NAME: record.config.Image ?? '',
    SYSLOG_IDENTIFIER: tag,
  };
  return {
    async write(stream, lines) {
      const PRIORITY = String(severities[stream]);
      for (const message of lines.flatMap(piecesOf)) {
        const entry = { ...fields, PRIORITY, ...message };
        while (!signal.aborted && !journal.write(entry)) await sleep(behindMs, undefined, { ref: false });
      }
      return !signal.aborted;
    },
    async end() {
      journal[Symbol.dispose]();
      return undefined;
    },
  };
}

/** A datagram holds some 200 KB: a longer line goes in pieces, all but the last marked as Docker marks them. */
function piecesOf(line: string): Record<string, string>[] {
  const pieces: Record<string, string>[] = [];
  let rest = line;
  for (; rest.length > longestPiece; rest = rest.slice(longestPiece))
    pieces.push({ MESSAGE: rest.slice(0, longestPiece), CONTAINER_PARTIAL_MESSAGE: 'true' });
  return [...pieces, { MESSAGE: rest }];
}

function syslogSink(record: ContainerRecord): LogSink {
  const program = startLogger(record);
  const gone = once(program, 'close');
  gone.catch(() => undefined);
  const { stdin } = program;
  stdin?.on('error', () => undefined);
  const priority = facilityOf(record) * 8;
  return {
    async write(stream, lines) {
      const prefix = `<${priority + severities[stream]}>`;
      const goOn = stdin?.write(lines.map((line) => `${prefix}${line}\n`).join('')) ?? true;
      if (!goOn && stdin !== null) await Promise.race([once(stdin, 'drain'), gone]);
      return program.exitCode === null;
    },
    async end() {
      stdin?.end();
      await gone;
      return program.exitCode === 0 ? undefined : `the forwarder ended with ${program.exitCode}`;
    },
  };
}

function startLogger(record: ContainerRecord): ChildProcess {
  const { LogConfig: log } = record.hostConfig;
  const chosen = logAttributes(log, record.config).map(([key, value]) => `${key}=${value}`);
  const name = [tagOf(record), ...chosen].join(' ').replace(/[\n\0]/g, ' ');
  const to = parseSyslogAddress(log?.Config?.['syslog-address']);
  return startProgram('logger', loggerArguments(name, to, log?.Config ?? {}), {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}

function loggerArguments(
  tag: string,
  to: SyslogAddress,
  options: Record<string, string> | null = {},
): string[] {
  const format = options?.['syslog-format']?.startsWith('rfc5424') ? '--rfc5424' : '--rfc3164';
  const common = ['--prio-prefix', '--tag', tag];
  if (to.protocol === 'unix') return [...common, '--socket', to.path];
  return [...common, format, `--${to.protocol}`, '--server', to.host, '--port', String(to.port)];
}

/** By name or number; Docker's default is daemon. */
function facilityOf({ hostConfig }: ContainerRecord): number {
  const asked = hostConfig.LogConfig?.Config?.['syslog-facility'] ?? '';
  const local = /^local([0-7])$/.exec(asked)?.[1];
  if (local !== undefined) return firstLocalFacility + Number(local);
  if (/^\d+$/.test(asked)) return Math.min(Number(asked), 23);
  const known = facilities.indexOf(asked);
  return known < 0 ? daemonFacility : known;
}
