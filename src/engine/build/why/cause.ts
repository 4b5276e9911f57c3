// Why a step was not taken from the cache: the first thing that is different from the build before. Pure.
import type { Preimage } from '../cache/key.ts';
import type { StepRecord } from '../record/record.ts';
import type { Explained } from './explain-file.ts';

export interface Miss {
  text: string;
  position: number;
  key: string;
  preimage: Preimage;
  /** The cache was not asked. */
  fresh: boolean;
  /** Why an earlier step of the stage, or its base, is not what it was. */
  parentCause?: string;
  /** Steps of the same stage in the build before; empty: there was none. */
  before: readonly StepRecord[];
  /** Every step's text of the stage as it is now. */
  texts: readonly string[];
  preimageOf(key: string): Preimage | undefined;
  /** An earlier build is known, whatever its stages were. */
  hasBefore: boolean;
  /** Tells more of a file that is not what it was. */
  explain?(file: FileChange, before: Preimage): Explained;
}

const mostNamed = 3;

/** In words; undefined where nothing is known of an earlier build. */
export function causeOf(miss: Miss): string | undefined {
  if (miss.fresh) return 'the cache was not to be used';
  if (miss.before.length === 0)
    return miss.hasBefore ? 'its stage was not part of the build before' : undefined;
  const same = counterpart(miss);
  if (same === undefined) {
    const replaced = miss.before.find(
      (step) => step.position === miss.position && !miss.texts.includes(step.text),
    );
    return replaced === undefined ? 'it is new' : `the instruction was ${shorten(replaced.text)}`;
  }
  if (same.key === miss.key) return same.failed ? 'it failed the last time' : 'it was removed from the cache';
  const linked = miss.preimage.parent === 'link';
  if (miss.parentCause !== undefined && !linked) return `its parent changed (${miss.parentCause})`;
  const previous = miss.preimageOf(same.key);
  if (previous === undefined) return 'what it was made of before was removed from the cache';
  return difference(miss, previous) ?? 'what it starts from changed';
}

/** The step of the build before that is the same line of the Dockerfile. */
function counterpart({ before, text, position }: Miss): StepRecord | undefined {
  const there = before.find((step) => step.position === position);
  return there?.text === text ? there : before.find((step) => step.text === text);
}

function difference(miss: Miss, before: Preimage): string | undefined {
  const now = miss.preimage;
  return (
    recordDifference(
      now.args,
      before.args,
      (name, is, was) => `ARG ${name} is ${shown(is)}, was ${shown(was)}`,
    ) ??
    filesDifference(miss, before) ??
    recordDifference(
      now.more,
      before.more,
      (name, is, was) => `its ${name} is ${shown(is)}, was ${shown(was)}`,
    ) ??
    epochDifference(now.epoch, before.epoch) ??
    (now.instruction === before.instruction
      ? undefined
      : `it is ${shorten(now.instruction)}, was ${shorten(before.instruction)}`) ??
    (now.parent === before.parent ? undefined : 'a removed or changed step before it')
  );
}

function recordDifference(
  now: Readonly<Record<string, string>> = {},
  before: Readonly<Record<string, string>> = {},
  say: (name: string, is: string | undefined, was: string | undefined) => string,
): string | undefined {
  const names = [...new Set([...Object.keys(now), ...Object.keys(before)])].sort();
  const name = names.find((each) => now[each] !== before[each]);
  return name === undefined ? undefined : say(name, now[name], before[name]);
}

function epochDifference(now: number | undefined, before: number | undefined): string | undefined {
  return now === before ? undefined : `SOURCE_DATE_EPOCH is ${now ?? 'not set'}, was ${before ?? 'not set'}`;
}

const nameOf = (key: string): string => key.slice(key.indexOf(':') + 1).replace(/^\//, '');

interface FileChange {
  key: string;
  is: string | undefined;
  was: string | undefined;
}

/** By name: a pattern that matches one file more moves the numbers of those behind it. */
function fileChanges(
  now: Readonly<Record<string, string>>,
  before: Readonly<Record<string, string>>,
): FileChange[] {
  const changes = new Map<string, FileChange>();
  for (const key of [...new Set([...Object.keys(now), ...Object.keys(before)])].sort()) {
    const [is, was] = [now[key], before[key]];
    if (is === was) continue;
    const same = changes.get(nameOf(key));
    const change = {
      key: is === undefined ? (same?.key ?? key) : key,
      is: is ?? same?.is,
      was: was ?? same?.was,
    };
    changes.set(nameOf(key), change);
  }
  return [...changes.values()].filter(({ is, was }) => is !== was);
}

function filesDifference(miss: Miss, before: Preimage): string | undefined {
  const changes = fileChanges(miss.preimage.files ?? {}, before.files ?? {});
  if (changes.length === 0) return undefined;
  const said = changes.slice(0, mostNamed).map((change) => {
    const { sentence, lines } = miss.explain?.(change, before) ?? {};
    if (sentence !== undefined) return `${nameOf(change.key)} ${sentence}`;
    const text = fileDifference(nameOf(change.key), change.is, change.was);
    return lines !== undefined && text.endsWith(' changed') ? `${text} (${lines})` : text;
  });
  const more = changes.length > mostNamed ? ` and ${changes.length - mostNamed} more` : '';
  return said.join(', ') + more;
}

/** Fingerprints are `f 644 <sha256>`, `d 755`, `l <target>`, and owners where they count. */
function fileDifference(name: string, is: string | undefined, was: string | undefined): string {
  if (was === undefined) return `${name} is new`;
  if (is === undefined) return `${name} is gone`;
  const [kind, mode, digest] = is.split(' ');
  const [kindBefore, modeBefore, digestBefore] = was.split(' ');
  if (kind === 'l' && kindBefore === 'l') return `the link ${name} leads to ${mode}, was ${modeBefore}`;
  if (kind !== kindBefore) return `${name} is another kind of file`;
  if (kind === 'f' && digest !== digestBefore) return `${name} changed`;
  if (mode !== modeBefore) return `the mode of ${name} is ${mode}, was ${modeBefore}`;
  return `the owner of ${name} changed`;
}

function shown(value: string | undefined): string {
  if (value === undefined) return 'not set';
  return value === '' ? 'empty' : shorten(value);
}

export function shorten(text: string): string {
  const line = text.replace(/ # buildkit$/, '').replace(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
