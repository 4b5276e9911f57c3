// Brings changed files into the running containers of a service, and does what its rules ask for after that.
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { runHooks } from '#compose/execute/hooks.ts';
import { observeContainers } from '#compose/execute/observe.ts';
import type { Session } from '#compose/execute/session.ts';
import { up } from '#compose/execute/up.ts';
import { restartServices } from '#compose/execute/verbs.ts';
import type { WatchRule } from '#compose/model.ts';
import type { ObservedContainer } from '#compose/plan/observed.ts';
import type { Changes } from './scan.ts';

export interface Triggered extends Changes {
  rule: WatchRule;
}

/** Afterwards the containers of the service are as its triggered rules want them. A rebuild makes the rest needless. */
export async function applyRules(
  session: Session,
  service: string,
  triggered: readonly Triggered[],
): Promise<void> {
  if (triggered.some(({ rule }) => rule.action === 'rebuild')) {
    await rebuild(session, service);
    return;
  }
  const containers = (await observeContainers(session.client, session.project.name)).filter(
    (container) => container.service === service && !container.oneOff && container.phase === 'running',
  );
  const synced = triggered.filter(({ rule }) => rule.action !== 'restart');
  for (const container of containers) await sync(session, container, synced);
  for (const { rule } of triggered) {
    if (rule.action !== 'sync+exec' || rule.exec === undefined) continue;
    for (const { id } of containers) await runHooks(session, id, [rule.exec]);
  }
  const restarts = triggered.some(({ rule }) => rule.action === 'restart' || rule.action === 'sync+restart');
  if (restarts) await restartServices(session, { services: [service] });
}

async function rebuild(session: Session, service: string): Promise<void> {
  const image = session.project.services[service]?.image ?? `${session.project.name}-${service}`;
  await session.build?.(service, image);
  await up(session, { services: [service], noDependencies: true, build: 'never' });
}

async function sync(
  { client }: Session,
  container: ObservedContainer,
  triggered: readonly Triggered[],
): Promise<void> {
  const removed = triggered.flatMap(({ rule, removed: paths }) => paths.map((path) => targetOf(rule, path)));
  if (removed.length > 0) {
    const id = await client.execs.create(container.id, {
      Cmd: ['rm', '-rf', '--', ...removed],
      User: '0',
      AttachStdout: true,
      AttachStderr: true,
    });
    for await (const _ of await client.execs.start(id, {})) {
      // Its end is what is waited for.
    }
  }
  const files = triggered.flatMap(({ rule, changed }) => changed.map((path) => fileOf(rule, path)));
  const there = files.flatMap((file) => file ?? []);
  // The new files are the container's user's, as those of its image most often are.
  if (there.length > 0)
    await client.containers.putArchive(container.id, '/', tarOf(there), { copyUIDGID: true });
}

const targetOf = (rule: WatchRule, path: string): string => posix.join(rule.target ?? '/', path);

interface SyncedFile {
  name: string;
  mode: number;
  mtime: Date;
  content: Buffer;
  link?: string;
}

/** Undefined where it went in the meantime: the next look tells. */
function fileOf(rule: WatchRule, path: string): SyncedFile | undefined {
  const source = posix.join(rule.path, path);
  try {
    const stat = lstatSync(source);
    const base = {
      name: targetOf(rule, path).replace(/^\/+/, ''),
      mode: stat.mode & 0o7777,
      mtime: stat.mtime,
    };
    if (stat.isSymbolicLink()) return { ...base, content: Buffer.alloc(0), link: readlinkSync(source) };
    return { ...base, content: readFileSync(source) };
  } catch {
    return undefined;
  }
}

function tarOf(files: readonly SyncedFile[]): Readable {
  const tar = pack();
  for (const { content, link, ...head } of files) {
    if (link === undefined) tar.entry(head, content);
    else tar.entry({ ...head, type: 'symlink', linkname: link });
  }
  tar.finalize();
  return tar as unknown as Readable;
}
