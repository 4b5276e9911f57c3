// One more process in a running container.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecRequest, ExecSession } from './exec-session.ts';
import { startPipedExec } from './sessions/piped.ts';
import { startTerminalExec } from './sessions/terminal.ts';
import type { Runtime } from './task.ts';

/** Starts a process in a container. The session's files go away when the process ends. */
export async function exec(runtime: Runtime, request: ExecRequest): Promise<ExecSession> {
  if (!request.process.terminal) return startPipedExec(runtime, request);
  const dir = mkdtempSync(join(runtime.bundleDir(request.id), 'e'));
  const clean = () => rmSync(dir, { recursive: true, force: true });
  try {
    writeFileSync(join(dir, 'process.json'), JSON.stringify(request.process), { mode: 0o600 });
    const session = await startTerminalExec({ runtime, request, dir });
    session.exit.then(clean, clean);
    return session;
  } catch (thrown) {
    clean();
    throw thrown;
  }
}
