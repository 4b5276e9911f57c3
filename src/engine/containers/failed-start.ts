// What a container keeps of a start that failed.
import { StartError } from '#runtime/start-error.ts';
import { messageOf } from '#shared/errors.ts';
import type { ContainerRecord } from './record/record.ts';
import type { Room } from './room.ts';

/** The container is as it was before, with the error and the exit code that Docker gives such a start. */
export function failStart(room: Room, before: ContainerRecord, thrown: unknown): ContainerRecord {
  const exitCode = thrown instanceof StartError ? thrown.exitCode : 128;
  const never = before.phase === 'created';
  const failed = room.store.update(before.id, {
    phase: never ? 'created' : 'exited',
    pid: 0,
    exitCode,
    error: messageOf(thrown),
  });
  room.live.of(before.id).tell('exit', { exitCode, error: failed.error });
  return failed;
}
