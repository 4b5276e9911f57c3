// Rules about the steps of a stage: each is looked at with the variables that it would see.
import { SyntaxProblem } from '../dockerfile/errors.ts';
import { expandWord, type Scope } from '../dockerfile/expand.ts';
import { heredocMark } from '../dockerfile/heredoc.ts';
import type {
  ArgInstruction,
  CopyInstruction,
  Dockerfile,
  Place,
  Stage,
  StepInstruction,
} from '../dockerfile/instruction.ts';
import { didYouMean } from '../dockerfile/nearest.ts';
import { parseStep } from '../dockerfile/parse.ts';
import { splitPort } from '../dockerfile/ports.ts';
import { type Pair, splitWords } from '../dockerfile/words.ts';
import { parseGitAddress } from '../tree/git.ts';
import { cleanParts } from '../tree/in-root.ts';
import { argValue, type BuildArgs, type Declared } from '../variables.ts';
import type { Report } from './report.ts';

/** What is known of a base image without building. */
export interface BaseFacts {
  env: readonly string[];
  onBuild: readonly string[];
  hasShell: boolean;
}

export interface StepScope {
  globals: Declared;
  buildArgs: BuildArgs;
  /** Undefined: the image is not here, and nothing can be said of its variables. */
  base(stage: Stage): BaseFacts | Stage | undefined;
  /** True for paths that .dockerignore leaves out; undefined where it has `!` rules or is not there. */
  ignored?: (path: string) => boolean;
}

/** What a stage has come to. */
interface State {
  /** Names to values; null: set, to what is not known. */
  variables: Map<string, string | null>;
  /** False where there may be variables that are not known. */
  isComplete: boolean;
  args: Set<string>;
  hasShell: boolean;
  hasWorkdir: boolean;
  last: Map<string, Place>;
}

const onlyOnce = ['cmd', 'entrypoint', 'healthcheck'];
const secret = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const harmless = /(?:_|^)(?:public|file|version)(?:_|$)/i;
/** A build argument, but no variable. */
const notVariables = new Set(['SOURCE_DATE_EPOCH']);

/** Looks at the steps of all these stages; those they start from are known before them. */
export function checkSteps(
  file: Dockerfile,
  stages: readonly Stage[],
  { scope, report }: { scope: StepScope; report: Report },
): void {
  const states = new Map<number, State>();
  const stateOf = (stage: Stage): State => {
    const known = states.get(stage.index);
    if (known !== undefined) return known;
    const state = startOf(scope.base(stage), stateOf);
    const tell: Report = stages.includes(stage) ? report : () => undefined;
    for (const step of stage.steps) checkStep({ file, scope, state, report: tell }, step);
    states.set(stage.index, state);
    return state;
  };
  for (const stage of stages) stateOf(stage);
}

