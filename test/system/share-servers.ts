// Real servers of network shares, on the host that the test is: the kernel's NFS server, and Samba.
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, startProgram } from '#kernel/spawn.ts';

export interface ShareServer {
  /** The folder that clients see. */
  folder: string;
  close(): Promise<void>;
}

const where = 'npm run test:vm has one';
const hasProgram = (name: string): boolean =>
  ['/usr/sbin', '/usr/bin'].some((each) => existsSync(join(each, name)));

/** Why there can be no server of NFS, or no client, here. */
export async function lackingNfs(): Promise<string | false> {
  const missing = ['rpc.nfsd', 'rpc.mountd', 'exportfs', 'mount.nfs'].find((each) => !hasProgram(each));
  if (missing !== undefined) return `${missing} is not installed (${where})`;
  return lackingFilesystem(['nfs', 'nfsd']);
}

/** Why there can be no server of SMB, or no client, here. */
export async function lackingSmb(): Promise<string | false> {
  const missing = ['smbd', 'smbpasswd', 'mount.cifs'].find((each) => !hasProgram(each));
  if (missing !== undefined) return `${missing} is not installed (${where})`;
  return lackingFilesystem(['cifs']);
}

async function lackingFilesystem(kinds: string[]): Promise<string | false> {
  for (const kind of kinds) {
    // The kernel loads what it has when it is asked for; here in a namespace that ends with the question.
    const asked = `modprobe ${kind} 2>/dev/null; grep -qw ${kind} /proc/filesystems`;
    if ((await run('sh', ['-c', asked])).code !== 0) return `the kernel has no ${kind} (${where})`;
  }
  return false;
}

/**
 * Serves `root` by NFS 4 to everybody: clients see `root/export` as /export. The server is of this network namespace
 * alone, and its tables are in mounts of its own.
 */
export async function startNfs(root: string): Promise<ShareServer> {
  const folder = join(root, 'export');
  mkdirSync(folder, { recursive: true });
  const script = `
set -e
mount -t tmpfs tables /var/lib/nfs
mkdir -p /var/lib/nfs/v4recovery
touch /var/lib/nfs/etab /var/lib/nfs/rmtab
mount -t nfsd nfsd /proc/fs/nfsd
exportfs -i -o rw,no_root_squash,no_subtree_check,insecure,fsid=0 "*:$1"
exportfs -i -o rw,no_root_squash,no_subtree_check,insecure,fsid=1 "*:$1/export"
rpc.mountd --foreground --no-nfs-version 3 &
trap 'rpc.nfsd 0; exportfs -ua; kill $!; exit 0' TERM
rpc.nfsd --no-nfs-version 3 --lease-time 10 --grace-time 10 2
echo up
wait
`;
  const server = startServer('unshare', ['-m', '--propagation', 'slave', 'sh', '-c', script, 'sh', root]);
  await said(server, 'up');
  return { folder, close: () => ended(server) };
}

/** Serves `root/share` by SMB as `export` to the user root with this password. */
export async function startSmb(root: string, password: string): Promise<ShareServer> {
  const folder = join(root, 'share');
  const kept = join(root, 'kept');
  for (const each of [folder, kept]) mkdirSync(each, { recursive: true });
  const config = join(root, 'smb.conf');
  const own = [
    'private dir',
    'state directory',
    'cache directory',
    'lock directory',
    'pid directory',
    'ncalrpc dir',
  ];
  const lines = [
    '[global]',
    ...own.map((each) => `${each} = ${kept}`),
    `log file = ${join(root, 'smb.log')}`,
    'server role = standalone server',
    'disable netbios = yes',
    'smb ports = 445',
    'load printers = no',
    'disable spoolss = yes',
    '[export]',
    `path = ${folder}`,
    'writable = yes',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const asked = `${password}\n${password}\n`;
  const given = await run('smbpasswd', ['-c', config, '-s', '-a', 'root'], { input: asked });
  if (given.code !== 0) throw new Error(`smbpasswd: ${given.stderr}`);
  const server = startServer('smbd', ['--foreground', `--configfile=${config}`]);
  await answering(server, 445);
  return { folder, close: () => ended(server) };
}

const startServer = (program: string, args: string[]): ChildProcess =>
  startProgram(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });

function said(server: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = '';
    server.stdout?.on('data', (data: Buffer) => {
      heard += data.toString();
      if (heard.includes(word)) resolve();
    });
    server.once('close', () => reject(new Error(`the server ended: ${heard}`)));
  });
}

async function answering(server: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (server.exitCode !== null) throw new Error('the server ended');
    if (await isAnswered(port)) return;
    await sleep(100);
  }
  throw new Error(`nothing answers on port ${port}`);
}

function isAnswered(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const closed = new Promise((resolve) => server.once('close', resolve));
  server.kill('SIGTERM');
  await closed;
}
