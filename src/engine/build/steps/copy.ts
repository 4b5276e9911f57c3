// COPY and ADD: sources to fingerprints for the key, and into the layer where it is not cached.
import { SyntaxProblem } from '../dockerfile/errors.ts';
import { unsupported } from '#shared/errors.ts';
import { expandText, expandWord } from '../dockerfile/expand.ts';
import { heredocMark } from '../dockerfile/heredoc.ts';
import type { CopyInstruction } from '../dockerfile/instruction.ts';
import { unpackArchive, isArchive } from '../tree/archive.ts';
import { breather } from '../tree/breathe.ts';
import { copySources } from '../tree/copy-sources.ts';
import { download } from '../tree/download.ts';
import { findSources } from '../tree/find-sources.ts';
import { inlineTree } from '../tree/inline-tree.ts';
import { parseMode, resolveOwner } from '../tree/owner.ts';
import { fingerprint, type Source, type SourceTree } from '../tree/source-tree.ts';
import { TreeWriter } from '../tree/tree-writer.ts';
import { makeLayer } from './layer.ts';
import type { StepLayer } from '../image-state.ts';
import type { MountedTree, PreparedStep, StageContext } from './step.ts';

/** A source and how it is to be taken. */
interface Part {
  tree: SourceTree;
  source: Source;
  /** ADD of a local archive: its contents are unpacked. */
  unpack: boolean;
}

interface CopyPlan {
  step: CopyInstruction;
  destination: string;
  chown?: string;
  mode?: number;
  parts: Part[];
}

const supported = new Set(['from', 'chown', 'chmod', 'link', 'checksum']);

function assertSupported(step: CopyInstruction): void {
  for (const { name } of step.flags) {
    if (!supported.has(name)) {
      throw unsupported(`${step.keyword} --${name} is not supported yet`, {
        hint: `Dockerfile:${step.line}`,
      });
    }
  }
}

/** Absolute; a slash at the end where the text means a directory. */
export function destinationOf(text: string, workdir: string): string {
  const whole = text.startsWith('/') ? text : `${workdir || '/'}/${text}`;
  const parts: string[] = [];
  for (const part of whole.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const asDirectory = /(^|\/)\.{0,2}$/.test(text);
  return asDirectory && parts.length > 0 ? `/${parts.join('/')}/` : `/${parts.join('/')}`;
}

async function partsOf(
  stage: StageContext,
  step: CopyInstruction,
  from: MountedTree | undefined,
): Promise<Part[]> {
  const parts: Part[] = [];
  const folder = (): string => stage.session.folder();
  for (const written of step.sources) {
    const mark = heredocMark(written);
    const heredoc = mark && step.heredocs.find((each) => each.name === mark.name);
    const word = heredoc === undefined ? expandWord(written, stage.scope) : '';
    if (heredoc !== undefined) {
      const content = heredoc.expand ? expandText(heredoc.content, stage.scope) : heredoc.content;
      const tree = inlineTree(folder(), { name: heredoc.name, content });
      const [source] = await findSources({ keyword: step.keyword, tree }, [heredoc.name]);
      if (source !== undefined) parts.push({ tree, source, unpack: false });
    } else if (step.kind === 'add' && /^https?:\/\//.test(word)) {
      const tree = await download(word, { folder: folder(), step, signal: stage.session.signal });
      for (const source of await findSources({ keyword: 'ADD', tree }, [tree.name])) {
        parts.push({ tree, source, unpack: false });
      }
    } else {
      const tree = from?.tree ?? (await stage.context());
      for (const source of await findSources({ keyword: step.keyword, tree }, [word])) {
        const path = source.entries[0]?.path ?? '';
        const unpack = step.kind === 'add' && !source.isDirectory && (await isArchive(path));
        parts.push({ tree, source, unpack });
      }
    }
  }
  return parts;
}

/** Fingerprints by the name each file will have; owners too where they are kept. */
async function filesOf(parts: readonly Part[], keepOwner: boolean): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const breathe = breather();
  for (const [index, { tree, source }] of parts.entries()) {
    const prefix = source.isDirectory ? `${index}:` : `${index}:${source.base}`;
    for (const entry of source.entries) {
      if (source.isRoot && entry.name === '') continue;
      const owner = keepOwner ? ` ${entry.stats.uid}:${entry.stats.gid}` : '';
      files[`${prefix}${entry.name === '' ? '' : `/${entry.name}`}`] =
        (await fingerprint(tree, entry)) + owner;
      await breathe();
    }
  }
  return files;
}

/** Finds and fingerprints the sources. What is missing or forbidden throws with Docker's sentence. */
export async function prepareCopy(stage: StageContext, step: CopyInstruction): Promise<PreparedStep> {
  assertSupported(step);
  const { scope, state, epoch } = stage;
  const from = step.from === undefined ? undefined : await stage.treeOf(step.from);
  try {
    const parts = await partsOf(stage, step, from);
    const destination = destinationOf(expandWord(step.destination, scope), state.config.WorkingDir ?? '/');
    const chown = step.chown === undefined ? undefined : expandWord(step.chown, scope);
    const chmod = step.chmod === undefined ? undefined : expandWord(step.chmod, scope);
    if (chown === '') throw new SyntaxProblem('--chown is empty', { expected: 'user[:group]' });
    const plan: CopyPlan = {
      step,
      destination,
      parts,
      ...(chown === undefined ? {} : { chown }),
      ...(chmod === undefined ? {} : { mode: parseMode(chmod) }),
    };
    const more = {
      destination,
      chown: chown ?? '',
      chmod: chmod ?? '',
      unpack: parts.map((part) => Number(part.unpack)).join(''),
    };
    return {
      createdBy: `${step.keyword} ${createdBy(stage, step)} # buildkit`,
      inputs: {
        files: await filesOf(parts, from !== undefined && chown === undefined),
        more,
        ...(epoch === undefined ? {} : { epoch }),
      },
      make: () => writeParts(stage, plan, from !== undefined),
      release: () => from?.release(),
    };
  } catch (thrown) {
    from?.release();
    throw thrown;
  }
}

function createdBy(stage: StageContext, step: CopyInstruction): string {
  const flags = step.flags.map(({ name, value }) => (value === '' ? `--${name}` : `--${name}=${value}`));
  const words = [...step.sources, step.destination].map((word) =>
    heredocMark(word) === undefined ? expandWord(word, stage.scope) : word,
  );
  return [...flags, ...words].join(' ');
}

async function writeParts(stage: StageContext, plan: CopyPlan, fromImage: boolean): Promise<StepLayer> {
  const { session, state, epoch, fixedTime } = stage;
  return await makeLayer(session, {
    on: state.chainId,
    write: async (root) => {
      const writer = new TreeWriter(root, { fixedTime, ...(epoch === undefined ? {} : { latest: epoch }) });
      const chowned = plan.chown === undefined ? undefined : resolveOwner(root, plan.chown);
      const owner = chowned ?? (fromImage ? undefined : { uid: 0, gid: 0 });
      const order = {
        keyword: plan.step.keyword,
        destination: plan.destination,
        ...(owner === undefined ? {} : { owner }),
        ...(plan.mode === undefined ? {} : { mode: plan.mode }),
      };
      const plain = plan.parts.filter((part) => !part.unpack).map((part) => part.source);
      if (plain.length > 0) await copySources(writer, plain, order);
      for (const { unpack, source } of plan.parts) {
        if (unpack)
          await unpackArchive(source.entries[0]?.path ?? '', {
            writer,
            destination: plan.destination,
            signal: session.signal,
          });
      }
      writer.finish();
    },
  });
}
