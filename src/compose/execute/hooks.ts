// Runs commands of lifecycle hooks in a container.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '#compose/execute/session.ts';
import type { Hook } from '#compose/model.ts';
import { conflict } from '#shared/errors.ts';

/** Runs the hooks one after another. Throws `conflict` with the command and its exit code where one fails. */
export async function runHooks(
  session: Session,
  containerId: string,
  hooks: readonly Hook[] = [],
): Promise<void> {
  for (const hook of hooks) await runHook(session, containerId, hook);
}

async function runHook({ client }: Session, containerId: string, hook: Hook): Promise<void> {
  const { command, user, privileged, working_dir, environment } = hook;
  const id = await client.execs.create(containerId, {
    AttachStdout: true,
    AttachStderr: true,
    Cmd: command,
    ...(user === undefined ? {} : { User: user }),
    ...(privileged === undefined ? {} : { Privileged: privileged }),
    ...(working_dir === undefined ? {} : { WorkingDir: working_dir }),
    ...(environment === undefined
      ? {}
      : { Env: Object.entries(environment).map(([name, value]) => `${name}=${value ?? ''}`) }),
  });
  const socket = await client.execs.start(id, {});
  for await (const _ of socket) {
    // What it prints goes nowhere; its end is what is waited for.
  }
  let state = await client.execs.inspect(id);
  while (state.Running) {
    await sleep(20);
    state = await client.execs.inspect(id);
  }
  if (state.ExitCode !== 0) throw conflict(`hook "${command.join(' ')}" exited with code ${state.ExitCode}`);
}
