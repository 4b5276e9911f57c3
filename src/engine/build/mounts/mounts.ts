// What `RUN --mount` asks for, made ready: mounts for the box, variables, and what the cache key says of them.
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { bindMount, mountTmpfs, unmountUnder } from '#kernel/mounts.ts';
import { mountOverlay } from '#kernel/overlay.ts';
import type { OciMount } from '#runtime/oci-spec.ts';
import { invalid } from '#shared/errors.ts';
import { cleanPath } from '#shared/notation/mount.ts';
import { expandWord } from '../dockerfile/expand.ts';
import type { RunInstruction } from '../dockerfile/instruction.ts';
import { type MountFlag, parseMountFlag } from '../dockerfile/mount-flag.ts';
import type { StageContext } from '../steps/step.ts';
import { copySources } from '../tree/copy-sources.ts';
import { findSources } from '../tree/find-sources.ts';
import { lookAt, resolveInRoot } from '../tree/in-root.ts';
import { fingerprint, type readSource } from '../tree/source-tree.ts';
import { TreeWriter } from '../tree/tree-writer.ts';
import { openAgentSocket } from './agent-socket.ts';

export interface MadeMounts extends Disposable {
  mounts: OciMount[];
  env: string[];
}

/** The mounts of a step, variables expanded. Throws SyntaxProblem. */
export function mountsOf(stage: StageContext, step: RunInstruction): MountFlag[] {
  const expand = (value: string): string => expandWord(value, stage.scope);
  return step.flags.filter(({ name }) => name === 'mount').map(({ value }) => parseMountFlag(value, expand));
}

/** Which secret it is: `id` or `source`, else the name of the file that it becomes. */
const secretIdOf = ({ id, source, target = '' }: MountFlag): string => id ?? source ?? posix.basename(target);

/** Where the mount is in the box. */
export function targetOf(mount: MountFlag, workdir: string): string {
  const byType =
    mount.type === 'secret'
      ? `/run/secrets/${posix.basename(secretIdOf(mount))}`
      : `/run/buildkit/ssh_agent.${mount.id ?? '0'}`;
  const text = mount.target ?? byType;
  return cleanPath(text.startsWith('/') ? text : `${workdir || '/'}/${text}`);
}

/** What of the mounts the result depends on: their options, and the files of what is bound. Never a secret. */
export async function keyOfMounts(
  stage: StageContext,
  flags: readonly MountFlag[],
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const mount of flags) {
    if (mount.type !== 'bind') continue;
    const target = targetOf(mount, stage.state.config.WorkingDir ?? '/');
    if (mount.from !== undefined) {
      const from = await stage.treeOf(mount.from);
      try {
        if (from.isContext !== true && from.tree.identity !== undefined) {
          files[`${target}:from ${mount.from}`] = from.tree.identity;
          continue;
        }
        Object.assign(files, await treeKey(target, mount, from.tree));
      } finally {
        from.release();
      }
    } else Object.assign(files, await treeKey(target, mount, await stage.context()));
  }
  return files;
}

async function treeKey(
  target: string,
  mount: MountFlag,
  tree: Parameters<typeof readSource>[0],
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const source of await findSources({ keyword: 'RUN --mount', tree }, [mount.source ?? '.'])) {
    for (const entry of source.entries) {
      if (source.isRoot && entry.name === '') continue;
      files[`${target}:${entry.path}`] = await fingerprint(tree, entry);
    }
  }
  return files;
}

/** Makes everything the box needs in a folder of the step's own; disposing gives it all back. */
export async function makeMounts(stage: StageContext, flags: readonly MountFlag[]): Promise<MadeMounts> {
  const stack = new DisposableStack();
  const made = { mounts: [] as OciMount[], env: [] as string[] };
  try {
    for (const mount of flags) {
      const { mounts = [], env = [] } = await makers[mount.type](stage, mount, stack);
      made.mounts.push(...mounts);
      made.env.push(...env);
    }
    const held = stack.move();
    return { ...made, [Symbol.dispose]: () => held[Symbol.dispose]() };
  } finally {
    stack.dispose();
  }
}

type Maker = (
  stage: StageContext,
  mount: MountFlag,
  stack: DisposableStack,
) => Promise<{ mounts?: OciMount[]; env?: string[] }>;

