// The files that a container sees as /etc/hostname, /etc/hosts and /etc/resolv.conf.
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname as hostName } from 'node:os';
import type { ContainerRecord } from '../record/record.ts';
import type { ContainerPaths } from '../room.ts';

export interface HostEntry {
  ip: string;
  names: string[];
}

export interface NameResolution {
  nameservers: readonly string[];
  search: readonly string[];
  options: readonly string[];
  hosts: readonly HostEntry[];
}

/** Writes the three files; written in place, because a running container has them mounted. */
export function writeHostFiles(record: ContainerRecord, paths: ContainerPaths, names: NameResolution): void {
  const hostname = record.config.Hostname ?? '';
  writeFileSync(paths.hostname, `${hostname}\n`);
  if (record.hostConfig.NetworkMode === 'host') {
    writeFileSync(paths.hosts, hostModeHosts(names.hosts));
  } else {
    writeFileSync(paths.hosts, formatHosts(names.hosts));
  }
  writeFileSync(paths.resolvConf, formatResolvConf(names));
}

/**
 * Afterwards the files of a running container tell of the networks that it is on now. Lines that were added inside
 * stay, and so does a resolv.conf that was edited there. Gives what that file was given last.
 */
export function followNetworks(
  record: ContainerRecord,
  paths: ContainerPaths,
  names: NameResolution,
): string {
  followHosts(record, paths, names);
  const wanted = formatResolvConf(names);
  const found = readFileSync(paths.resolvConf, 'utf8');
  const given = record.wiring?.resolvConf ?? found;
  // Where this was cut off before, it says already what is wanted.
  const isEdited = found.trim() !== given.trim() && found.trim() !== wanted.trim();
  if (isEdited) return given;
  if (found !== wanted) rewrite(paths.resolvConf, wanted);
  return wanted;
}

function followHosts(record: ContainerRecord, paths: ContainerPaths, names: NameResolution): void {
  const { Hostname = '', Domainname } = record.config;
  const own = Domainname ? `${Hostname}.${Domainname} ${Hostname}` : Hostname;
  const replaced = new Set([own, ...names.hosts.map((entry) => entry.names.join(' '))]);
  const kept = readFileSync(paths.hosts, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !replaced.has(line.split('\t')[1] ?? ''));
  rewrite(paths.hosts, [...kept, ...names.hosts.map(lineOf)].map((line) => `${line}\n`).join(''));
}

/** In place, and at no moment less than the former text or the new one: programs inside read it, and a kill may come. */
function rewrite(path: string, text: string): void {
  const file = openSync(path, 'r+');
  try {
    const bytes = Buffer.from(text);
    const rest = Buffer.alloc(Math.max(0, fstatSync(file).size - bytes.length), '\n');
    writeSync(file, Buffer.concat([bytes, rest]), 0, bytes.length + rest.length, 0);
    ftruncateSync(file, bytes.length);
  } finally {
    closeSync(file);
  }
}

const lineOf = ({ ip, names }: HostEntry): string => `${ip}\t${names.join(' ')}`;

const loopback: readonly HostEntry[] = [
  { ip: '127.0.0.1', names: ['localhost'] },
  { ip: '::1', names: ['localhost', 'ip6-localhost', 'ip6-loopback'] },
  { ip: 'fe00::', names: ['ip6-localnet'] },
  { ip: 'ff00::', names: ['ip6-mcastprefix'] },
  { ip: 'ff02::1', names: ['ip6-allnodes'] },
  { ip: 'ff02::2', names: ['ip6-allrouters'] },
];

/** The text of /etc/hosts: the loopback's names, then the given ones. */
function formatHosts(entries: readonly HostEntry[]): string {
  return [...loopback, ...entries].map((entry) => `${lineOf(entry)}\n`).join('');
}

/** On the host's network a container has the host's names, and those it was given. */
function hostModeHosts(entries: readonly HostEntry[]): string {
  const own = `127.0.0.1\tlocalhost ${hostName()}\n`;
  let text = own;
  try {
    text = readFileSync('/etc/hosts', 'utf8');
  } catch {
    // A host without the file has at least itself.
  }
  return text + entries.map((entry) => `${lineOf(entry)}\n`).join('');
}

/** The text of /etc/resolv.conf. */
export function formatResolvConf(names: Omit<NameResolution, 'hosts'>): string {
  const lines = names.nameservers.map((server) => `nameserver ${server}`);
  if (names.search.length > 0) lines.push(`search ${names.search.join(' ')}`);
  if (names.options.length > 0) lines.push(`options ${names.options.join(' ')}`);
  return `${lines.join('\n')}\n`;
}
