// One reader per keyword: flags and arguments of a logical line → an instruction.
import { SyntaxProblem } from './errors.ts';
import { atFlag, flagValue } from './flags.ts';
import { parseHealthcheck } from './healthcheck.ts';
import type {
  ArgInstruction,
  Command,
  CopyInstruction,
  FromInstruction,
  Instruction,
  Place,
} from './instruction.ts';
import { parseMountFlag } from './mount-flag.ts';
import { didYouMean } from './nearest.ts';
import { parseJsonForm, parsePairs, splitBlanks, splitWords } from './words.ts';

interface Line extends Place {
  /** What follows the flags. */
  rest: string;
}

type Reader = (line: Line, escapeChar: string) => Instruction;

function placeOf(line: Line): Place {
  const { rest: _, ...place } = line;
  return place;
}

function one(line: Line, expected: string): string {
  if (line.rest === '')
    throw new SyntaxProblem(`${line.keyword} requires exactly one argument`, { expected });
  return line.rest;
}

function many(line: Line, expected: string, words: string[]): string[] {
  if (words.length === 0)
    throw new SyntaxProblem(`${line.keyword} requires at least one argument`, { expected });
  return words;
}

function commandOf(line: Line): Command {
  const argv = parseJsonForm(line.rest);
  return argv === undefined ? { form: 'shell', text: line.rest } : { form: 'exec', argv };
}

function readFrom(line: Line): FromInstruction {
  const words = splitBlanks(line.rest);
  const [image, as, name] = words;
  if (image === undefined || (words.length !== 1 && words.length !== 3)) {
    throw new SyntaxProblem('FROM requires either one or three arguments', {
      expected: 'FROM image [AS name]',
    });
  }
  const platform = flagValue(line.flags, 'platform');
  const from: FromInstruction = {
    ...placeOf(line),
    kind: 'from',
    image,
    ...(platform === undefined ? {} : { platform }),
  };
  if (as === undefined || name === undefined) return from;
  if (as.toUpperCase() !== 'AS') {
    throw new SyntaxProblem(
      `unexpected ${JSON.stringify(as)} in FROM${didYouMean(as.toUpperCase(), ['AS'])}`,
      { expected: 'AS', offset: line.rest.indexOf(as, image.length) },
    );
  }
  if (!/^[a-z][a-z0-9-_.]*$/i.test(name)) {
    const problem = `invalid name for build stage: ${JSON.stringify(name)}, name can't start with a number or contain symbols`;
    throw new SyntaxProblem(problem, { expected: 'a letter, then letters, digits, "-", "_" or "."' });
  }
  return { ...from, stageName: name.toLowerCase() };
}

function readCopy(line: Line, escapeChar: string): CopyInstruction {
  const words = parseJsonForm(line.rest) ?? splitWords(line.rest, escapeChar);
  const destination = words.at(-1);
  if (words.length < 2 || destination === undefined) {
    const given =
      words.length === 0 ? 'none was provided' : 'only one was provided. Destination could not be determined';
    const expected = `${line.keyword} source… destination`;
    throw new SyntaxProblem(`${line.keyword} requires at least two arguments, but ${given}`, { expected });
  }
  const flag = (name: 'from' | 'chown' | 'chmod'): Partial<CopyInstruction> => {
    const value = flagValue(line.flags, name);
    return value === undefined ? {} : { [name]: value };
  };
  const kind = line.keyword === 'ADD' ? 'add' : 'copy';
  if (flagValue(line.flags, 'from')?.includes('$')) {
    throw new SyntaxProblem(
      'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
      { expected: 'the name of a stage or image' },
    );
  }
  const flags = { ...flag('from'), ...flag('chown'), ...flag('chmod') };
  return { ...placeOf(line), kind, sources: words.slice(0, -1), destination, ...flags };
}

function readArg(line: Line, escapeChar: string): ArgInstruction {
  const args = many(line, 'name[=default]', splitWords(line.rest, escapeChar)).map((word) => {
    const at = word.indexOf('=');
    if (at === 0) throw new SyntaxProblem('ARG names can not be blank', { expected: 'name[=default]' });
    return at < 0 ? { name: word } : { name: word.slice(0, at), value: word.slice(at + 1) };
  });
  return { ...placeOf(line), kind: 'arg', args };
}

