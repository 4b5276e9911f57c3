// What the machine's kernel unpacks first: a busybox, the modules that reach this machine's files, and what to do then.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface StarterRequest {
  /** Where it is written. */
  folder: string;
  /** The tree of unpacked packages, with the kernel. */
  parts: string;
  checkout: string;
  /** A line of the shell, run in the checkout. */
  command: string;
}

/** Files of the kernel and of the first root, for the machine to boot from. */
export function writeStarter(request: StarterRequest): { kernel: string; starter: string } {
  const { folder, parts, checkout, command } = request;
  const image = readdirSync(join(parts, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  if (image === undefined) throw new Error(`no kernel in ${parts}/boot`);
  const modules = join(parts, 'usr/lib/modules', image.slice('vmlinuz-'.length));
  const needed = modulesFor(modules, ['virtio_pci', '9pnet_virtio', '9p', 'overlay']);
  const entries: Entry[] = [
    { name: 'init', mode: 0o100755, data: readFileSync(join(import.meta.dirname, 'init.sh')) },
    { name: 'busybox', mode: 0o100755, data: readFileSync('/usr/bin/busybox') },
    ...needed.map((file, index) => ({
      name: `module-${String(index).padStart(2, '0')}.ko`,
      mode: 0o100644,
      data: plain(join(modules, file)),
    })),
    { name: 'checkout', mode: 0o100644, data: Buffer.from(`${checkout}\n`) },
    { name: 'command', mode: 0o100644, data: Buffer.from(`${command}\n`) },
  ];
  const starter = join(folder, 'starter');
  writeFileSync(starter, archiveOf(entries));
  return { kernel: join(parts, 'boot', image), starter };
}

/** Files of the modules and of all that they need, in the order in which they are loaded. What is built in has none. */
function modulesFor(folder: string, names: string[]): string[] {
  const lines = readFileSync(join(folder, 'modules.dep'), 'utf8').trim().split('\n');
  const dependencies = new Map(
    lines.map((line) => {
      const [file = '', rest = ''] = line.split(':');
      return [file, rest.split(' ').filter((each) => each !== '')] as const;
    }),
  );
  const ordered = new Set<string>();
  for (const name of names) {
    const file = [...dependencies.keys()].find((each) => new RegExp(`/${name}\\.ko(\\.xz)?$`).test(each));
    if (file === undefined) continue;
    // Each line names what is needed soonest last.
    for (const each of [...(dependencies.get(file) ?? []).toReversed(), file]) ordered.add(each);
  }
  return [...ordered];
}

function plain(file: string): Buffer {
  if (!file.endsWith('.xz')) return readFileSync(file);
  const unpacked = spawnSync('xz', ['-dc', file], { maxBuffer: 64 * 1024 * 1024 });
  if (unpacked.status !== 0) throw new Error(`${file} cannot be unpacked: ${unpacked.stderr}`);
  return unpacked.stdout;
}

interface Entry {
  name: string;
  /** With the file's type. */
  mode: number;
  data: Buffer;
}

/** The archive that kernels unpack as their first root: cpio, in its "newc" form (kernel docs, early-userspace/buffer-format). */
function archiveOf(entries: Entry[]): Buffer {
  const end = { name: 'TRAILER!!!', mode: 0, data: Buffer.alloc(0) };
  return Buffer.concat([...entries, end].flatMap((entry, index) => memberOf(entry, index + 1)));
}

function memberOf({ name, mode, data }: Entry, inode: number): Buffer[] {
  const numbers = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = `070701${numbers.map((each) => each.toString(16).padStart(8, '0')).join('')}${name}\0`;
  return [padded(Buffer.from(head)), padded(data)];
}

const padded = (data: Buffer): Buffer => Buffer.concat([data, Buffer.alloc(-data.length & 3)]);
