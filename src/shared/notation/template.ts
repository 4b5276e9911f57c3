// Go templates, as far as `--format` needs them: fields, pipelines, if, with, range, variables and functions.
import { invalid } from '#shared/errors.ts';
import { findFunction } from '#shared/notation/template/functions.ts';
import { parseTemplate } from '#shared/notation/template/parse.ts';
import type { Node, Operand, Pipeline } from '#shared/notation/template/tree.ts';
import { isTrue, pairsOf, textOf } from '#shared/notation/template/values.ts';

export interface TemplateOptions {
  /** A first field that the value has not is an error (else it prints `<no value>`). */
  strict?: boolean;
}

interface Frame {
  dot: unknown;
  root: unknown;
  /** Boxes, so that `$x = …` inside a block is seen outside it. */
  variables: Map<string, { value: unknown }>;
  strict: boolean;
}

/**
 * A function that shows a value as the template says. Throws `invalid` for text that is no template, at once;
 * the function throws `invalid` where a value does not suit.
 */
export function compileTemplate(text: string, options: TemplateOptions = {}): (value: unknown) => string {
  const nodes = parseTemplate(text);
  checkFunctions(nodes);
  return (value) => {
    const variables = new Map([['$', { value }]]);
    return runAll(nodes, { dot: value, root: value, variables, strict: options.strict ?? false });
  };
}

/** Names of functions are checked before the first value comes, as a list may be empty. */
function checkFunctions(nodes: Node[]): void {
  for (const node of nodes) {
    if (node.kind === 'text') continue;
    checkPipeline(node.pipeline);
    if (node.kind === 'print') continue;
    checkFunctions(node.then);
    checkFunctions(node.otherwise);
  }
}

function checkPipeline(pipeline: Pipeline): void {
  for (const operand of pipeline.commands.flat()) {
    if (operand.kind === 'function') findFunction(operand.name);
    else if (operand.kind === 'chain' && typeof operand.start === 'object' && 'pipeline' in operand.start) {
      checkPipeline(operand.start.pipeline);
    }
  }
}

function runAll(nodes: Node[], frame: Frame): string {
  return nodes.map((node) => run(node, frame)).join('');
}

function run(node: Node, frame: Frame): string {
  if (node.kind === 'text') return node.text;
  if (node.kind === 'range') return runRange(node, frame);
  const value = evaluate(node.pipeline, frame);
  if (node.kind === 'print') return node.pipeline.variables.length > 0 ? '' : textOf(value);
  const inner = { ...frame, variables: new Map(frame.variables) };
  if (!isTrue(value)) return runAll(node.otherwise, inner);
  return runAll(node.then, node.kind === 'with' ? { ...inner, dot: value } : inner);
}

function runRange(node: Extract<Node, { kind: 'range' }>, frame: Frame): string {
  const { variables } = node.pipeline;
  const pairs = pairsOf(evaluate({ ...node.pipeline, variables: [] }, frame));
  if (pairs.length === 0) return runAll(node.otherwise, frame);
  return pairs
    .map(([key, value]) => {
      const inner = { ...frame, dot: value, variables: new Map(frame.variables) };
      const [first, second] = variables;
      if (first !== undefined) inner.variables.set(first, { value: second === undefined ? value : key });
      if (second !== undefined) inner.variables.set(second, { value });
      return runAll(node.then, inner);
    })
    .join('');
}

function evaluate(pipeline: Pipeline, frame: Frame): unknown {
  let piped: unknown[] = [];
  for (const command of pipeline.commands) piped = [call(command, piped, frame)];
  const [value] = piped;
  const [variable] = pipeline.variables;
  if (variable !== undefined) keep(variable, value, { pipeline, frame });
  return value;
}

function keep(variable: string, value: unknown, where: { pipeline: Pipeline; frame: Frame }): void {
  const { pipeline, frame } = where;
  if (!pipeline.assigns) frame.variables.set(variable, { value });
  else boxOf(variable, frame).value = value;
}

function boxOf(variable: string, frame: Frame): { value: unknown } {
  const box = frame.variables.get(variable);
  if (box !== undefined) return box;
  throw invalid(`template parsing error: template: :1: undefined variable ${JSON.stringify(variable)}`);
}

function call(command: Operand[], piped: unknown[], frame: Frame): unknown {
  const [first, ...rest] = command;
  if (first === undefined) return undefined;
  const values = () => [...rest.map((operand) => operandValue(operand, frame)), ...piped];
  if (first.kind === 'function') return findFunction(first.name)(...values());
  const value = operandValue(first, frame);
  if (typeof value === 'function') return Reflect.apply(value, frame.dot, values());
  if (rest.length > 0 || piped.length > 0)
    throw invalid(`template: :1: can't give argument to non-function ${nameOf(first)}`);
  return value;
}

function nameOf(operand: Operand): string {
  return operand.kind === 'chain' ? `.${operand.fields.join('.')}` : 'value';
}

function operandValue(operand: Operand, frame: Frame): unknown {
  if (operand.kind === 'literal') return operand.value;
  if (operand.kind === 'function') return findFunction(operand.name)();
  let value = startOf(operand.start, frame);
  for (const [at, field] of operand.fields.entries()) {
    const fromRoot = frame.strict && value === frame.root;
    value = fieldOf(value, field, `.${operand.fields.slice(0, at + 1).join('.')}`, fromRoot);
  }
  return value;
}

function startOf(start: Extract<Operand, { kind: 'chain' }>['start'], frame: Frame): unknown {
  if (start === 'dot') return frame.dot;
  if ('pipeline' in start) return evaluate(start.pipeline, frame);
  return boxOf(start.variable, frame).value;
}

function fieldOf(value: unknown, field: string, path: string, strict: boolean): unknown {
  if (value === null || value === undefined) {
    throw invalid(`template: :1: executing at <${path}>: nil pointer evaluating interface {}.${field}`);
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    const type = Array.isArray(value) ? 'list' : typeof value;
    throw invalid(`template: :1: executing at <${path}>: can't evaluate field ${field} in type ${type}`);
  }
  // Views give their columns as getters of a class, so own properties are not all there is.
  const known = Object.hasOwn(value, field) || (field in value && !(field in Object.prototype));
  if (known) return Reflect.get(value, field);
  if (strict) throw missingField(value, field, path);
  return undefined;
}

function missingField(value: object, field: string, path: string): Error {
  const names = Object.keys(value);
  const near = names.find((name) => name.toLowerCase() === field.toLowerCase());
  return invalid(
    `template parsing error: template: :1: executing at <${path}>: map has no entry for key "${field}"`,
    {
      hint:
        near === undefined ? `the fields are ${names.slice(0, 30).join(', ')}` : `did you mean {{.${near}}}?`,
    },
  );
}
