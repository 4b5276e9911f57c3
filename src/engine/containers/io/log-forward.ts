// The log drivers syslog and journald: lines go on from a container's own log, which stays readable, to the host's.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { startProgram } from '#kernel/spawn.ts';
import { logAttributes, logTag, parseSyslogAddress, type SyslogAddress } from '../config/log-drivers.ts';
import { type ContainerRecord, isUp } from '../record/record.ts';
import { inBackground, type Room } from '../room.ts';
import { openLogs } from './logs.ts';
import { asStdout, unframe } from './stream.ts';

const severities = { 1: 6, 2: 3 } as const;
const facilities = 'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp'.split(' ');
const daemonFacility = 3;
const firstLocalFacility = 16;

/** Forwards what containers with these drivers write, until the returned function is called. */
export function forwardLogs(room: Room): () => void {
  const ending = new AbortController();
  const begin = (record: ContainerRecord, sinceMs: number): void => {
    if (!isForwarded(record)) return;
    const { signal } = ending;
    void inBackground(room, `forwarding the log of ${record.name}`, () =>
      forward(room, record, { signal, sinceMs }),
    );
  };
  for (const record of room.store.all()) if (isUp(record)) begin(record, Date.now());
  const forget = room.events.listen((event) => {
    if (event.Type !== 'container' || event.Action !== 'start') return;
    const record = room.store.get(event.Actor.ID);
    // The process wrote before its start was told.
    if (record !== undefined) begin(record, Date.parse(record.startedAt) - earlyMs);
  });
  return () => {
    forget();
    ending.abort();
  };
}

const earlyMs = 1_000;

function isForwarded({ hostConfig }: ContainerRecord): boolean {
  return hostConfig.LogConfig?.Type === 'syslog' || hostConfig.LogConfig?.Type === 'journald';
}

interface ForwardOptions {
  signal: AbortSignal;
  sinceMs: number;
}

async function forward(room: Room, record: ContainerRecord, options: ForwardOptions): Promise<void> {
  const since = { seconds: Math.floor(options.sinceMs / 1000), nanos: 0 };
  const all = { stdout: true, stderr: true, follow: true };
  const { tty, output } = openLogs(room, record, { ...all, since, signal: options.signal });
  const program = startForwarder(record);
  const gone = once(program, 'close');
  gone.catch(() => undefined);
  const { stdin } = program;
  if (stdin === null) return;
  stdin.on('error', () => undefined);
  const priority = facilityOf(record) * 8;
  for await (const { stream, data } of tty ? asStdout(output) : unframe(output)) {
    const prefix = `<${priority + severities[stream]}>`;
    const lines = data
      .toString('utf8')
      .replace(/\r?\n$/, '')
      .split(/\r?\n/);
    const goOn = stdin.write(lines.map((line) => `${prefix}${line}\n`).join(''));
    if (!goOn) await Promise.race([once(stdin, 'drain'), gone]);
    if (program.exitCode !== null) break;
  }
  stdin.end();
  await gone;
  if (program.exitCode !== 0 && !options.signal.aborted) {
    room.warn(
      `the log of ${record.name} could not be forwarded: the forwarder ended with ${program.exitCode}`,
    );
  }
}

function startForwarder(record: ContainerRecord): ChildProcess {
  const { LogConfig: log } = record.hostConfig;
  const tag = logTag(log, { ...record, imageName: record.config.Image });
  const chosen = logAttributes(log, record.config).map(([key, value]) => `${key}=${value}`);
  const name = [tag, ...chosen].join(' ').replace(/[\n\0]/g, ' ');
  const [program, args] =
    log?.Type === 'journald'
      ? ['systemd-cat', [`--identifier=${name}`, '--level-prefix=true']]
      : [
          'logger',
          loggerArguments(name, parseSyslogAddress(log?.Config?.['syslog-address']), log?.Config ?? {}),
        ];
  return startProgram(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
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
