// ADD of a git repository: cloned by the git program, its files with the time of the commit.
import { lstatSync, lutimesSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type RunResult, run } from '#kernel/spawn.ts';
import { invalid, isKind, unavailable } from '#shared/errors.ts';
import { breather } from './breathe.ts';
import { cleanParts, lookAt, resolveInRoot } from './in-root.ts';
import { gitEnvironment, type RemoteAccess } from './remote-access.ts';
import type { SourceTree } from './source-tree.ts';

export interface GitAddress {
  /** What `git fetch` is given. */
  remote: string;
  /** Branch, tag, commit; undefined: the remote's own choice. */
  ref?: string;
  subdir: string;
  /** What the commit must be, in hex. */
  commit?: string;
  keepGitDir?: boolean;
  /** False: they are left out. */
  submodules?: boolean;
}

export interface GitOptions {
  /** A folder of the build. */
  folder: string;
  keepGitDir: boolean;
  /** Hex of the commit, or its beginning. */
  checksum?: string;
  /** Who asks: what the client gave for servers. */
  access: RemoteAccess;
  /** What failed, in messages; `ADD failed` where absent. */
  action?: string;
  signal: AbortSignal;
}

const timeoutMs = 600_000;

/** The repository that a source of ADD names (`https://x/y.git#ref:dir`, `git@host:path`); undefined: it is none. */
export function parseGitAddress(text: string): GitAddress | undefined {
  const [whole = '', fragment = ''] = text.split('#', 2);
  const [remote = '', query = ''] = whole.split('?', 2);
  const isGit = /^(git:\/\/|ssh:\/\/|git@[^:/]+:)/.test(remote) || /^https?:\/\/.+\.git\/?$/.test(remote);
  if (!isGit) return undefined;
  if (query !== '') return queriedAddress(remote, query);
  const at = fragment.indexOf(':');
  const ref = at < 0 ? fragment : fragment.slice(0, at);
  const subdir = at < 0 ? '' : cleanParts(fragment.slice(at + 1)).join('/');
  if (ref.startsWith('-')) throw invalid(`ADD failed: invalid git reference ${ref}`);
  return { remote, subdir, ...(ref === '' ? {} : { ref }) };
}

const queryKeys = ['ref', 'tag', 'branch', 'commit', 'checksum', 'subdir', 'keep-git-dir', 'submodules'];

/** `?branch=…&subdir=…`: what a fragment says, by name. */
function queriedAddress(remote: string, query: string): GitAddress {
  const fields = new URLSearchParams(query);
  for (const key of fields.keys()) {
    if (!queryKeys.includes(key))
      throw invalid(`unexpected query ${JSON.stringify(key)} in git address ${remote}`, {
        hint: `There are ${queryKeys.join(', ')}.`,
      });
  }
  const commit = fields.get('commit') ?? fields.get('checksum');
  const [branch, tag] = [fields.get('branch'), fields.get('tag')];
  const named =
    branch === null ? (tag === null ? fields.get('ref') : `refs/tags/${tag}`) : `refs/heads/${branch}`;
  const ref = named ?? commit;
  if (ref?.startsWith('-')) throw invalid(`ADD failed: invalid git reference ${ref}`);
  return {
    remote,
    subdir: cleanParts(fields.get('subdir') ?? '').join('/'),
    ...(ref === null ? {} : { ref }),
    ...(commit === null ? {} : { commit }),
    ...switchIn(fields, 'keep-git-dir', 'keepGitDir'),
    ...switchIn(fields, 'submodules', 'submodules'),
  };
}

function switchIn<K extends 'keepGitDir' | 'submodules'>(
  fields: URLSearchParams,
  key: string,
  name: K,
): Partial<Record<K, boolean>> {
  const value = fields.get(key)?.toLowerCase();
  if (value === undefined) return {};
  if (!['', '1', 'true', '0', 'false'].includes(value))
    throw invalid(`invalid value ${JSON.stringify(value)} for ${key} in a git address`, {
      hint: 'true or false',
    });
  return { [name]: ['', '1', 'true'].includes(value) } as Partial<Record<K, boolean>>;
}

