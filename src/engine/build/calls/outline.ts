// `--call=outline`: what a target can be given: arguments, secrets, agents. Nothing is built for it. Pure.
import { posix } from 'node:path';
import { SyntaxProblem } from '../dockerfile/errors.ts';
import { expandWord } from '../dockerfile/expand.ts';
import type { Dockerfile, Place, Stage, StepInstruction } from '../dockerfile/instruction.ts';
import { parseMountFlag } from '../dockerfile/mount-flag.ts';
import type { PlannedRequest } from '../plan-request.ts';
import { argValue, type BuildArgs, type Declared, stageScope } from '../variables.ts';
import { columns, describedIn, type Location, locationOf } from './tell.ts';

interface Argument {
  name: string;
  description?: string;
  value?: string;
  location: Location;
}

interface Need {
  name: string;
  required?: true;
  location: Location;
}

/** As BuildKit's `frontend.outline` answers. */
export interface Outline {
  name?: string;
  description?: string;
  args?: Argument[];
  secrets?: Need[];
  ssh?: Need[];
  /** The Dockerfile, in base64. */
  sources: string[];
}

interface Looked extends Pick<PlannedRequest, 'plan' | 'globals'> {
  file: Dockerfile;
  buildArgs: BuildArgs;
}

interface Found {
  args: Map<string, Argument>;
  secrets: Map<string, Need>;
  ssh: Map<string, Need>;
}

/** Of the target and of the stages that it needs. Throws SyntaxProblem. */
export function outlineOf(looked: Looked, text: string): Outline {
  const { plan, file } = looked;
  const found: Found = { args: new Map(), secrets: new Map(), ssh: new Map() };
  const known = new Map<number, Variables>();
  // Bases come before what stands on them.
  for (const { stage, base } of plan.vertices) {
    const inherited = base.kind === 'stage' ? known.get(base.index) : undefined;
    known.set(stage.index, lookInto(looked, { stage, inherited }, found));
  }
  const target = file.stages[plan.target];
  const description = target === undefined ? undefined : describedIn(target.from, target.name);
  return {
    ...(target?.name === undefined ? {} : { name: target.name }),
    ...(description === undefined ? {} : { description }),
    ...listed('args', found.args),
    ...listed('secrets', found.secrets),
    ...listed('ssh', found.ssh),
    sources: [Buffer.from(text).toString('base64')],
  };
}

function listed<K extends string, T extends { location: Location }>(
  key: K,
  map: ReadonlyMap<string, T>,
): { [each in K]?: T[] } {
  const lineOf = ({ location }: T): number => location.ranges[0]?.start.line ?? 0;
  const all = [...map.values()].sort((a, b) => lineOf(a) - lineOf(b));
  return (all.length === 0 ? {} : { [key]: all }) as { [each in K]?: T[] };
}

interface Variables {
  env: string[];
  args: Declared;
}

/** What the stage sets for those on it. */
function lookInto(
  looked: Looked,
  { stage, inherited }: { stage: Stage; inherited: Variables | undefined },
  found: Found,
): Variables {
  const env = [...(inherited?.env ?? [])];
  const args: Declared = new Map(inherited?.args);
  const { from } = stage;
  for (const text of [from.image, from.platform ?? '']) useGlobals(looked, text, found);
  for (const step of stage.steps) {
    const scope = stageScope(env, args, looked.file.directives.escape);
    if (step.kind === 'env') {
      for (const { name, value } of step.pairs) env.push(`${name}=${expandWord(value, scope)}`);
    } else if (step.kind === 'arg') declare(looked, step, { args, env, found });
    else if (step.kind === 'run') noteMounts(step, (value) => expandWord(value, scope), found);
  }
  return { env, args };
}

/** Global arguments that a word takes, and those that their defaults take. */
function useGlobals({ file, globals }: Looked, word: string, { args }: Found): void {
  const use = (text: string): void => {
    const lookup = (name: string): string | undefined => {
      const definition = file.globalArgs.findLast((each) => each.args.some((arg) => arg.name === name));
      const arg = definition?.args.find((each) => each.name === name);
      if (definition !== undefined && arg !== undefined && !args.has(name)) {
        args.set(name, argumentOf(definition, name, globals.get(name)));
        if (arg.value !== undefined) use(arg.value);
      }
      return globals.get(name);
    };
    expandWord(text, { lookup, escape: file.directives.escape });
  };
  use(word);
}

function argumentOf(place: Place, name: string, value: string | undefined): Argument {
  const description = describedIn(place, name);
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(value === undefined || value === '' ? {} : { value }),
    location: locationOf(place),
  };
}

function declare(
  looked: Looked,
  step: Extract<StepInstruction, { kind: 'arg' }>,
  { args, env, found }: { args: Declared; env: readonly string[]; found: Found },
): void {
  const { buildArgs, globals, file } = looked;
  for (const arg of step.args) {
    const scope = stageScope(env, args, file.directives.escape);
    const value = argValue(arg, { buildArgs, globals, scope });
    args.set(arg.name, value);
    const isGlobal =
      arg.value === undefined && buildArgs.take(arg.name) === undefined && globals.has(arg.name);
    if (isGlobal) useGlobals(looked, `\${${arg.name}}`, found);
    else if (!found.args.has(arg.name)) found.args.set(arg.name, argumentOf(step, arg.name, value));
  }
}

function noteMounts(
  step: Extract<StepInstruction, { kind: 'run' }>,
  expand: (value: string) => string,
  { secrets, ssh }: Found,
): void {
  for (const { name: flag, value } of step.flags) {
    if (flag !== 'mount') continue;
    const { type, id, source, target, required } = parseMountFlag(value, expand);
    if (type !== 'secret' && type !== 'ssh') continue;
    const name = type === 'ssh' ? (id ?? 'default') : (id ?? source ?? posix.basename(target ?? ''));
    if (name === '') throw new SyntaxProblem('one of source, target required', { expected: 'id=ID' });
    const into = type === 'ssh' ? ssh : secrets;
    if (into.has(name)) continue;
    into.set(name, { name, ...(required ? { required } : {}), location: locationOf(step) });
  }
}

export function tellOutline(outline: Outline): string {
  const { name, description, args = [], secrets = [], ssh = [] } = outline;
  const head = [
    ['TARGET:', name ?? '(default)'],
    ...(description === undefined ? [] : [['DESCRIPTION:', description]]),
  ];
  const needs = (title: string, all: readonly Need[]): string[][] => [
    [title, 'REQUIRED'],
    ...all.map((need) => [need.name, need.required === true ? 'true' : '']),
  ];
  const tables = [
    ...(name === undefined && description === undefined ? [] : [columns(head, 1)]),
    ...(args.length === 0
      ? []
      : [
          columns(
            [
              ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
              ...args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? '']),
            ],
            3,
          ),
        ]),
    ...(secrets.length === 0 ? [] : [columns(needs('SECRET', secrets), 3)]),
    ...(ssh.length === 0 ? [] : [columns(needs('SSH', ssh), 3)]),
  ];
  return tables.map((table) => `${table}\n`).join('');
}
