// Keeps log files bounded: looks at them now and then, and starts a new one where one has grown past its limit.
import { statSync } from 'node:fs';
import { rotateLog } from '#runtime/logs/rotate.ts';
import { messageOf } from '#shared/errors.ts';
import { parseBytes } from '#shared/notation/size.ts';
import { type ContainerRecord, isUp } from '../record/record.ts';
import { type LogLimits, pathsOf, type Room } from '../room.ts';

const lookEveryMs = 2_000;

/** The limits of one container: `max-size` and `max-file` of its log options, or the engine's. */
export function logLimitsOf(record: ContainerRecord, engine: LogLimits): LogLimits {
  const options = record.hostConfig.LogConfig?.Config ?? {};
  const size = options['max-size'];
  const files = Number(options['max-file']);
  return {
    maxSizeBytes: size === undefined || size === '-1' ? engine.maxSizeBytes : parseBytes(size),
    maxFiles: Number.isInteger(files) && files >= 1 ? files : engine.maxFiles,
  };
}

/** Rotates until the returned function is called. */
export function rotateLogs(room: Room): () => void {
  const timer = setInterval(() => {
    for (const record of room.store.all()) {
      if (isUp(record)) void rotateOne(room, record).catch((thrown: unknown) => room.warn(messageOf(thrown)));
    }
  }, lookEveryMs).unref();
  return () => clearInterval(timer);
}

async function rotateOne(room: Room, record: ContainerRecord): Promise<void> {
  if (record.hostConfig.LogConfig?.Type === 'none') return;
  const { log } = pathsOf(room, record.id);
  const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  const limits = logLimitsOf(record, room.log);
  if (size < limits.maxSizeBytes) return;
  await rotateLog(log, { maxFiles: limits.maxFiles, reopen: () => room.runtime.reopenLog(record.id) });
}
