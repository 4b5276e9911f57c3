// Makes the root file system of a base image as a tar: mmdebstrap for Debian ones, an applet tree for busybox.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Recipe } from './recipes.ts';

const execute = promisify(execFile);

/** Writes the tar of `recipe`'s root to `tarFile`. Needs root, mmdebstrap, and Debian's package mirror. */
export async function makeRoot(recipe: Recipe, tarFile: string): Promise<void> {
  if (recipe.packages === null) await makeBusyboxRoot(tarFile);
  else await makeDebianRoot({ ...recipe, packages: recipe.packages }, tarFile);
}

const slim = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*'];

async function makeDebianRoot(recipe: Recipe & { packages: string[] }, tarFile: string): Promise<void> {
  const { packages, finish, suite = 'bookworm', exclude = [] } = recipe;
  const args = ['--mode=root', '--variant=minbase', '--format=tar', '--quiet'];
  // The release file of the unstable suite can be out of date on a mirror.
  if (suite === 'sid') args.push('--aptopt=Acquire::Check-Valid-Until "false"');
  for (const pattern of [...slim, ...exclude]) args.push(`--dpkgopt=path-exclude=${pattern}`);
  if (recipe.keepsRun) args.push('--skip=cleanup/run');
  if (packages.length > 0) args.push(`--include=${packages.join(',')}`);
  for (const line of finish) args.push(`--customize-hook=chroot "$1" sh -c '${line}'`);
  // The host's own name and resolver do not belong into an image.
  args.push('--customize-hook=rm -f "$1/etc/hostname" "$1/etc/resolv.conf"');
  await execute('mmdebstrap', [...args, suite, tarFile], { maxBuffer: 1 << 26 });
}

/** Writes the tar of a folder's files, as root's and without times: the same files give the same bytes. */
export async function packFiles(folder: string, tarFile: string, options: string[] = []): Promise<void> {
  const owner = ['--numeric-owner', '--owner=0', '--group=0', '--sort=name', '--mtime=@0'];
  await execute('tar', [...owner, ...options, '-C', folder, '-cf', tarFile, '.']);
}

async function makeBusyboxRoot(tarFile: string): Promise<void> {
  const root = await mkdtemp(`${tarFile}.root-`);
  try {
    for (const folder of [
      'bin',
      'etc',
      'dev',
      'home',
      'root',
      'tmp',
      'usr/bin',
      'usr/sbin',
      'var/spool/mail',
    ])
      await mkdir(join(root, folder), { recursive: true });
    await copyFile('/bin/busybox', join(root, 'bin/busybox'));
    const { stdout } = await execute('/bin/busybox', ['--list']);
    for (const applet of stdout.split('\n').filter((name) => name !== '' && name !== 'busybox'))
      await symlink('busybox', join(root, 'bin', applet));
    await writeFile(join(root, 'etc/passwd'), passwd);
    await writeFile(join(root, 'etc/group'), group);
    await execute('chmod', ['1777', join(root, 'tmp')]);
    // Made as a private folder, but users other than root must be able to enter it.
    await execute('chmod', ['755', root]);
    await packFiles(root, tarFile);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const passwd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
`;
const group = `root:x:0:
daemon:x:1:
bin:x:2:
www-data:x:33:
nogroup:x:65534:
`;
