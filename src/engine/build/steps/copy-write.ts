// The sources of COPY and ADD become a layer.
import { readdirSync } from 'node:fs';
import type { CopyInstruction } from '../dockerfile/instruction.ts';
import type { StepLayer } from '../image-state.ts';
import { unpackArchive } from '../tree/archive.ts';
import type { ChangeMode } from '../tree/change-mode.ts';
import { type CopyOrder, copySources, fillDirectory } from '../tree/copy-sources.ts';
import { lookAt, resolveInRoot } from '../tree/in-root.ts';
import { resolveOwner } from '../tree/owner.ts';
import type { Source } from '../tree/source-tree.ts';
import { TreeWriter, type WriterOptions } from '../tree/tree-writer.ts';
import type { Part } from './copy-parts.ts';
import { makeLayer } from './layer.ts';
import type { StageContext } from './step.ts';

export interface CopyPlan {
  step: CopyInstruction;
  destination: string;
  chown?: string;
  mode?: ChangeMode;
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
      const order: CopyOrder = {
        keyword: plan.step.keyword,
        destination: plan.destination,
        ...(owner === undefined ? {} : { owner }),
        ...(plan.mode === undefined ? {} : { mode: plan.mode }),
      };
      const source = onlyDirectory(plan);
      const fresh = source === undefined ? undefined : emptyPlace(writer, order);
      if (source === undefined || fresh === undefined) {
        await writeAll(stage, plan, { writer, order });
        writer.finish();
        return;
      }
      writer.finish();
      // Nothing of the layers below counts there: without the overlay each file takes half the time.
      session.room.snapshots.unmount(active.id);
      const below = new TreeWriter(active.upper, options);
      await fillDirectory(below, source, { ...order, ...fresh, isTop: fresh.isNew && !source.isRoot });
      below.finish();
    },
  });
}

function onlyDirectory({ parts }: CopyPlan): Source | undefined {
  const [only, ...others] = parts;
  if (only === undefined || others.length > 0 || only.archive !== undefined || only.under !== '')
    return undefined;
  return only.source.isDirectory ? only.source : undefined;
}

/** The destination as a directory of the step's own, where it was not there or had nothing in it. */
function emptyPlace(
  writer: TreeWriter,
  { destination, owner = { uid: 0, gid: 0 } }: CopyOrder,
): { place: string; isNew: boolean } | undefined {
  const there = resolveInRoot(writer.root, destination);
  const stats = lookAt(there);
  if (stats !== undefined && (!stats.isDirectory() || readdirSync(there).length > 0)) return undefined;
  const real = writer.ensureDirectory(destination, owner);
  // Its time is set at the end, which brings it up into the step's own layer.
  writer.touching(real);
  return { place: real.slice(writer.root.length) || '/', isNew: stats === undefined };
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
  for (const { archive, under, source } of parts) {
    if (archive !== undefined) {
      await unpackArchive(archive, { writer, destination, signal: session.signal });
    } else if (under !== '') {
      const within = `${destination.replace(/\/$/, '')}/${under}/`;
      await copySources(writer, [source], { ...order, destination: within });
    }
  }
}