async function git(
  cwd: string,
  args: string[],
  options: GitOptions & { remote: string },
): Promise<RunResult> {
  const env = {
    ...gitEnvironment(options.access, options.remote),
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    HOME: cwd,
  };
  const quiet = [
    '-c',
    'advice.detachedHead=false',
    '-c',
    'core.hooksPath=/dev/null',
    '-c',
    'protocol.ext.allow=never',
  ];
  try {
    return await run('git', [...quiet, ...args], { cwd, env, signal: options.signal, timeoutMs });
  } catch (thrown) {
    if (!isKind(thrown, 'unavailable')) throw thrown;
    throw unavailable('ADD of a git repository needs the git program, which is not installed', {
      hint: 'apt-get install git',
      cause: thrown,
    });
  }
}

async function fetchRef(
  cwd: string,
  address: GitAddress,
  options: GitOptions & { remote: string },
): Promise<void> {
  const { remote, ref = 'HEAD' } = address;
  const shallow = ['fetch', '--quiet', '--depth=1', '--', remote, ref];
  // A plain HTTP server cannot send a part, and no server need give a commit by its name.
  const attempts = [
    shallow,
    ['fetch', '--quiet', '--tags', '--', remote, ref],
    ['fetch', '--quiet', '--tags', '--', remote, '+refs/heads/*:refs/remotes/origin/*'],
  ];
  let said = '';
  for (const attempt of attempts) {
    const { code, stderr } = await git(cwd, attempt, options);
    if (code === 0) return;
    said = stderr.toString('utf8').trim().split('\n').at(-1) ?? '';
  }
  const wantsAgent = !/^(https?|git):/.test(remote) && !options.access.agents.has('default');
  throw invalid(`${options.action ?? 'ADD failed'}: cannot fetch ${ref} of ${remote}: ${said}`, {
    ...(wantsAgent ? { hint: 'Give it the keys of an agent with --ssh default.' } : {}),
  });
}

/** Sets every time below `dir` to the commit's: two clones are the same. */
async function setTimes(dir: string, seconds: number): Promise<void> {
  const breathe = breather();
  const pending = [dir];
  const dirs: string[] = [];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (lstatSync(path).isDirectory()) {
      dirs.push(path);
      pending.push(...readdirSync(path).map((name) => join(path ?? '', name)));
    } else lutimesSync(path, seconds, seconds);
    await breathe();
  }
  for (const path of dirs) lutimesSync(path, seconds, seconds);
}

/** Clones; throws `invalid` for what is not there or is not the commit that was asked for. */
export async function cloneGit(address: GitAddress, given: GitOptions): Promise<SourceTree> {
  const options = { ...given, remote: address.remote };
  const { action = 'ADD failed' } = options;
  const root = mkdtempSync(join(options.folder, 'git-'));
  await git(root, ['init', '--quiet', '.'], options);
  await fetchRef(root, address, options);
  const isCommit = /^[0-9a-f]{40}$/.test(address.ref ?? '');
  const wanted = isCommit ? (address.ref ?? '') : 'FETCH_HEAD';
  const out = await git(root, ['checkout', '--quiet', '--force', wanted, '--'], options);
  if (out.code !== 0) throw invalid(`${action}: ${address.remote} has no commit ${wanted}`);
  const shown = await git(root, ['show', '--no-patch', '--format=%H %ct', 'HEAD'], options);
  const [commit = '', seconds = '0'] = shown.stdout.toString('utf8').trim().split(' ');
  const expected = options.checksum ?? address.commit;
  if (expected !== undefined && !commit.startsWith(expected)) {
    throw invalid(`expected checksum to match ${expected}, got ${commit}`, {
      hint: `${address.remote}#${address.ref ?? 'HEAD'} is not the commit that was expected.`,
    });
  }
  if (address.submodules !== false) {
    const update = ['submodule', 'update', '--quiet', '--init', '--recursive', '--depth=1'];
    const { code } = await git(root, update, options);
    if (code !== 0) throw invalid(`${action}: a submodule of ${address.remote} cannot be fetched`);
  }
  if (!(address.keepGitDir ?? options.keepGitDir))
    rmSync(join(root, '.git'), { recursive: true, force: true });
  await setTimes(root, Number(seconds));
  // The repository is somebody's: a link in it leads no further than its own top.
  const top = resolveInRoot(root, address.subdir);
  if (!lookAt(top)?.isDirectory())
    throw invalid(`${action}: ${address.remote} has no folder ${address.subdir}`);
  return { root: top, excludes: () => false, prunes: true, identity: commit };
}
