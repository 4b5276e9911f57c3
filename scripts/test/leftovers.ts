// What a test may leave behind on a machine, observed: compared before and after each test file.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One line for each mount, link, netns mount, nft table, cgroup and engine process there is now. */
export function observeLeftovers(): Set<string> {
  return new Set([...mounts(), ...links(), ...tables(), ...cgroups(), ...processes()]);
}

/** What is there in `after` that was not in `before`. */
export function newIn(before: Set<string>, after: Set<string>): string[] {
  return [...after].filter((line) => !before.has(line)).sort();
}

function mounts(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  return lines.map((line) => `mount ${line.split(' ')[4]}`);
}

function links(): string[] {
  return readdirSync('/sys/class/net').map((name) => `link ${name}`);
}

function tables(): string[] {
  const text = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' });
  return text.trim().split('\n').filter(Boolean);
}

function cgroups(): string[] {
  const roots = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup'];
  const found = [];
  for (const root of roots) {
    for (const entry of readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
      if (entry.name.startsWith('wharf')) found.push(...containerGroups(`${root}/${entry.name}`));
    }
  }
  return found;
}

function containerGroups(parent: string): string[] {
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `cgroup ${parent}/${entry.name}`);
}

const ours = ['conmon', 'crun', 'aardvark-dns', 'docker-registry', 'igzip', 'node'];

function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => processLine(pid));
}

function processLine(pid: string): string[] {
  try {
    const program = readlinkSync(`/proc/${pid}/exe`).replace(/^.*\//, '');
    if (!ours.includes(program)) return [];
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return [`process ${pid} ${command.slice(0, 160)}`];
  } catch {
    return [];
  }
}
