// The file systems every container has, and how the ones asked for take their place among them.
import type { OciMount } from '../oci-spec.ts';

interface MountChoices {
  namespaces?: { ipc?: unknown };
  shmSizeBytes?: number;
}

const defaultShmBytes = 64 * 1024 * 1024;

function ipcMounts(input: MountChoices): OciMount[] {
  const options = ['nosuid', 'noexec', 'nodev'];
  if (input.namespaces?.ipc === 'host') {
    return ['/dev/shm', '/dev/mqueue'].map((path) => ({
      destination: path,
      type: 'bind',
      source: path,
      options: ['rbind', ...options],
    }));
  }
  const size = input.shmSizeBytes || defaultShmBytes;
  return [
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: [...options, 'mode=1777', `size=${size}`],
    },
  ];
}

/** Docker's default mounts, in the order in which they must be made. Privileged: /sys can be written. */
export function defaultMounts(input: MountChoices, privileged: boolean): OciMount[] {
  const access = privileged ? 'rw' : 'ro';
  const options = ['nosuid', 'noexec', 'nodev'];
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...options, access] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [access, ...options] },
    ...ipcMounts(input),
  ];
}

const depthOf = (path: string): number => path.split('/').filter((part) => part !== '').length;

/** Default mounts without the replaced ones, then the asked ones, parents before what lies in them. */
export function mergeMounts(defaults: OciMount[], asked: OciMount[]): OciMount[] {
  const taken = new Set(asked.map((mount) => mount.destination));
  const sorted = asked.toSorted((a, b) => depthOf(a.destination) - depthOf(b.destination));
  // Whoever mounts over all of /dev means it: nothing of ours may hide in or over it.
  return [...defaults.filter((mount) => !taken.has(mount.destination)), ...sorted];
}
