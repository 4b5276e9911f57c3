// What may come next on a command line.
import { findEntry, groups, namesUnder, sections } from '#cli/catalog.ts';
import { argumentsOf, flagKinds, type Kind } from '#cli/complete/arguments.ts';
import type { Candidate, Lookup, Thing } from '#cli/complete/lookup.ts';
import { type GlobalValues, globalFlags } from '#cli/endpoint.ts';
import { type FlagTable, parseLine } from '#cli/grammar/flags.ts';

/** The answer where files may come next: the shell knows those itself. */
export const filesToo = Symbol('files');
export type Completions = Candidate[] | typeof filesToo;

/** Candidates for the last of the words (which may be empty); those that begin with it, sorted. */
export async function complete(words: readonly string[], lookup: Lookup): Promise<Completions> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const globals = walk(globalFlags, before, true);
  const flags = globalsOf(before.slice(0, globals.at));
  const ask = (kind: Kind, text: string) => candidatesOf(kind, text, (thing) => lookup(thing, flags));
  const pending = flagAt(globalFlags, globals, typed);
  if (globals.arguments.length === 0) {
    if (pending !== undefined) return pending === 'names' ? flagNames(globalFlags, typed) : ask(...pending);
    return topNames(typed);
  }
  const line = before.slice(globals.at);
  const found = findEntry(line);
  if (found === undefined) return namesAfter(line, typed);
  const { command } = await found.entry.load();
  const state = walk(command.flags, line.slice(found.words), command.stopAtArgument);
  const flag = flagAt(command.flags, state, typed);
  if (flag !== undefined) return flag === 'names' ? flagNames(command.flags, typed) : ask(...flag);
  const { kinds, more } = argumentsOf[found.entry.name] ?? { kinds: [] };
  const count = state.arguments.length;
  const kind = kinds[count] ?? (more ? kinds.at(-1) : undefined);
  if (kind === undefined) return kinds.length === 0 ? [] : filesToo;
  const answer = await ask(kind, typed);
  // What was named already is not wanted twice.
  return answer === filesToo || !more ? answer : answer.filter(({ text }) => !state.arguments.includes(text));
}

interface Walked {
  arguments: string[];
  /** The flag whose value comes next. */
  awaits: string | undefined;
  /** Flags are over: `--`, or an argument of a command where the first ends them. */
  closed: boolean;
  /** Where the first argument stood, or how many words there were. */
  at: number;
}

/** Reads finished words without complaint. */
function walk(table: FlagTable, words: readonly string[], stopAtArgument: boolean): Walked {
  const state: Walked = { arguments: [], awaits: undefined, closed: false, at: words.length };
  for (const [at, word] of words.entries()) {
    if (state.awaits !== undefined) state.awaits = undefined;
    else if (!state.closed && word === '--') state.closed = true;
    else if (!state.closed && word.startsWith('-') && word !== '-') state.awaits = awaitedBy(table, word);
    else {
      if (state.arguments.length === 0) state.at = at;
      state.arguments.push(word);
      state.closed ||= stopAtArgument;
    }
  }
  return state;
}

/** The long name of the flag that takes the next word as its value. */
function awaitedBy(table: FlagTable, word: string): string | undefined {
  if (word.includes('=')) return undefined;
  if (word.startsWith('--')) {
    const flag = table[word.slice(2)];
    return flag === undefined || flag.kind === 'toggle' ? undefined : word.slice(2);
  }
  for (const [at, letter] of [...word].entries()) {
    const found = Object.entries(table).find(([, { short }]) => at > 0 && short === letter);
    if (found !== undefined && found[1].kind !== 'toggle')
      return at === word.length - 1 ? found[0] : undefined;
  }
  return undefined;
}

/** What the flags have to say about the unfinished word; undefined where it is an argument. */
function flagAt(table: FlagTable, state: Walked, typed: string): 'names' | [Kind, string] | undefined {
  if (state.awaits !== undefined) return [flagKinds[state.awaits] ?? filesOr(table, state.awaits), typed];
  if (state.closed || !typed.startsWith('-')) return undefined;
  const equals = typed.indexOf('=');
  if (!typed.startsWith('--') || equals < 0) return 'names';
  return [flagKinds[typed.slice(2, equals)] ?? 'none', typed];
}

function filesOr(table: FlagTable, name: string): Kind {
  return /FILE|DIR|PATH/.test(table[name]?.value ?? '') ? 'file' : 'none';
}

async function candidatesOf(
  kind: Kind,
  typed: string,
  lookup: (thing: Thing) => Promise<Candidate[]>,
): Promise<Completions> {
  if (kind === 'file') return filesToo;
  if (kind === 'none') return [];
  if (kind === 'command') return topNames(typed);
  if (kind === 'any') return everything(typed, lookup);
  // `--flag=va`: the candidates carry the flag, as the word does.
  const flag = /^--[a-z-]+=/.exec(typed)?.[0] ?? '';
  const found = typeof kind === 'string' ? await lookup(kind) : kind.map((text) => ({ text }));
  return matching(
    found.map((each) => ({ ...each, text: `${flag}${each.text}` })),
    typed,
  );
}

async function everything(
  typed: string,
  lookup: (thing: Thing) => Promise<Candidate[]>,
): Promise<Candidate[]> {
  const things: Thing[] = ['container', 'image', 'network', 'volume'];
  return matching((await Promise.all(things.map(lookup))).flat(), typed);
}

function topNames(typed: string): Candidate[] {
  const entries = sections.flatMap((section) => section.entries);
  const names = entries.flatMap(({ name, summary }) =>
    name.includes(' ') ? [] : [{ text: name, help: summary }],
  );
  const more = Object.entries(groups).map(([text, help]) => ({ text, help }));
  return matching([...names, ...more, { text: 'help', help: 'Teach a command.' }], typed);
}

function namesAfter(line: readonly string[], typed: string): Completions {
  const [first = ''] = line;
  if (first === 'help' && line.length === 1) return topNames(typed);
  if (line.length > 1 || !Object.hasOwn(groups, first)) return [];
  const entries = sections.flatMap((section) => section.entries);
  const found = namesUnder(first).map((text) => {
    const help = entries.find(({ name, also }) => [name, ...also].includes(`${first} ${text}`))?.summary;
    return help === undefined ? { text } : { text, help };
  });
  return matching(found, typed);
}

function flagNames(table: FlagTable, typed: string): Candidate[] {
  const names = Object.entries(table).flatMap(([name, flag]) =>
    flag.hidden ? [] : [{ text: `--${name}`, help: flag.help }],
  );
  return matching([...names, { text: '--help', help: 'Teach this command' }], typed);
}

function matching(candidates: readonly Candidate[], typed: string): Candidate[] {
  const found = new Map(
    candidates.filter(({ text }) => text.startsWith(typed)).map((each) => [each.text, each]),
  );
  return [...found.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
}

/** The global flags that were typed; the usual ones where they cannot be read. */
function globalsOf(words: readonly string[]): GlobalValues {
  const rules = { stopAtArgument: true, name: 'wharf' };
  try {
    return parseLine(globalFlags, words, rules).flags;
  } catch {
    return parseLine(globalFlags, [], rules).flags;
  }
}
