// The sources of COPY and ADD: here-documents, downloads, repositories, and files of a tree.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { invalid } from '#shared/errors.ts';
import { SyntaxProblem } from '../dockerfile/errors.ts';
import { expandText, expandWord } from '../dockerfile/expand.ts';
import { flagValue, switchFlag } from '../dockerfile/flags.ts';
import { heredocMark } from '../dockerfile/heredoc.ts';
import type { CopyInstruction } from '../dockerfile/instruction.ts';
import { archiveIn } from '../tree/archive.ts';
import { download } from '../tree/download.ts';
import { findSources } from '../tree/find-sources.ts';
import { cloneGit, parseGitAddress } from '../tree/git.ts';
import { parseIgnore } from '../tree/ignore.ts';
import { cleanParts } from '../tree/in-root.ts';
import { inlineTree } from '../tree/inline-tree.ts';
import type { Source, SourceTree } from '../tree/source-tree.ts';
import type { MountedTree, StageContext } from './step.ts';

/** A source and how it is to be taken. */
export interface Part {
  tree: SourceTree;
  source: Source;
  /** ADD of an archive: path of the file whose contents are unpacked. */
  archive?: string;
  /** `--parents`: folders that are made in the destination. */
  under: string;
}

interface Work {
  stage: StageContext;
  step: CopyInstruction;
  /** `--exclude`. */
  excludes?: (path: string) => boolean;
}

/** Finds every source, in the order written. What is missing or forbidden throws with Docker's sentence. */
export async function partsOf(
  stage: StageContext,
  step: CopyInstruction,
  from: MountedTree | undefined,
): Promise<Part[]> {
  const patterns = step.flags
    .filter((flag) => flag.name === 'exclude')
    .map((flag) => expandWord(flag.value, stage.scope));
  const work: Work = {
    stage,
    step,
    ...(patterns.length === 0 ? {} : { excludes: parseIgnore(patterns.join('\n')).excludes }),
  };
  const checksum = flagValue(step.flags, 'checksum');
  const parts: Part[] = [];
  for (const written of step.sources) {
    const found = (await inlinePart(work, written)) ?? (await remoteParts(work, written));
    if (found === undefined && checksum !== undefined) {
      throw new SyntaxProblem("checksum can't be specified for non-HTTP(S) sources", { expected: 'a URL' });
    }
    parts.push(...(found ?? (await treeParts(work, written, from))));
  }
  return parts.flatMap((part) => withoutExcluded(work, part));
}

async function inlinePart({ stage, step }: Work, written: string): Promise<Part[] | undefined> {
  const mark = heredocMark(written);
  const heredoc = mark && step.heredocs.find((each) => each.name === mark.name);
  if (heredoc === undefined) return undefined;
  const content = heredoc.expand ? expandText(heredoc.content, stage.scope) : heredoc.content;
  const tree = inlineTree(stage.session.folder(), { name: heredoc.name, content });
  const sources = await findSources({ keyword: step.keyword, tree }, [heredoc.name]);
  return sources.map((source) => ({ tree, source, under: '' }));
}

async function remoteParts({ stage, step }: Work, written: string): Promise<Part[] | undefined> {
  if (step.kind !== 'add') return undefined;
  const word = expandWord(written, stage.scope);
  const { session } = stage;
  const address = parseGitAddress(word);
  if (address !== undefined) {
    const checksum = flagValue(step.flags, 'checksum');
    const tree = await cloneGit(address, {
      folder: session.folder(),
      keepGitDir: switchFlag(step.flags, 'keep-git-dir') ?? false,
      signal: session.signal,
      access: session,
      ...(checksum === undefined ? {} : { checksum }),
    });
    const sources = await findSources({ keyword: 'ADD', tree }, ['.']);
    return sources.map((source) => ({ tree, source, under: '' }));
  }
  if (!/^https?:\/\//.test(word)) return undefined;
  const tree = await download(word, {
    folder: session.folder(),
    step,
    signal: session.signal,
    access: session,
  });
  const sources = await findSources({ keyword: 'ADD', tree }, [tree.name]);
  const unpack = switchFlag(step.flags, 'unpack') ?? false;
  return await Promise.all(
    sources.map((source) => partOf({ stage, step }, { tree, source, under: '', unpack })),
  );
}

async function treeParts(
  { stage, step }: Work,
  written: string,
  from: MountedTree | undefined,
): Promise<Part[]> {
  const word = expandWord(written, stage.scope);
  const tree = from?.tree ?? (await stage.context());
  const parents = switchFlag(step.flags, 'parents') ?? false;
  if (!parents && cleanParts(word).includes('**')) {
    // Without --parents two stars are one.
    return await partsFrom(stage, step, { tree, word: word.replaceAll('**', '*'), parents });
  }
  return await partsFrom(stage, step, { tree, word, parents });
}

async function partsFrom(
  stage: StageContext,
  step: CopyInstruction,
  asked: { tree: SourceTree; word: string; parents: boolean },
): Promise<Part[]> {
  const { tree, word, parents } = asked;
  const sources = await findSources({ keyword: step.keyword, tree }, [word]);
  const unpack = step.kind === 'add' && (switchFlag(step.flags, 'unpack') ?? true);
  const parts: Part[] = [];
  for (const source of sources) {
    const under = parents ? parentsOf(source, word) : '';
    parts.push(await partOf({ stage, step }, { tree, source, under, unpack }));
  }
  return parts;
}

/** The folders that `--parents` keeps: all of the path, or what follows `/./` in it. */
function parentsOf(source: Source, written: string): string {
  const pivot = written.indexOf('/./');
  const cut = pivot < 0 ? 0 : cleanParts(written.slice(0, pivot)).length;
  const parts = source.path.split('/').slice(cut);
  return (source.isDirectory ? parts : parts.slice(0, -1)).join('/');
}

async function partOf({ stage }: Work, part: Omit<Part, 'archive'> & { unpack: boolean }): Promise<Part> {
  const { unpack, ...rest } = part;
  const [entry] = rest.source.entries;
  if (!unpack || rest.source.isDirectory || entry === undefined) return rest;
  const folder = (): string => mkdtempSync(join(stage.session.folder(), 'archive-'));
  const archive = await archiveIn(entry.content, folder);
  return archive === undefined ? rest : { ...rest, archive };
}

/** Patterns are of paths below a folder that is copied, of the whole path of a file, or where its folders are kept. */
function withoutExcluded({ excludes, step }: Work, part: Part): Part[] {
  if (excludes === undefined || heredocMark(step.sources[0] ?? '') !== undefined) return [part];
  const { source } = part;
  const whole = part.under === '' ? '' : `${part.under}/`;
  if (!source.isDirectory) return excludes(source.path) ? [] : [part];
  const entries = source.entries.filter((entry) => entry.name === '' || !excludes(`${whole}${entry.name}`));
  return [{ ...part, source: { ...source, entries } }];
}

/** Nothing was found at all, which is a mistake rather than a wish. */
export function assertSome(step: CopyInstruction, parts: readonly Part[]): void {
  const excluding = step.flags.some((flag) => flag.name === 'exclude');
  if (parts.length > 0 || excluding) return;
  throw invalid(`${step.keyword} failed: no source files were specified`, {
    hint: `Nothing matches ${step.sources.join(', ')}.`,
  });
}