function startOf(base: BaseFacts | Stage | undefined, stateOf: (stage: Stage) => State): State {
  const fresh = {
    args: new Set<string>(),
    last: new Map<string, Place>(),
    hasWorkdir: false,
    hasShell: false,
  };
  if (base === undefined) return { ...fresh, variables: new Map(), isComplete: false };
  if ('steps' in base) {
    const { variables, args, hasShell, hasWorkdir, isComplete } = stateOf(base);
    const inherited = { variables: new Map(variables), args: new Set(args) };
    return { ...fresh, ...inherited, hasShell, hasWorkdir, isComplete };
  }
  const entries = ['PATH=', ...base.env].map((entry): [string, string] => {
    const at = entry.indexOf('=');
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
  const state: State = { ...fresh, variables: new Map(entries), hasShell: base.hasShell, isComplete: true };
  for (const trigger of base.onBuild) {
    const step = parseStep(trigger, { file: 'ONBUILD' });
    if (step.kind === 'env' || step.kind === 'label')
      for (const { name } of step.pairs) state.variables.set(name, null);
    if (step.kind === 'arg') for (const { name } of step.args) state.variables.set(name, null);
  }
  return state;
}

interface Look {
  file: Dockerfile;
  scope: StepScope;
  state: State;
  report: Report;
}

function checkStep(look: Look, step: StepInstruction): void {
  const { state, report } = look;
  if (onlyOnce.includes(step.kind)) {
    const earlier = state.last.get(step.kind);
    const text = `Multiple ${step.keyword} instructions should not be used in the same stage because only the last one will be used`;
    if (earlier !== undefined) report('MultipleInstructionsDisallowed', earlier, text);
    state.last.set(step.kind, step);
  }
  for (const { name, value } of step.flags)
    if (step.kind !== 'healthcheck' && name !== 'from') expand(look, step, value);
  checkKind(look, step);
}

function checkKind(look: Look, step: StepInstruction): void {
  const { state, report } = look;
  switch (step.kind) {
    case 'maintainer':
      report('MaintainerDeprecated', step, 'Maintainer instruction is deprecated in favor of using label');
      return;
    case 'shell':
      state.hasShell = true;
      return;
    case 'cmd':
    case 'entrypoint': {
      const text = `JSON arguments recommended for ${step.keyword} to prevent unintended behavior related to OS signals`;
      if (step.command.form === 'shell' && step.command.text !== '' && !state.hasShell)
        report('JSONArgsRecommended', step, text);
      return;
    }
    case 'env':
    case 'label':
      checkPairs(look, step);
      return;
    case 'arg':
      checkArgs(look, step, step.args);
      return;
    case 'workdir': {
      const path = expand(look, step, step.value);
      const isRelative = path !== undefined && !path.startsWith('/');
      if (!state.hasWorkdir && isRelative) {
        const text = `Relative workdir ${JSON.stringify(path)} can have unexpected results if the base image changes`;
        report('WorkdirRelativePath', step, text);
      }
      state.hasWorkdir = true;
      return;
    }
    case 'expose':
      checkPorts(look, step, step.words);
      return;
    case 'copy':
    case 'add':
      checkCopy(look, step);
      return;
    case 'user':
    case 'stopsignal':
      expand(look, step, step.value);
      return;
    case 'volume':
      for (const word of step.words) expand(look, step, word);
      return;
    default:
      return;
  }
}

/** The value of a word, after telling of variables in it that are not set; undefined where it cannot be known. */
function expand({ state, file, report }: Look, step: Place, text: string): string | undefined {
  const unset = new Set<string>();
  let isKnown = true;
  const scope: Scope = {
    escape: file.directives.escape,
    lookup: (name) => {
      const value = state.variables.get(name);
      if (value === null) isKnown = false;
      return value === null ? 'x' : value;
    },
    onUnset: (name) => unset.add(name),
  };
  let value: string;
  try {
    value = expandWord(text, scope);
  } catch (thrown) {
    // The build itself will say so.
    if (thrown instanceof SyntaxProblem) return undefined;
    throw thrown;
  }
  if (unset.size > 0 && !state.isComplete) return undefined;
  for (const name of unset) {
    if (state.args.has(name) || notVariables.has(name)) continue;
    const near = didYouMean(name, [...state.variables.keys()], '$');
    report('UndefinedVar', step, `Usage of undefined variable '$${name}'${near}`);
  }
  return isKnown && unset.size === 0 ? value : undefined;
}

function checkSecret({ report }: Look, step: Place, name: string): void {
  if (!secret.test(name) || harmless.test(name)) return;
  const text = `Do not use ARG or ENV instructions for sensitive data (${step.keyword} ${JSON.stringify(name)})`;
  report('SecretsUsedInArgOrEnv', step, text);
}

function checkPairs(look: Look, step: Place & { kind: 'env' | 'label'; pairs: Pair[] }): void {
  const { state, file, report } = look;
  const [first = ''] = splitWords(step.text.slice(step.keyword.length), file.directives.escape);
  if (!first.includes('=')) {
    const { keyword } = step;
    const text = `"${keyword} key=value" should be used instead of legacy "${keyword} key value" format`;
    report('LegacyKeyValueFormat', step, text);
  }
  const set = step.pairs.map(({ name, value }) => {
    expand(look, step, name);
    if (step.kind === 'env') checkSecret(look, step, name);
    return [name, expand(look, step, value) ?? null] as const;
  });
  if (step.kind !== 'env') return;
  for (const [name, value] of set) {
    state.variables.set(name, value);
    state.args.delete(name);
  }
}

function checkArgs(look: Look, step: Place, args: ArgInstruction['args']): void {
  const { state, scope } = look;
  for (const arg of args) {
    checkSecret(look, step, arg.name);
    const lookup = (name: string): string | undefined => state.variables.get(name) ?? undefined;
    const fallback = arg.value === undefined ? undefined : expand(look, step, arg.value);
    const value = argValue(
      { name: arg.name, ...(fallback === undefined ? {} : { value: '' }) },
      { buildArgs: scope.buildArgs, globals: scope.globals, scope: { lookup, escape: '\\' } },
    );
    if (state.variables.has(arg.name) && !state.args.has(arg.name)) continue;
    state.args.add(arg.name);
    if (value === '' && fallback !== undefined) state.variables.set(arg.name, fallback);
    else if (value !== undefined || arg.value !== undefined) state.variables.set(arg.name, value ?? null);
  }
}

function checkPorts(look: Look, step: Place, words: readonly string[]): void {
  for (const word of words) {
    for (const port of (expand(look, step, word) ?? '').split(/\s+/).filter((each) => each !== '')) {
      const { protocol, host } = splitPort(port);
      if (protocol !== protocol.toLowerCase()) {
        const text = `Defined protocol '${port}' in EXPOSE instruction should be lowercase`;
        look.report('ExposeProtoCasing', step, text);
      }
      if (host !== '') {
        const text = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`;
        look.report('ExposeInvalidFormat', step, text);
      }
    }
  }
}

function checkCopy(look: Look, step: CopyInstruction): void {
  const { scope, report } = look;
  expand(look, step, step.destination);
  for (const written of step.sources) {
    if (heredocMark(written) !== undefined) continue;
    const source = expand(look, step, written);
    if (source === undefined || scope.ignored === undefined || step.from !== undefined) continue;
    if (/^https?:\/\//.test(source) || parseGitAddress(source) !== undefined) continue;
    const path = cleanParts(source).join('/');
    if (path === '' || !scope.ignored(path)) continue;
    const verb = step.kind === 'add' ? 'Add' : 'Copy';
    const text = `Attempting to ${verb} file ${JSON.stringify(path)} that is excluded by .dockerignore`;
    report('CopyIgnoredFile', step, text);
  }
}
