// The log drivers syslog and journald: lines go on from a container's own log, which stays readable, to the host's.
import { type ContainerRecord, isUp } from '../record/record.ts';
import { inBackground, type Room } from '../room.ts';
import { openSink } from './log-sinks.ts';
import { openLogs } from './logs.ts';
import { asStdout, unframe } from './stream.ts';

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
  const { signal } = options;
  const sink = openSink(record, signal);
  let problem: string | undefined;
  try {
    const { tty, output } = openLogs(room, record, { ...all, since, signal });
    for await (const { stream, data } of tty ? asStdout(output) : unframe(output)) {
      const lines = data
        .toString('utf8')
        .replace(/\r?\n$/, '')
        .split(/\r?\n/);
      if (!(await sink.write(stream, lines))) break;
    }
  } finally {
    problem = await sink.end();
  }
  if (problem !== undefined && !signal.aborted)
    room.warn(`the log of ${record.name} could not be forwarded: ${problem}`);
}