const makers: Record<MountFlag['type'], Maker> = {
  tmpfs: async (stage, mount) => {
    const size = mount.sizeBytes === undefined ? [] : [`size=${mount.sizeBytes}`];
    const destination = targetOf(mount, stage.state.config.WorkingDir ?? '/');
    return {
      mounts: [{ destination, type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', ...size] }],
    };
  },
  secret: makeSecret,
  ssh: makeAgent,
  cache: makeCache,
  bind: makeBind,
};

function bindOf(stage: StageContext, mount: MountFlag, source: string, readOnly: boolean): OciMount {
  const destination = targetOf(mount, stage.state.config.WorkingDir ?? '/');
  return { destination, source, type: 'bind', options: ['rbind', 'rprivate', readOnly ? 'ro' : 'rw'] };
}

function folderFor(stage: StageContext, stack: DisposableStack, prefix: string): string {
  const dir = mkdtempSync(join(stage.session.runFolder(), prefix));
  stack.defer(() => {
    unmountUnder(dir);
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

async function makeSecret(stage: StageContext, mount: MountFlag, stack: DisposableStack) {
  const id = secretIdOf(mount);
  const value = stage.session.secrets.get(id);
  if (value === undefined) {
    if (!mount.required) return {};
    throw invalid(`secret ${id}: not found`, {
      hint: `Give it with --secret id=${id},src=FILE or id=${id},env=NAME.`,
    });
  }
  const env = mount.env === undefined ? [] : [`${mount.env || id}=${value.toString('utf8')}`];
  if (mount.env !== undefined && mount.target === undefined) return { env };
  // In memory only: what is on a disk can be found there later.
  const dir = folderFor(stage, stack, 'secret-');
  mountTmpfs(dir, { mode: 0o700 });
  const path = join(dir, 'value');
  writeFileSync(path, value, { mode: 0o400 });
  chownSync(path, mount.uid, mount.gid);
  chmodSync(path, mount.mode ?? 0o400);
  return { env, mounts: [bindOf(stage, mount, path, true)] };
}

async function makeAgent(stage: StageContext, mount: MountFlag, stack: DisposableStack) {
  const id = mount.id ?? 'default';
  const agent = stage.session.agents.get(id);
  if (agent === undefined) {
    if (!mount.required) return {};
    throw invalid(`no SSH key ${JSON.stringify(id)} forwarded from the client`, {
      hint: `Start an agent and build with --ssh ${id}.`,
    });
  }
  const path = join(folderFor(stage, stack, 'a-'), 's');
  const { uid, gid, mode = 0o600 } = mount;
  stack.use(await openAgentSocket(path, { agent, uid, gid, mode }));
  const bind = bindOf(stage, mount, path, false);
  return { mounts: [bind], env: [`SSH_AUTH_SOCK=${bind.destination}`] };
}

async function makeCache(stage: StageContext, mount: MountFlag, stack: DisposableStack) {
  const { session } = stage;
  const target = targetOf(mount, stage.state.config.WorkingDir ?? '/');
  const { sharing, uid, gid, mode = 0o755, from } = mount;
  const fill = from === undefined ? {} : { fill: (dir: string) => fillFrom(stage, { ...mount, from }, dir) };
  const space = session.request.buildArgs?.['BUILDKIT_CACHE_MOUNT_NS'] ?? '';
  const id = `${space === '' ? '' : `${space}/`}${mount.id ?? target}`;
  const held = await session.room.cacheMounts.acquire({
    id,
    sharing,
    mode,
    uid,
    gid,
    signal: session.signal,
    ...fill,
  });
  stack.defer(() => held.release());
  return { mounts: [bindOf(stage, mount, held.dir, mount.readOnly ?? false)] };
}

async function fillFrom(
  stage: StageContext,
  mount: MountFlag & { from: string },
  dir: string,
): Promise<void> {
  const from = await stage.treeOf(mount.from);
  try {
    const sources = await findSources({ keyword: 'RUN --mount', tree: from.tree }, [mount.source ?? '.']);
    const writer = new TreeWriter(dir, { fixedTime: 0 });
    await copySources(writer, sources, { keyword: 'RUN --mount', destination: '/' });
    writer.finish();
  } finally {
    from.release();
  }
}

async function makeBind(stage: StageContext, mount: MountFlag, stack: DisposableStack) {
  const writable = mount.readOnly === false;
  const from = mount.from === undefined ? undefined : await stage.treeOf(mount.from);
  if (from !== undefined) stack.defer(() => from.release());
  let source: string;
  if (from?.folder !== undefined) {
    source = resolveInRoot(from.folder(), mount.source ?? '/');
    if (lookAt(source) === undefined)
      throw invalid(`RUN --mount failed: ${mount.source ?? '/'} is not in ${mount.from}`);
  } else source = await contextCopy(stage, mount, stack, from?.tree);
  if (!writable) return { mounts: [bindOf(stage, mount, source, true)] };
  return { mounts: [bindOf(stage, mount, discarding(stage, stack, source), false)] };
}

/** The part of a context that a mount shows, without what .dockerignore leaves out. */
async function contextCopy(
  stage: StageContext,
  mount: MountFlag,
  stack: DisposableStack,
  given: Parameters<typeof readSource>[0] | undefined,
): Promise<string> {
  const tree = given ?? (await stage.context());
  const sources = await findSources({ keyword: 'RUN --mount', tree }, [mount.source ?? '.']);
  const dir = mkdtempSync(join(stage.session.folder(), 'bind-'));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  chmodSync(dir, 0o755);
  const writer = new TreeWriter(dir, { fixedTime: 0 });
  await copySources(writer, sources, { keyword: 'RUN --mount', destination: '/', owner: { uid: 0, gid: 0 } });
  writer.finish();
  const [only] = sources;
  return only === undefined || only.isDirectory ? dir : join(dir, only.base);
}

/** A place that shows `source` and forgets what is written to it. */
function discarding(stage: StageContext, stack: DisposableStack, source: string): string {
  const dir = mkdtempSync(join(stage.session.folder(), 'over-'));
  stack.defer(() => {
    unmountUnder(dir);
    rmSync(dir, { recursive: true, force: true });
  });
  const stats = lookAt(source);
  if (stats?.isDirectory() !== true) {
    const copy = join(dir, 'file');
    copyFileSync(source, copy);
    if (stats !== undefined) chownSync(copy, stats.uid, stats.gid);
    return copy;
  }
  const [lower, upper, work, target] = ['lower', 'upper', 'work', 'merged'].map((name) =>
    join(dir, name),
  ) as [string, string, string, string];
  for (const path of [lower, upper, work, target]) mkdirSync(path);
  bindMount(source, lower, { readOnly: true });
  mountOverlay({ lowers: [lower], upper, work, target });
  return target;
}
