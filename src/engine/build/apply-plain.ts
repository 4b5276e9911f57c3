// Instructions that only change the image's config: what each does, and its line of history. Pure.
import { formatDuration } from '#shared/notation/duration.ts';
import { mergeEnv } from '#shared/notation/env.ts';
import { cleanPath } from '#shared/notation/mount.ts';
import { parseSignal } from '#shared/notation/signal.ts';
import type { Healthcheck } from '#shared/oci/specs.ts';
import { SyntaxProblem } from './dockerfile/errors.ts';
import { expandWord, expandWords, type Scope } from './dockerfile/expand.ts';
import type { Command, OnbuildInstruction, PlainInstruction } from './dockerfile/instruction.ts';
import { expandPorts } from './dockerfile/ports.ts';
import type { ImageState } from './image-state.ts';

/** The shell of shell-form commands. */
export function shellOf(state: ImageState): string[] {
  return state.config.Shell ?? ['/bin/sh', '-c'];
}

function argvOf(state: ImageState, command: Command): string[] {
  return command.form === 'exec'
    ? command.argv
    : command.text === ''
      ? []
      : [...shellOf(state), command.text];
}

/** As Go prints a list of quoted strings. */
function quoted(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(' ')}]`;
}

/** The absolute directory that WORKDIR means. */
export function workdirOf(state: ImageState, text: string): string {
  return cleanPath(text.startsWith('/') ? text : `${state.config.WorkingDir || '/'}/${text}`);
}

type Of<K extends PlainInstruction['kind']> = PlainInstruction & { kind: K };
type Apply<K extends PlainInstruction['kind']> = (state: ImageState, step: Of<K>, scope: Scope) => string;

const appliers: { [K in PlainInstruction['kind']]: Apply<K> } = {
  cmd: (state, step) => {
    const { command } = step;
    state.config.Cmd = command.form === 'exec' ? command.argv : [...shellOf(state), command.text];
    state.config.ArgsEscaped = true;
    state.ownCmd = true;
    return `CMD ${quoted(state.config.Cmd)}`;
  },
  entrypoint: (state, step) => {
    state.config.Entrypoint = argvOf(state, step.command);
    if (!state.ownCmd) state.config.Cmd = null;
    return `ENTRYPOINT ${quoted(state.config.Entrypoint)}`;
  },
  env: (state, step, scope) => {
    // All values are expanded with the variables as they were before the instruction.
    const entries = step.pairs.map(
      ({ name, value }) => `${expandWord(name, scope)}=${expandWord(value, scope)}`,
    );
    state.config.Env = mergeEnv(state.config.Env ?? [], entries);
    return `ENV ${entries.join(' ')}`;
  },
  label: (state, step, scope) => {
    const pairs = step.pairs.map(
      ({ name, value }) => [expandWord(name, scope), expandWord(value, scope)] as const,
    );
    state.config.Labels = { ...state.config.Labels, ...Object.fromEntries(pairs) };
    return `LABEL ${pairs.map((pair) => pair.join('=')).join(' ')}`;
  },
  expose: (state, step, scope) => {
    const ports = step.words.flatMap((word) => expandWords(word, scope)).flatMap(expandPorts);
    state.config.ExposedPorts = {
      ...state.config.ExposedPorts,
      ...Object.fromEntries(ports.map((port) => [port, {}])),
    };
    return `EXPOSE [${ports.join(' ')}]`;
  },
  volume: (state, step, scope) => {
    const paths = step.words.map((word) => expandWord(word, scope).trim());
    if (paths.includes(''))
      throw new SyntaxProblem('VOLUME specified can not be an empty string', { expected: 'a path' });
    state.config.Volumes = {
      ...state.config.Volumes,
      ...Object.fromEntries(paths.map((path) => [path, {}])),
    };
    return `VOLUME [${paths.join(' ')}]`;
  },
  maintainer: (state, step) => {
    state.author = step.value;
    return `MAINTAINER ${step.value}`;
  },
  user: (state, step, scope) => {
    state.config.User = expandWord(step.value, scope);
    return `USER ${state.config.User}`;
  },
  workdir: (state, step, scope) => {
    state.config.WorkingDir = workdirOf(state, expandWord(step.value, scope));
    return `WORKDIR ${state.config.WorkingDir}`;
  },
  stopsignal: (state, step, scope) => {
    const name = expandWord(step.value, scope);
    parseSignal(name);
    state.config.StopSignal = name;
    return `STOPSIGNAL ${name}`;
  },
  shell: (state, step) => {
    state.config.Shell = step.argv;
    return `SHELL [${step.argv.join(' ')}]`;
  },
  healthcheck: (state, step) => {
    state.config.Healthcheck = { ...step.healthcheck };
    return `HEALTHCHECK ${healthcheckText(step.healthcheck)}`;
  },
};

/** As Go prints the fields of the structure. */
function healthcheckText({ Test = [], Retries = 0, ...times }: Healthcheck): string {
  const { Interval = 0, Timeout = 0, StartPeriod = 0, StartInterval = 0 } = times;
  const spans = { Interval, Timeout, StartPeriod, StartInterval };
  const shown = Object.entries(spans).map(([name, span]) => `${name}:${formatDuration(span)}`);
  return `{Test:[${Test.join(' ')}] ${shown.join(' ')} Retries:${Retries}}`;
}

/** Applies the instruction to the state and returns its line of history. Throws SyntaxProblem or `invalid`. */
export function applyPlain(state: ImageState, step: PlainInstruction, scope: Scope): string {
  const apply = appliers[step.kind] as Apply<typeof step.kind>;
  return apply(state, step as never, scope);
}

/** Keeps a trigger for the builds that start from this image. */
export function applyOnbuild(state: ImageState, step: OnbuildInstruction): string {
  state.config.OnBuild = [...(state.config.OnBuild ?? []), step.trigger];
  return `ONBUILD ${step.trigger}`;
}
