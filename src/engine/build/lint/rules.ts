// The build checks: their names, where they are described, and what to do about each.

export interface Rule {
  /** What the rule wants, in one sentence with what to write instead. */
  advice: string;
  /** Off unless asked for. */
  experimental?: boolean;
}

/** Names as `# check=skip=` takes them. */
export const rules = {
  StageNameCasing: { advice: 'Write the name of the stage in lower case.' },
  FromAsCasing: { advice: 'Write FROM and AS both in upper or both in lower case.' },
  NoEmptyContinuation: { advice: 'Take the empty line out, or the continuation before it.' },
  ConsistentInstructionCasing: { advice: 'Write all instructions of the file in the same case.' },
  DuplicateStageName: { advice: 'Give each stage a name of its own: COPY --from takes the last of them.' },
  ReservedStageName: {
    advice: 'Give the stage another name: scratch and context have a meaning of their own.',
  },
  JSONArgsRecommended: {
    advice: 'Write it as ["program", "argument"]: a shell in between does not pass signals on.',
  },
  MaintainerDeprecated: { advice: 'Write LABEL org.opencontainers.image.authors="…" instead.' },
  UndefinedArgInFrom: { advice: 'Declare it with ARG before the first FROM.' },
  WorkdirRelativePath: { advice: 'Begin with an absolute WORKDIR: that of the base image may change.' },
  UndefinedVar: { advice: 'Declare it with ARG or ENV in this stage before it is used.' },
  MultipleInstructionsDisallowed: { advice: 'Take the earlier one out: only the last counts.' },
  LegacyKeyValueFormat: { advice: 'Write name=value, with quotes around a value with blanks.' },
  RedundantTargetPlatform: { advice: 'Take --platform=$TARGETPLATFORM out: it is what FROM does anyhow.' },
  SecretsUsedInArgOrEnv: {
    advice: 'Anyone who has the image can read it. Use RUN --mount=type=secret instead.',
  },
  InvalidDefaultArgInFrom: { advice: 'Give the ARG a default that makes a valid image name.' },
  FromPlatformFlagConstDisallowed: {
    advice: 'Use a variable such as $BUILDPLATFORM, or take the flag out.',
  },
  CopyIgnoredFile: { advice: 'Take it out of .dockerignore, or do not copy it.' },
  InvalidDefinitionDescription: {
    advice: 'Write `# name description`, or leave an empty line after the comment.',
    experimental: true,
  },
  ExposeProtoCasing: { advice: 'Write tcp, udp or sctp in lower case.' },
  ExposeInvalidFormat: { advice: 'Name the port of the container only; publish it with run -p.' },
} satisfies Record<string, Rule>;

export type RuleName = keyof typeof rules;

export const ruleNames = Object.keys(rules) as RuleName[];

/** Something that a rule found. */
export interface Warning {
  rule: RuleName;
  /** What was found, with the names that the file has. */
  detail: string;
  advice: string;
  /** From 1. */
  line: number;
  endLine: number;
}

/** Where a rule is described. */
export function ruleUrl(rule: RuleName): string {
  const words = rule.replace('JSON', 'Json').replace(/(?<=.)[A-Z]/g, (letter) => `-${letter}`);
  return `https://docs.docker.com/go/dockerfile/rule/${words.toLowerCase()}/`;
}