function readOnbuild(line: Line): Instruction {
  const trigger = one(line, 'an instruction');
  const keyword = splitBlanks(trigger)[0]?.toUpperCase() ?? '';
  if (keyword === 'ONBUILD') throw new SyntaxProblem("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (keyword === 'FROM' || keyword === 'MAINTAINER') {
    throw new SyntaxProblem(`${keyword} isn't allowed as an ONBUILD trigger`);
  }
  const bodies = line.heredocs.map(({ written, name }) => `\n${written}${name}`).join('');
  return { ...placeOf(line), kind: 'onbuild', trigger: `${trigger}${bodies}` };
}

function readShell(line: Line): Instruction {
  const argv = parseJsonForm(line.rest);
  if (argv === undefined)
    throw new SyntaxProblem('SHELL requires the arguments to be in JSON form', {
      expected: '["/bin/sh", "-c"]',
    });
  return { ...placeOf(line), kind: 'shell', argv: many(line, '["/bin/sh", "-c"]', argv) };
}

function readCommand(kind: 'run' | 'cmd' | 'entrypoint'): Reader {
  return (line) => {
    if (kind === 'run' && line.rest === '')
      throw new SyntaxProblem('RUN requires at least one argument', { expected: 'a command' });
    // Judged here for the place in the file; variables in it have their values only later.
    for (const flag of line.flags)
      if (flag.name === 'mount' && !flag.value.includes('$')) atFlag(flag, () => parseMountFlag(flag.value));
    return { ...placeOf(line), kind, command: commandOf(line) };
  };
}

function readPairs(kind: 'env' | 'label'): Reader {
  return (line, escapeChar) => ({
    ...placeOf(line),
    kind,
    pairs: parsePairs(line.keyword, line.rest, escapeChar),
  });
}

function readValue(kind: 'maintainer' | 'user' | 'workdir' | 'stopsignal', expected: string): Reader {
  return (line) => ({ ...placeOf(line), kind, value: one(line, expected) });
}

const readers: Record<string, Reader> = {
  ADD: readCopy,
  ARG: readArg,
  CMD: readCommand('cmd'),
  COPY: readCopy,
  ENTRYPOINT: readCommand('entrypoint'),
  ENV: readPairs('env'),
  EXPOSE: (line) => ({
    ...placeOf(line),
    kind: 'expose',
    words: many(line, 'port[/protocol]', splitBlanks(line.rest)),
  }),
  FROM: readFrom,
  HEALTHCHECK: (line) => ({
    ...placeOf(line),
    kind: 'healthcheck',
    ...parseHealthcheck(line.flags, line.rest),
  }),
  LABEL: readPairs('label'),
  MAINTAINER: readValue('maintainer', 'a name'),
  ONBUILD: readOnbuild,
  RUN: readCommand('run'),
  SHELL: readShell,
  STOPSIGNAL: readValue('stopsignal', 'a signal'),
  USER: readValue('user', 'user[:group]'),
  VOLUME: (line) => ({
    ...placeOf(line),
    kind: 'volume',
    words: many(line, 'a path', parseJsonForm(line.rest) ?? splitBlanks(line.rest)),
  }),
  WORKDIR: readValue('workdir', 'a path'),
};

/** Every instruction there is. */
export const keywords: readonly string[] = Object.keys(readers);

/** Reads one instruction; the keyword is upper case. Throws SyntaxProblem. */
export function readInstruction(line: Line, escapeChar: string): Instruction {
  const reader = Object.hasOwn(readers, line.keyword) ? readers[line.keyword] : undefined;
  if (reader === undefined) {
    const problem = `unknown instruction: ${line.keyword}${didYouMean(line.keyword, keywords)}`;
    throw new SyntaxProblem(problem, { expected: `one of ${keywords.join(', ')}` });
  }
  return reader(line, escapeChar);
}
