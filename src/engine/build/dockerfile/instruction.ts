// What a Dockerfile says, as data: instructions with their place, stages, the file.
import type { Healthcheck } from '#shared/oci/specs.ts';
import type { Directives } from './directives.ts';
import type { Flag } from './flags.ts';
import type { Heredoc } from './heredoc.ts';
import type { Pair } from './words.ts';

/** Where an instruction stands and what it looks like. */
export interface Place {
  /** Upper case: `RUN`. */
  keyword: string;
  /** The instruction as written, continuations joined. */
  text: string;
  line: number;
  endLine: number;
  flags: Flag[];
  heredocs: Heredoc[];
  /** The comment lines right before it, without their marks. */
  comments: string[];
  /** The first empty line between its continued ones. */
  blankLine?: number;
}

export type Command = { form: 'shell'; text: string } | { form: 'exec'; argv: string[] };

export interface FromInstruction extends Place {
  kind: 'from';
  image: string;
  stageName?: string;
  platform?: string;
}

export interface CopyInstruction extends Place {
  kind: 'copy' | 'add';
  sources: string[];
  destination: string;
  /** Stage name, stage index or image; variables are not expanded. */
  from?: string;
  chown?: string;
  chmod?: string;
}

export interface RunInstruction extends Place {
  kind: 'run';
  command: Command;
}

export interface ArgInstruction extends Place {
  kind: 'arg';
  args: { name: string; value?: string }[];
}

export interface OnbuildInstruction extends Place {
  kind: 'onbuild';
  /** The instruction that a child's build will run, as text. */
  trigger: string;
}

export type PlainInstruction =
  | (Place & { kind: 'cmd' | 'entrypoint'; command: Command })
  | (Place & { kind: 'label' | 'env'; pairs: Pair[]; ofRequest?: true })
  | (Place & { kind: 'expose' | 'volume'; words: string[] })
  | (Place & { kind: 'maintainer' | 'user' | 'workdir' | 'stopsignal'; value: string })
  | (Place & { kind: 'shell'; argv: string[] })
  | (Place & { kind: 'healthcheck'; healthcheck: Healthcheck; command?: Command });

export type StepInstruction =
  | RunInstruction
  | CopyInstruction
  | ArgInstruction
  | OnbuildInstruction
  | PlainInstruction;
export type Instruction = FromInstruction | StepInstruction;

export interface Stage {
  index: number;
  /** Lower case. */
  name?: string;
  from: FromInstruction;
  steps: StepInstruction[];
}

export interface Dockerfile {
  file: string;
  directives: Directives;
  /** ARG before the first FROM. */
  globalArgs: ArgInstruction[];
  /** At least one. */
  stages: Stage[];
}
