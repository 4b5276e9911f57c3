// What a test may leave behind on a machine, observed: compared before and after each test file.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Environment variable that every process of a test run has. */
export const runMark = 'WHARF_TEST_RUN';

/** One line for each mount, link, netns mount, nft table, cgroup and engine process there is now. */
export function observeLeftovers(): Set<string> {
  return new Set([...mounts(), ...links(), ...tables(), ...cgroups(), ...processes()]);
}

/** What is there in `after` that was not in `before`. */
export function newIn(before: Set<string>, after: Set<string>): string[] {
  return [...after].filter((line) => !before.has(line)).sort();
}

/** Tests work below `/tmp`; what is mounted elsewhere is not theirs. */
function mounts(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  const targets = lines.map((line) => line.split(' ')[4] ?? '');
  return targets.filter((target) => target.startsWith('/tmp/')).map((target) => `mount ${target}`);
}

/** Bridges, and links that hang on no bridge: those on the bridge of another engine are that engine's. */
function links(): string[] {
  const names = readdirSync('/sys/class/net');
  return names.filter((name) => !existsSync(`/sys/class/net/${name}/master`)).map((name) => `link ${name}`);
}

/** The table of an engine with default settings is not a test's. */
function tables(): string[] {
  const text = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' });
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '' && line !== 'table ip wharf');
}

/** Those of containers, without a process: what lives in them is told as a process. */
function cgroups(): string[] {
  const parents = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup']
    .filter((root) => existsSync(root))
    .flatMap((root) => readdirSync(root).map((name) => `${root}/${name}`))
    .filter((path) => /\/wharf[^/]*$/.test(path));
  return parents
    .flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}/cgroup.procs`))
    .filter((file) => readQuietly(file) === '')
    .map((file) => `cgroup ${file}`);
}

const programs = ['conmon', 'crun', 'aardvark-dns', 'docker-registry', 'igzip', 'node'];

/** Processes of our programs that carry the mark of this test run, or work in a test's folder. */
function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => processLine(pid));
}

function processLine(pid: string): string[] {
  const program = programOf(pid);
  if (!programs.includes(program)) return [];
  const command = (readQuietly(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
  const marked = (readQuietly(`/proc/${pid}/environ`) ?? '').includes(`${runMark}=${process.env[runMark]}`);
  return marked || command.includes('/tmp/wharf-') ? [`process ${pid} ${command.slice(0, 160)}`] : [];
}

function programOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/^.*\//, '');
  } catch {
    return '';
  }
}

function readQuietly(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
