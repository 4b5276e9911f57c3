// The sources of COPY and ADD become a layer.
import type { CopyInstruction } from '../dockerfile/instruction.ts';
import type { StepLayer } from '../image-state.ts';
import { unpackArchive } from '../tree/archive.ts';
import type { ChangeMode } from '../tree/change-mode.ts';
import { type CopyOrder, copySources, settle, writeLater } from '../tree/copy-sources.ts';
import { lookAt, resolveInRoot } from '../tree/in-root.ts';
import { resolveOwner } from '../tree/owner.ts';
import { type Entry, filesIn } from '../tree/source-tree.ts';
import { TreeWriter, type WriterOptions } from '../tree/tree-writer.ts';
import type { Part } from './copy-parts.ts';
import { makeLayer } from './layer.ts';
import type { StageContext } from './step.ts';

export interface CopyPlan {
  step: CopyInstruction;
  destination: string;
  chown?: string;
  mode?: ChangeMode;
  /** `--chmod` as it was given. */
  chmod?: string;
  parts: Part[];
  /** `--link`: on nothing, to be laid on the parent afterwards. */
  link: boolean;
}

/** `keepsOwner`: files of another stage or image are whose they were, where `--chown` does not say. */
export async function writeParts(
  stage: StageContext,
  plan: CopyPlan,
  keepsOwner: boolean,
): Promise<StepLayer> {
  const { session, state, epoch, fixedTime } = stage;
  const options: WriterOptions = { fixedTime, ...(epoch === undefined ? {} : { latest: epoch }) };
  return await makeLayer(session, {
    on: plan.link ? null : state.chainId,
    write: async (root, active) => {
      const writer = new TreeWriter(root, options);
      const chowned = plan.chown === undefined ? undefined : resolveOwner(root, plan.chown);
      const owner = chowned ?? (keepsOwner ? undefined : { uid: 0, gid: 0 });
      const later = new Map<string, Entry>();
      // What an archive brings may be in a file's place: all in turn then.
      const mayWait = plan.parts.every(({ archive }) => archive === undefined);
      const order: CopyOrder = {
        ...(mayWait ? { later } : {}),
        keyword: plan.step.keyword,
        destination: plan.destination,
        ...(owner === undefined ? {} : { owner }),
        ...(plan.mode === undefined ? {} : { mode: plan.mode }),
      };
      await writeAll(stage, plan, { writer, order });
      writer.finish();
      if (later.size === 0) return;
      session.room.snapshots.unmount(active.id);
      const below = new TreeWriter(active.upper, options);
      await writeLater(below, root, order);
      below.finish();
    },
  });
}

async function writeAll(
  { session }: StageContext,
  { parts, destination }: CopyPlan,
  { writer, order }: { writer: TreeWriter; order: CopyOrder },
): Promise<void> {
  const plain = parts.filter((part) => part.archive === undefined && part.under === '');
  if (plain.length > 0)
    await copySources(
      writer,
      plain.map((part) => part.source),
      order,
    );
  for (const part of parts) {
    const { archive, under, source } = part;
    if (archive !== undefined) {
      await unpackArchive(archive, { writer, destination, signal: session.signal });
    } else if (under !== '') {
      const within = `${destination.replace(/\/$/, '')}/${under}/`;
      keepParents(writer, part, order);
      await copySources(writer, [source], { ...order, destination: within });
    }
  }
}

/** `--parents`: folders on the way to a source are as they are there. */
function keepParents(writer: TreeWriter, { tree, source, under }: Part, order: CopyOrder): void {
  const names = under.split('/');
  const above = source.isDirectory ? source.path.split('/') : source.path.split('/').slice(0, -1);
  const base = order.destination.replace(/\/$/, '');
  for (let count = 1; count <= names.length; count++) {
    const inside = `${base}/${names.slice(0, count).join('/')}`;
    if (lookAt(resolveInRoot(writer.root, inside)) !== undefined) continue;
    const made = writer.ensureDirectory(inside, order.owner ?? { uid: 0, gid: 0 });
    const path = above.slice(0, above.length - names.length + count).join('/');
    const stats = filesIn(tree).look(path);
    if (stats?.isDirectory() === true) settle({ ...order, writer }, { stats }, made);
  }
}
