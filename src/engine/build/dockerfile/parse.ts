// A Dockerfile's text → stages of instructions. Pure: nothing is expanded, nothing is looked up.
import { readInstruction } from './arguments.ts';
import { parseDirectives } from './directives.ts';
import { DockerfileError, SyntaxProblem } from './errors.ts';
import { checkFlags, splitFlags } from './flags.ts';
import type {
  ArgInstruction,
  Dockerfile,
  FromInstruction,
  Instruction,
  Stage,
  StepInstruction,
} from './instruction.ts';
import { type LogicalLine, logicalLines, physicalLines } from './lines.ts';

/** What reading one line needs. */
interface Source {
  file: string;
  escape: string;
}

function readLine(line: LogicalLine, source: Source): Instruction {
  const keyword = /^\S+/.exec(line.text)?.[0] ?? '';
  const after = line.text.slice(keyword.length);
  const { flags, rest } = splitFlags(after, { escapeChar: source.escape, start: keyword.length });
  const { text, line: first, endLine, heredocs } = line;
  const { comments, blankLine } = line;
  const notes = { comments, ...(blankLine === undefined ? {} : { blankLine }) };
  const place = {
    keyword: keyword.toUpperCase(),
    text,
    line: first,
    endLine,
    flags,
    heredocs,
    rest,
    ...notes,
  };
  let start = 0;
  try {
    const instruction = readInstruction(place, source.escape);
    start = keyword.length + after.length - after.trimStart().length;
    checkFlags(place.keyword, flags);
    return instruction;
  } catch (thrown) {
    if (!(thrown instanceof SyntaxProblem)) throw thrown;
    const offset = thrown.at ?? (thrown.offset > 0 ? text.length - rest.length + thrown.offset : start);
    const expected = thrown.expected === undefined ? {} : { expected: thrown.expected };
    throw new DockerfileError(source.file, line.positionAt(offset), { text: thrown.message, ...expected });
  }
}

function asStep(instruction: Instruction, source: Source): StepInstruction {
  if (instruction.kind !== 'from') return instruction;
  throw new DockerfileError(
    source.file,
    { line: instruction.line, column: 1 },
    { text: 'FROM is not allowed here' },
  );
}

function groupStages(
  instructions: readonly Instruction[],
  source: Source,
): { globalArgs: ArgInstruction[]; stages: Stage[] } {
  const globalArgs: ArgInstruction[] = [];
  const stages: Stage[] = [];
  for (const instruction of instructions) {
    const stage = stages.at(-1);
    if (instruction.kind === 'from') stages.push(stageOf(instruction, stages.length));
    else if (stage !== undefined) stage.steps.push(instruction);
    else if (instruction.kind === 'arg') globalArgs.push(instruction);
    else {
      const problem = {
        text: 'no build stage in current context',
        expected: 'FROM image before any other instruction but ARG',
      };
      throw new DockerfileError(source.file, { line: instruction.line, column: 1 }, problem);
    }
  }
  return { globalArgs, stages };
}

function stageOf(from: FromInstruction, index: number): Stage {
  return { index, ...(from.stageName === undefined ? {} : { name: from.stageName }), from, steps: [] };
}

/** Parses a whole Dockerfile. Throws DockerfileError (kind `invalid`) with file, line and column. */
export function parseDockerfile(text: string, file = 'Dockerfile'): Dockerfile {
  const physical = physicalLines(text);
  const directives = parseDirectives(physical, file);
  const source = { file, escape: directives.escape, directives: directives.count };
  const instructions = logicalLines(physical, source).map((line) => readLine(line, source));
  if (instructions.length === 0) {
    throw new DockerfileError(
      file,
      { line: 1, column: 1 },
      { text: 'file with no instructions', expected: 'FROM image' },
    );
  }
  const { globalArgs, stages } = groupStages(instructions, source);
  if (stages.length === 0) {
    const line = physical.length;
    throw new DockerfileError(
      file,
      { line, column: 1 },
      { text: 'no build stage in current context', expected: 'FROM image' },
    );
  }
  return { file, directives, globalArgs, stages };
}

/** Parses one instruction that does not come from the file: a trigger of a base image, or a label of the request. */
export function parseStep(text: string, source: { file: string; escape?: string }): StepInstruction {
  const whole = { file: source.file, escape: source.escape ?? '\\' };
  const [line] = logicalLines(physicalLines(text), whole);
  if (line === undefined)
    throw new DockerfileError(source.file, { line: 1, column: 1 }, { text: 'empty instruction' });
  return asStep(readLine(line, whole), whole);
}
