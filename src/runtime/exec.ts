// One more process in a running container.
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecRequest, ExecSession } from './exec-session.ts';
import { startPipedExec } from './sessions/piped.ts';
import { startTerminalExec } from './sessions/terminal.ts';
import type { Runtime } from './task.ts';

/** Starts a process in a container. The session's files go away when the process ends. */
export async function exec(runtime: Runtime, request: ExecRequest): Promise<ExecSession> {
  const dir = join(runtime.bundleDir(request.id), `e${randomBytes(6).toString('hex')}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, 'process.json'), JSON.stringify(request.process), { mode: 0o600 });
  const clean = () => rmSync(dir, { recursive: true, force: true });
  try {
    const place = { runtime, request, dir };
    const session = request.process.terminal ? await startTerminalExec(place) : startPipedExec(place);
    session.exit.then(clean, clean);
    return session;
  } catch (thrown) {
    clean();
    throw thrown;
  }
}
