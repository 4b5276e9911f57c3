// COPY and ADD: sources to fingerprints for the key, and into the layer where it is not cached.
import { readFileSync } from 'node:fs';
import { SyntaxProblem } from '../dockerfile/errors.ts';
import { expandWord } from '../dockerfile/expand.ts';
import { flagValue, switchFlag } from '../dockerfile/flags.ts';
import { heredocMark } from '../dockerfile/heredoc.ts';
import type { CopyInstruction } from '../dockerfile/instruction.ts';
import type { StepLayer } from '../image-state.ts';
import { unpackArchive } from '../tree/archive.ts';
import { breather } from '../tree/breathe.ts';
import { type ChangeMode, parseChangeMode } from '../tree/change-mode.ts';
import { type CopyOrder, copySources } from '../tree/copy-sources.ts';
import { resolveOwner } from '../tree/owner.ts';
import { sliceHead } from '../tree/slice.ts';
import { fingerprint, type SourceTree } from '../tree/source-tree.ts';
import { TreeWriter } from '../tree/tree-writer.ts';
import { mostExplainedBytes, type StepFiles } from '../why/explain-file.ts';
import { assertSome, type Part, partsOf } from './copy-parts.ts';
import { makeLayer } from './layer.ts';
import type { PreparedStep, StageContext } from './step.ts';

interface CopyPlan {
  step: CopyInstruction;
  destination: string;
  chown?: string;
  mode?: ChangeMode;
  parts: Part[];
  /** `--link`: on nothing, to be laid on the parent afterwards. */
  link: boolean;
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

/** True for a repository: the identity of its tree is a commit. */
function isCommit(tree: SourceTree): tree is SourceTree & { identity: string } {
  return /^[0-9a-f]{40,64}$/.test(tree.identity ?? '');
}

/** Fingerprints by the name each file will have; owners too where they are kept. */
async function filesOf(parts: readonly Part[], keepOwner: boolean): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const breathe = breather();
  for (const [index, { tree, source, under }] of parts.entries()) {
    const top = under === '' ? `${index}:` : `${index}:${under}/`;
    const prefix = source.isDirectory ? top.replace(/\/$/, '') : `${top}${source.base}`;
    for (const entry of source.entries) {
      if (source.isRoot && entry.name === '') continue;
      // A repository is its commit: what git notes about a clone is different each time.
      if (isCommit(tree) && /^\.git(\/|$)/.test(entry.name)) continue;
      const owner = keepOwner ? ` ${entry.stats.uid}:${entry.stats.gid}` : '';
      files[`${prefix}${entry.name === '' ? '' : `/${entry.name}`}`] =
        (await fingerprint(tree, entry)) + owner;
      await breathe();
    }
  }
  return files;
}

/** The entry and the place in its tree of a name that `filesOf` gave. */
function findFile(parts: readonly Part[], key: string): { part: Part; path: string } | undefined {
  const [, index = '', rest = ''] = /^(\d+):(.*)$/s.exec(key) ?? [];
  const part = parts[Number(index)];
  if (index === '' || part === undefined) return undefined;
  const { source, under } = part;
  if (!source.isDirectory) return { part, path: source.path };
  const name = rest.replace(/^\//, '').slice(under === '' ? 0 : under.length + 1);
  return { part, path: source.path === '' ? name : `${source.path}/${name}` };
}

function knownFiles(parts: readonly Part[], isContext: boolean): StepFiles {
  return {
    content: (key) => {
      const found = findFile(parts, key);
      const entry = found?.part.source.entries.find(({ path }) => path === found.path);
      if (entry?.stats.isFile() !== true || entry.stats.size > mostExplainedBytes) return undefined;
      return typeof entry.content === 'string'
        ? readFileSync(entry.content)
        : sliceHead(entry.content, entry.stats.size);
    },
    contextPath: (key) => (isContext ? findFile(parts, key)?.path : undefined),
    excludes: (path) => parts[0]?.tree.excludes(path) ?? false,
  };
}

function planOf(stage: StageContext, step: CopyInstruction, parts: Part[]): CopyPlan {
  const { scope, state } = stage;
  const expanded = (name: 'chown' | 'chmod'): string | undefined => {
    const text = flagValue(step.flags, name);
    return text === undefined ? undefined : expandWord(text, scope);
  };
  const destination = destinationOf(expandWord(step.destination, scope), state.config.WorkingDir ?? '/');
  const [chown, chmod] = [expanded('chown'), expanded('chmod')];
  if (chown === '') throw new SyntaxProblem('--chown is empty', { expected: 'user[:group]' });
  return {
    step,
    destination,
    parts,
    link: switchFlag(step.flags, 'link') ?? false,
    ...(chown === undefined ? {} : { chown }),
    ...(chmod === undefined ? {} : { mode: parseChangeMode(chmod) }),
  };
}

/** Finds and fingerprints the sources. What is missing or forbidden throws with Docker's sentence. */
export async function prepareCopy(stage: StageContext, step: CopyInstruction): Promise<PreparedStep> {
  const { scope, epoch } = stage;
  const from = step.from === undefined ? undefined : await stage.treeOf(step.from);
  const keepsOwner = from !== undefined && from.isContext !== true;
  try {
    const parts = await partsOf(stage, step, from);
    assertSome(step, parts);
    const plan = planOf(stage, step, parts);
    const chmod = flagValue(step.flags, 'chmod');
    const identities = parts.flatMap(({ tree }) => (isCommit(tree) ? [tree.identity] : []));
    const more = {
      destination: plan.destination,
      chown: plan.chown ?? '',
      chmod: chmod === undefined ? '' : expandWord(chmod, scope),
      unpack: parts.map((part) => Number(part.archive !== undefined)).join(''),
      ...(identities.length === 0 ? {} : { commits: identities.join(' ') }),
    };
    return {
      createdBy: `${step.keyword} ${createdBy(stage, step)} # buildkit`,
      link: plan.link,
      inputs: {
        files: await filesOf(parts, keepsOwner && plan.chown === undefined),
        more,
        ...(epoch === undefined ? {} : { epoch }),
      },
      known: knownFiles(parts, from === undefined),
      make: () => writeParts(stage, plan, keepsOwner),
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

async function writeParts(stage: StageContext, plan: CopyPlan, keepsOwner: boolean): Promise<StepLayer> {
  const { session, state, epoch, fixedTime } = stage;
  return await makeLayer(session, {
    on: plan.link ? null : state.chainId,
    write: async (root) => {
      const writer = new TreeWriter(root, { fixedTime, ...(epoch === undefined ? {} : { latest: epoch }) });
      const chowned = plan.chown === undefined ? undefined : resolveOwner(root, plan.chown);
      const owner = chowned ?? (keepsOwner ? undefined : { uid: 0, gid: 0 });
      await writeAll(stage, plan, {
        writer,
        order: {
          keyword: plan.step.keyword,
          destination: plan.destination,
          ...(owner === undefined ? {} : { owner }),
          ...(plan.mode === undefined ? {} : { mode: plan.mode }),
        },
      });
      writer.finish();
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
  for (const { archive, under, source } of parts) {
    if (archive !== undefined) {
      await unpackArchive(archive, { writer, destination, signal: session.signal });
    } else if (under !== '') {
      const within = `${destination.replace(/\/$/, '')}/${under}/`;
      await copySources(writer, [source], { ...order, destination: within });
    }
  }
}
