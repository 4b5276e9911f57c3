// Boots the machine by qemu, shows what its tests print, and tells how they ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface BootRequest {
  /** For the kernel's own words. */
  folder: string;
  checkout: string;
  kernel: string;
  starter: string;
}

/** The machine's first word, and the last one with the tests' exit code. */
const begun = 'vm: begins';
const ended = /^vm: ended with (\d+)\s*$/m;

/** A kernel that says nothing in this time will not: some hosts offer a KVM that does not work. */
const firstWordMs = 20_000;
const emulatedFirstWordMs = 180_000;
const longestMs = 60 * 60_000;

/** Runs the machine to its end; comes back with the exit code of its tests, 1 where it did not get that far. */
export async function bootMachine(request: BootRequest): Promise<number> {
  const tries = existsSync('/dev/kvm') ? ['kvm', 'tcg,thread=multi'] : ['tcg,thread=multi'];
  for (const accelerator of tries) {
    const isLast = accelerator === tries.at(-1);
    const { printed, complaint } = await runMachine(
      request,
      accelerator,
      isLast ? emulatedFirstWordMs : firstWordMs,
    );
    if (!printed.includes(begun) && !isLast) {
      console.log(`vm: ${accelerator} does not work here: the machine is emulated, which is slow`);
      continue;
    }
    const code = ended.exec(printed)?.[1];
    if (code !== undefined) return Number(code);
    console.log(
      `vm: the machine did not get to its end; ${complaint}its kernel said last:\n${kernelWords(request)}`,
    );
    return 1;
  }
  return 1;
}

const kernelWords = ({ folder }: BootRequest): string => {
  const file = join(folder, 'kernel');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-30).join('\n') : '(nothing)';
};

/** What the machine printed, and what its emulator complained of. */
async function runMachine(
  request: BootRequest,
  accelerator: string,
  waitMs: number,
): Promise<{ printed: string; complaint: string }> {
  const { program, env, firmware } = emulator(request.checkout);
  const child = spawn(program, [...firmware, ...machine(request, accelerator)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  const end = () => child.kill('SIGKILL');
  const first = setTimeout(end, waitMs);
  const last = setTimeout(end, longestMs);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  let printed = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    if (printed.includes(begun)) clearTimeout(first);
    process.stdout.write(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  await closed(child);
  for (const timer of [first, last]) clearTimeout(timer);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, end);
  return { printed, complaint };
}

const closed = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });

/** The machine's own qemu, or the one that was unpacked for it. */
function emulator(checkout: string): { program: string; env: NodeJS.ProcessEnv; firmware: string[] } {
  const unpacked = join(checkout, '.cache/vm-qemu/usr');
  const program = join(unpacked, 'bin/qemu-system-x86_64');
  if (!existsSync(program)) return { program: 'qemu-system-x86_64', env: process.env, firmware: [] };
  const libraries = ['lib/x86_64-linux-gnu', 'lib'].map((each) => join(unpacked, each));
  return {
    program,
    env: { ...process.env, LD_LIBRARY_PATH: libraries.join(':') },
    firmware: ['share/qemu', 'share/seabios'].flatMap((each) => ['-L', join(unpacked, each)]),
  };
}

function machine({ folder, checkout, kernel, starter }: BootRequest, accelerator: string): string[] {
  const share = (tag: string, path: string): string[] => [
    '-fsdev',
    `local,id=${tag},path=${path},security_model=none,readonly=on,multidevs=remap`,
    '-device',
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
  ];
  return [
    ...['-M', 'q35', '-accel', accelerator, '-cpu', accelerator === 'kvm' ? 'host' : 'max'],
    ...['-smp', '2', '-m', '4096', '-nodefaults', '-no-reboot', '-display', 'none'],
    ...['-serial', `file:${join(folder, 'kernel')}`, '-serial', 'stdio'],
    ...['-device', 'virtio-rng-pci'],
    ...share('host', '/'),
    ...share('parts', join(checkout, '.cache/vm/root')),
    ...['-kernel', kernel, '-initrd', starter],
    ...['-append', 'console=ttyS0 panic=-1 mitigations=off loglevel=4 cgroup_no_v1=all'],
  ];
}
