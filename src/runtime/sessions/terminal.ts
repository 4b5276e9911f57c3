// An exec session with a terminal: conmon holds the pty, as it does for containers.
import { join } from 'node:path';
import { type Attachment, attach } from '../attach.ts';
import type { ExecPlace, ExecSession } from '../exec-session.ts';
import { MonitorFailure, startMonitor } from '../monitor/conmon.ts';
import { sendResize } from '../monitor/control.ts';
import { readLogOf, toStartError } from '../start-error.ts';

const lostCode = 255;

/** Attached before the process runs, so that nothing it writes is missed. Never ran: `StartError`. */
export async function startTerminalExec({ runtime, request, dir }: ExecPlace): Promise<ExecSession> {
  let attachment: Attachment | undefined;
  try {
    const monitor = await startMonitor({
      conmonPath: runtime.conmonPath,
      runtimePath: runtime.runtimeProgram,
      runtimeFlags: [...runtime.runtimeFlags, `--log=${join(dir, 'log')}`],
      id: request.id,
      processId: request.id,
      name: request.id,
      bundle: dir,
      exitDir: dir,
      logPath: null,
      tty: true,
      stdin: request.stdin,
      leaveStdinOpen: true,
      execSpec: join(dir, 'process.json'),
      beforeExec: async () => {
        attachment = await attach(dir);
      },
    });
    if (attachment === undefined) throw new MonitorFailure('conmon gave no terminal');
    return session(dir, attachment, monitor);
  } catch (thrown) {
    await using _ = attachment;
    if (!(thrown instanceof MonitorFailure)) throw thrown;
    // With a terminal conmon does not hear what the runtime says.
    throw toStartError('exec', readLogOf(join(dir, 'log')) || thrown.message, request.process.args[0] ?? '');
  }
}

function session(
  dir: string,
  attachment: Attachment,
  monitor: Awaited<ReturnType<typeof startMonitor>>,
): ExecSession {
  const exit = monitor.nextMessage().then((message) => (message ? message.data & 0xff : lostCode));
  return {
    output: attachment.output,
    exit,
    pid: () => monitor.pid,
    write: (data) => attachment.write(data),
    endInput: () => attachment.endInput(),
    resize: async (size) => void (await sendResize(dir, size)),
    [Symbol.asyncDispose]: () => attachment[Symbol.asyncDispose](),
  };
}
