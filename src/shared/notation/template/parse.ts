// Parses a Go template into the parts of tree.ts.
import { badTemplate, cutTemplate, type Piece, tokensOf, unquote } from '#shared/notation/template/lex.ts';
import type { Node, Operand, Pipeline } from '#shared/notation/template/tree.ts';

const deepest = 100;

/** The parts of a template. Throws `invalid`. */
export function parseTemplate(source: string): Node[] {
  const pieces = cutTemplate(source);
  const reader = new BlockReader(pieces);
  const nodes = reader.block(0);
  if (reader.stoppedAt !== undefined) throw badTemplate(`unexpected {{${reader.stoppedAt}}}`);
  return nodes;
}

/** Reads nodes until the `end` or `else` that belongs to an outer block. */
class BlockReader {
  stoppedAt: string | undefined;
  #at = 0;
  readonly #pieces: Piece[];

  constructor(pieces: Piece[]) {
    this.#pieces = pieces;
  }

  block(depth: number): Node[] {
    if (depth > deepest) throw badTemplate('too deep');
    const nodes: Node[] = [];
    for (;;) {
      const piece = this.#pieces[this.#at];
      // A block inside this one has left its own `end` here.
      this.stoppedAt = undefined;
      if (piece === undefined) return nodes;
      this.#at += 1;
      if ('text' in piece) {
        nodes.push({ kind: 'text', text: piece.text });
        continue;
      }
      const word = /^[a-z]+\b/.exec(piece.action)?.[0];
      if (word === 'end' || word === 'else') {
        this.stoppedAt = piece.action;
        return nodes;
      }
      if (word === 'if' || word === 'with' || word === 'range') {
        nodes.push(this.#branch(word, piece.action.slice(word.length), depth));
      } else nodes.push({ kind: 'print', pipeline: parsePipeline(piece.action) });
    }
  }

  #branch(kind: 'if' | 'with' | 'range', condition: string, depth: number): Node {
    const pipeline = parsePipeline(condition);
    const then = this.block(depth + 1);
    const stop = this.stoppedAt;
    if (stop === undefined) throw badTemplate('unexpected EOF: {{end}} is missing');
    if (stop === 'end') return { kind, pipeline, then, otherwise: [] };
    const again = /^else\s+(if|with)\b(.*)$/s.exec(stop);
    if (again !== null) {
      const inner = this.#branch(again[1] === 'with' ? 'with' : 'if', again[2] ?? '', depth + 1);
      return { kind, pipeline, then, otherwise: [inner] };
    }
    if (stop !== 'else') throw badTemplate(`unexpected {{${stop}}}`);
    const otherwise = this.block(depth + 1);
    if (this.stoppedAt !== 'end') throw badTemplate('unexpected EOF: {{end}} is missing');
    return { kind, pipeline, then, otherwise };
  }
}

function parsePipeline(action: string): Pipeline {
  const tokens = tokensOf(action);
  const reader = { tokens, at: 0 };
  const pipeline = readPipeline(reader, 0);
  if (reader.at < tokens.length) throw badTemplate(`unexpected ${JSON.stringify(tokens[reader.at])}`);
  return pipeline;
}

interface TokenReader {
  tokens: string[];
  at: number;
}

function skipSpace(reader: TokenReader): string | undefined {
  while (reader.tokens[reader.at] === ' ') reader.at += 1;
  return reader.tokens[reader.at];
}

function readPipeline(reader: TokenReader, depth: number): Pipeline {
  if (depth > deepest) throw badTemplate('too deep');
  const { variables, assigns } = readVariables(reader);
  const commands: Operand[][] = [];
  for (;;) {
    const operands: Operand[] = [];
    for (let token = skipSpace(reader); token !== undefined && token !== '|' && token !== ')'; ) {
      operands.push(readOperand(reader, depth));
      token = skipSpace(reader);
    }
    if (operands.length === 0) throw badTemplate('missing value for command');
    commands.push(operands);
    if (skipSpace(reader) !== '|') return { variables, assigns, commands };
    reader.at += 1;
  }
}

/** `$x :=`, `$x =` or `$key, $value :=`; none of them leaves the reader where it was. */
function readVariables(reader: TokenReader): { variables: string[]; assigns: boolean } {
  const start = reader.at;
  const variables: string[] = [];
  for (let token = skipSpace(reader); token?.startsWith('$'); token = skipSpace(reader)) {
    variables.push(token);
    reader.at += 1;
    const next = skipSpace(reader);
    reader.at += 1;
    if (next === ':=' || next === '=') return { variables, assigns: next === '=' };
    if (next !== ',') break;
  }
  reader.at = start;
  return { variables: [], assigns: false };
}

const constants = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['nil', null],
]);

function readOperand(reader: TokenReader, depth: number): Operand {
  const token = reader.tokens[reader.at] ?? '';
  reader.at += 1;
  if (token === '(') {
    const pipeline = readPipeline(reader, depth + 1);
    if (skipSpace(reader) !== ')') throw badTemplate('unclosed left paren');
    reader.at += 1;
    return { kind: 'chain', start: { pipeline }, fields: readFields(reader) };
  }
  if (token.startsWith('.')) {
    const fields = token === '.' ? [] : [token.slice(1)];
    return { kind: 'chain', start: 'dot', fields: [...fields, ...readFields(reader)] };
  }
  if (token.startsWith('$')) return { kind: 'chain', start: { variable: token }, fields: readFields(reader) };
  if (/^["`]/.test(token)) return { kind: 'literal', value: unquote(token) };
  if (token.startsWith("'")) return { kind: 'literal', value: unquote(token).codePointAt(0) };
  if (/^-?\d/.test(token)) return { kind: 'literal', value: Number(token) };
  if (constants.has(token)) return { kind: 'literal', value: constants.get(token) };
  if (/^[A-Za-z_]/.test(token)) return { kind: 'function', name: token };
  throw badTemplate(`unexpected ${JSON.stringify(token)} in operand`);
}

function readFields(reader: TokenReader): string[] {
  const fields: string[] = [];
  for (let token = reader.tokens[reader.at]; token?.startsWith('.'); token = reader.tokens[reader.at]) {
    if (token === '.') throw badTemplate("unexpected '.'");
    fields.push(token.slice(1));
    reader.at += 1;
  }
  return fields;
}
