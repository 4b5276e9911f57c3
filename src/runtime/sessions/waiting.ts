// The runtime's exec with pipes, before it knows what to run: it loads its libraries, reads the container's
// configuration, and then waits at a pipe for the description of the process. Only after that does it touch the
// container.
import { closeSync, createWriteStream, mkdtempSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openPipe } from '#kernel/pipes.ts';
import { type QuickChild, quickSpawn } from '#kernel/quick-spawn.ts';
import type { OciProcess } from '../oci-spec.ts';

/** The part of the runtime that an exec is started from. */
export interface ExecProgram {
  readonly runtimeProgram: string;
  readonly runtimeFlags: readonly string[];
  readonly stateRoot: string;
  bundleDir(id: string): string;
}

/** Must be told or disposed. Ends by itself, with an error in its log, when this process goes away before. */
export interface WaitingExec extends Disposable {
  readonly child: QuickChild;
  /** There when something went wrong. */
  readonly logPath: string;
  /** Holds the process's id on the host once it runs. */
  readonly pidPath: string;
  /** The process starts. Once. */
  run(process: OciProcess): void;
  /** Its files go away: for when it has ended. Disposing does it too. */
  clean(): void;
}

/** What a pipe takes at once, pipe(7). */
const pipeBytes = 65_536;

export interface ExecStdio {
  /** The process gets an open stdin. */
  stdin: boolean;
  /** Nobody reads its output, and it outlives this process. */
  detach: boolean;
}

export function startWaiting(program: ExecProgram, id: string, { stdin, detach }: ExecStdio): WaitingExec {
  const dir = mkdtempSync(join(program.bundleDir(id), 'e'));
  const [logPath, pidPath] = [join(dir, 'log'), join(dir, 'pid')];
  const out = detach ? 'null' : 'from';
  const { readEnd, writeEnd } = openPipe();
  let open = true;
  const close = () => {
    if (open) closeSync(writeEnd);
    open = false;
  };
  const clean = () => rmSync(dir, { recursive: true, force: true });
  const words = [`--log=${logPath}`, 'exec', '--process', '/proc/self/fd/3', '--pid-file', pidPath, id];
  let child: QuickChild;
  try {
    child = quickSpawn(program.runtimeProgram, [...program.runtimeFlags, ...words], {
      stdio: [stdin ? 'to' : 'null', out, out, readEnd],
      detached: detach,
    });
  } catch (thrown) {
    close();
    clean();
    throw thrown;
  } finally {
    closeSync(readEnd);
  }
  const dispose = () => {
    close();
    child.kill('SIGKILL');
    for (const pipe of child.pipes) pipe?.destroy();
    clean();
  };
  const run = (process: OciProcess) => {
    const text = Buffer.from(JSON.stringify(process));
    open = false;
    if (text.byteLength <= pipeBytes) {
      writeQuietly(writeEnd, text);
      closeSync(writeEnd);
    } else {
      createWriteStream('', { fd: writeEnd })
        .once('error', () => {})
        .end(text);
    }
  };
  return { child, logPath, pidPath, run, clean, [Symbol.dispose]: dispose };
}

/** Nobody may read any more: then the child has ended, and says why. */
function writeQuietly(descriptor: number, text: Buffer): void {
  try {
    writeSync(descriptor, text);
  } catch {}
}
