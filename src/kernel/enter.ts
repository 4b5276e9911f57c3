// The private mount namespace of hybrid hosts: cgroup2 beside cgroup v1 makes crun refuse, so there the process
// starts itself again where the unified mount is not to be seen. No child process: the pid stays.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { cgroupMode } from '#kernel/cgroups/mode.ts';
import { unmount } from '#kernel/mounts.ts';
import { CLONE, execve, MS, mount, setCloseOnExec, setns, unshare } from '#kernel/syscalls.ts';

const marker = 'WHARF_ENTERED';
const unified = '/sys/fs/cgroup/unified';

export interface EnterRequest {
  /** A living process (of a container that outlived an engine) whose mount namespace is to be joined. */
  joinPid?: number;
  /** The whole command line: program path first. */
  argv: string[];
  env: NodeJS.ProcessEnv;
}

/**
 * Returns at once where the host is not hybrid or this process has entered already. Otherwise replaces this
 * process by `argv` in a mount namespace without the unified cgroup mount; environment, working directory and
 * standard streams stay. Call it on the main thread, before anything is open.
 */
export function enterPrivateMounts(request: EnterRequest): void {
  if (request.env[marker] !== undefined || cgroupMode() !== 'hybrid') return;
  const [program = ''] = request.argv;
  const cwd = process.cwd();
  if (!joinMounts(request.joinPid)) makeMounts();
  process.chdir(cwd);
  const env = Object.entries({ ...request.env, [marker]: '1' });
  for (const descriptor of [0, 1, 2]) setCloseOnExec(descriptor, false);
  execve(
    program,
    request.argv,
    env.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])),
  );
}

function makeMounts(): void {
  unshare(CLONE.NEWNS);
  mount('none', '/', '', MS.REC | MS.SLAVE);
  unmount(unified);
}

// setns(2) to a mount namespace asks for filesystem state of its own, which threads otherwise share.
function joinMounts(pid: number | undefined): boolean {
  if (pid === undefined || !isPrepared(pid)) return false;
  let descriptor: number | undefined;
  try {
    descriptor = openSync(`/proc/${pid}/ns/mnt`, 'r');
    unshare(CLONE.FS);
    setns(descriptor, CLONE.NEWNS);
    return true;
  } catch {
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function isPrepared(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(` ${unified} `);
  } catch {
    return false;
  }
}
