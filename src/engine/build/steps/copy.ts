// COPY and ADD: sources to fingerprints for the key, and into the layer where it is not cached.
import { readFileSync } from 'node:fs';
import { expandWord } from '../dockerfile/expand.ts';
import { flagValue, switchFlag } from '../dockerfile/flags.ts';
import { heredocMark } from '../dockerfile/heredoc.ts';
import type { CopyInstruction } from '../dockerfile/instruction.ts';
import { breather } from '../tree/breathe.ts';
import { parseChangeMode } from '../tree/change-mode.ts';
import { sliceHead } from '../tree/slice.ts';
import { fingerprint, type SourceTree } from '../tree/source-tree.ts';
import type { TreeFiles } from '../tree/tree-files.ts';
import { mostExplainedBytes, type StepFiles } from '../why/explain-file.ts';
import { assertSome, type Part, partsOf } from './copy-parts.ts';
import { type CopyPlan, writeParts } from './copy-write.ts';
import type { MountedTree, PreparedStep, StageContext } from './step.ts';

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
      if (isCommit(tree) && /^\.git(\/|$)/.test(entry.name)) {
        if (entry.name === '.git') files[`${prefix}/.git`] = 'd of the clone';
        continue;
      }
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
  return {
    step,
    destination,
    parts,
    link: switchFlag(step.flags, 'link') ?? false,
    ...(chown ? { chown } : {}),
    ...(chmod ? { mode: parseChangeMode(chmod), chmod } : {}),
  };
}

interface Gathered {
  parts: Part[];
  files: Record<string, string>;
}

const gathered = new WeakMap<TreeFiles, Map<string, Gathered>>();

/** The sources and their fingerprints. Of a context that is here as it was before, they are as they were. */
async function gather(
  stage: StageContext,
  step: CopyInstruction,
  from: MountedTree | undefined,
): Promise<Gathered> {
  const name = await memoryName(stage, step, from);
  const known = name === undefined ? undefined : gathered.get(name.files)?.get(name.text);
  if (known !== undefined) return known;
  const parts = await partsOf(stage, step, from);
  assertSome(step, parts);
  const isChowned = flagValue(step.flags, 'chown') !== undefined;
  const keepsOwner = from !== undefined && from.isContext !== true;
  const found = { parts, files: await filesOf(parts, keepsOwner && !isChowned) };
  if (name !== undefined) {
    const memory = gathered.get(name.files) ?? new Map<string, Gathered>();
    gathered.set(name.files, memory.set(name.text, found));
  }
  return found;
}

/** What the sources depend on, where that is only the context and the line itself. */
async function memoryName(
  stage: StageContext,
  step: CopyInstruction,
  from: MountedTree | undefined,
): Promise<{ files: TreeFiles; text: string } | undefined> {
  if (step.kind !== 'copy' || from !== undefined || step.heredocs.length > 0) return undefined;
  const { files, knownDigest, rules } = await stage.context();
  if (files === undefined || knownDigest === undefined) return undefined;
  const words = step.sources.map((word) => expandWord(word, stage.scope));
  const flags = step.flags.map(({ name, value }) => [name, expandWord(value, stage.scope)]);
  return { files, text: JSON.stringify([words, flags, rules]) };
}

/** Finds and fingerprints the sources. What is missing or forbidden throws with Docker's sentence. */
export async function prepareCopy(stage: StageContext, step: CopyInstruction): Promise<PreparedStep> {
  const { scope, epoch } = stage;
  const from = step.from === undefined ? undefined : await stage.treeOf(step.from);
  const keepsOwner = from !== undefined && from.isContext !== true;
  try {
    const { parts, files } = await gather(stage, step, from);
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
      createdBy: `${step.keyword} ${toldWords(stage, plan).join(' ')} # buildkit`,
      keyText: `${step.keyword} ${keyWords(stage, step)} # buildkit`,
      link: plan.link,
      inputs: {
        files,
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

/** As BuildKit's history tells it: three of the flags, the files, the here-documents, the destination. */
function toldWords({ scope }: StageContext, { step, chown, chmod }: CopyPlan): string[] {
  const marks = step.sources.map((word) => heredocMark(word));
  const files = step.sources.filter((_, index) => marks[index] === undefined);
  return [
    ...(switchFlag(step.flags, 'parents') === true ? ['--parents'] : []),
    ...(chown === undefined ? [] : [`--chown=${chown}`]),
    ...(chmod === undefined ? [] : [`--chmod=${chmod}`]),
    ...files.map((word) => expandWord(word, scope)),
    ...marks.flatMap((mark) => (mark === undefined ? [] : [`<<${mark.name}`])),
    expandWord(step.destination, scope),
  ];
}

/** All of the line, for the key and for `why`. */
function keyWords(stage: StageContext, step: CopyInstruction): string {
  const flags = step.flags.map(({ name, value }) => (value === '' ? `--${name}` : `--${name}=${value}`));
  const words = [...step.sources, step.destination].map((word) =>
    heredocMark(word) === undefined ? expandWord(word, stage.scope) : word,
  );
  return [...flags, ...words].join(' ');
}
