// The build checks: each rule finds what it is for, says where, and leaves what is right alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostPlatform } from '#shared/oci/platform.ts';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { BuildArgs, globalVariables } from '../variables.ts';
import { parseCheckOptions, unknownRules } from './check-options.ts';
import { lintDockerfile } from './lint.ts';
import { ruleNames, ruleUrl, type Warning } from './rules.ts';
import { reportOf, summaryOf } from './show.ts';

const images: Record<string, { env: string[]; onBuild: string[]; hasShell: boolean }> = {
  scratch: { env: [], onBuild: [], hasShell: false },
  base: { env: ['FROM_BASE=1'], onBuild: ['ARG TRIGGERED=1'], hasShell: false },
  shelled: { env: [], onBuild: [], hasShell: true },
};

function lint(
  text: string,
  more: { buildArgs?: Record<string, string>; ignored?: string[] } = {},
): Warning[] {
  const file = parseDockerfile(text);
  const buildArgs = new BuildArgs(more.buildArgs);
  const escapeChar = file.directives.escape;
  const globals = globalVariables(file.globalArgs, { buildArgs, host: hostPlatform(), escape: escapeChar });
  return lintDockerfile({
    file,
    options: parseCheckOptions(file.directives.check),
    stages: file.stages,
    globals,
    ...(more.buildArgs === undefined ? {} : { buildArgs: more.buildArgs }),
    ...(more.ignored === undefined
      ? {}
      : { ignored: (path: string) => more.ignored?.includes(path) === true }),
    base: (stage) =>
      file.stages.find((each) => each.index < stage.index && each.name === stage.from.image) ??
      images[stage.from.image],
  });
}

const said = (text: string, more?: Parameters<typeof lint>[1]): string[] =>
  lint(text, more).map(({ rule, line, detail }) => `${line} ${rule}: ${detail}`);

const cases: [string, string[], Parameters<typeof lint>[1]?][] = [
  ['FROM base AS BuildMe\n', ["1 StageNameCasing: Stage name 'BuildMe' should be lowercase"]],
  ['FROM base as one\n', ["1 FromAsCasing: 'as' and 'FROM' keywords' casing do not match"]],
  ['from base AS one\nrun x\n', ["1 FromAsCasing: 'AS' and 'from' keywords' casing do not match"]],
  ['from base as one\nrun x\n', []],
  ['FROM base\nRUN a \\\n\n  b\n', ['3 NoEmptyContinuation: Empty continuation line']],
  ['FROM base\nRUN a \\\n  # told\n  b\n\n', []],
  [
    'FROM base\nRun a\nrun b\n',
    [
      "2 ConsistentInstructionCasing: Command 'Run' should match the case of the command majority (uppercase)",
      "3 ConsistentInstructionCasing: Command 'run' should match the case of the command majority (uppercase)",
    ],
  ],
  [
    'from base\nrun a\nCOPY b c\n',
    [
      "3 ConsistentInstructionCasing: Command 'COPY' should match the case of the command majority (lowercase)",
    ],
  ],
  [
    'FROM base AS x\nFROM base AS x\n',
    ['2 DuplicateStageName: Duplicate stage name "x", stage names should be unique'],
  ],
  [
    'FROM base AS scratch\n',
    ['1 ReservedStageName: Stage name should not use the same name as reserved stage "scratch"'],
  ],
  [
    'FROM base\nCMD echo hi\n',
    [
      '2 JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals',
    ],
  ],
  ['FROM base\nSHELL ["/bin/bash", "-c"]\nENTRYPOINT echo hi\n', []],
  ['FROM shelled\nENTRYPOINT echo hi\n', []],
  ['FROM base\nCMD ["a"]\nENTRYPOINT []\n', []],
  [
    'FROM base\nMAINTAINER me\n',
    ['2 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label'],
  ],
  [
    'ARG VERSION=1\nFROM base:$VERSIN\n',
    [
      '2 InvalidDefaultArgInFrom: Default value for ARG base:$VERSIN results in empty or invalid base image name',
      "2 UndefinedArgInFrom: FROM argument 'VERSIN' is not declared (did you mean VERSION?)",
    ],
  ],
  ['ARG V=1\nFROM --platform=$BUILDPLATFORM base:$V\n', []],
  ['ARG V\nFROM base:${V:-1}\n', []],
  [
    'ARG V\nFROM base:$V\n',
    ['2 InvalidDefaultArgInFrom: Default value for ARG base:$V results in empty or invalid base image name'],
    { buildArgs: { V: '2' } },
  ],
  [
    'FROM base\nWORKDIR app\nWORKDIR more\n',
    ['2 WorkdirRelativePath: Relative workdir "app" can have unexpected results if the base image changes'],
  ],
  ['FROM base AS a\nWORKDIR /app\nWORKDIR more\nFROM a\nWORKDIR deep\n', []],
  ['FROM base\nARG D=/x\nWORKDIR $D\n', []],
  [
    'FROM base\nENV VERSION=1\nCOPY $VERSIN /x/$NOPE\n',
    [
      "3 UndefinedVar: Usage of undefined variable '$NOPE'",
      "3 UndefinedVar: Usage of undefined variable '$VERSIN' (did you mean $VERSION?)",
    ],
  ],
  ['FROM base\nENV A=$FROM_BASE$PATH$TRIGGERED B=${NOPE:-x} C=${NOPE:+x}\nRUN echo $NOPE\n', []],
  ['FROM base\nARG X\nENV A=$X\n', []],
  ['FROM elsewhere\nENV A=$ANYTHING\n', []],
  ['FROM elsewhere\nFROM 0\nENV A=$ANYTHING\n', []],
  [
    'ARG G=1\nFROM base AS a\nARG L=1\nFROM a\nENV A=$G$L\n',
    ["5 UndefinedVar: Usage of undefined variable '$G' (did you mean $L?)"],
  ],
  [
    'FROM base\nRUN --mount=type=cache,target=/c/$NOPE x\n',
    ["2 UndefinedVar: Usage of undefined variable '$NOPE'"],
  ],
  [
    'FROM base\nCMD ["a"]\nHEALTHCHECK NONE\nCMD ["b"]\nHEALTHCHECK CMD x\n',
    [
      '2 MultipleInstructionsDisallowed: Multiple CMD instructions should not be used in the same stage because only the last one will be used',
      '3 MultipleInstructionsDisallowed: Multiple HEALTHCHECK instructions should not be used in the same stage because only the last one will be used',
    ],
  ],
  ['FROM base AS a\nCMD ["a"]\nFROM a\nCMD ["b"]\n', []],
  [
    'FROM base\nENV NAME the value\nLABEL key value\n',
    [
      '2 LegacyKeyValueFormat: "ENV key=value" should be used instead of legacy "ENV key value" format',
      '3 LegacyKeyValueFormat: "LABEL key=value" should be used instead of legacy "LABEL key value" format',
    ],
  ],
  [
    'FROM --platform=$TARGETPLATFORM base\n',
    [
      '1 RedundantTargetPlatform: Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
    ],
  ],
  [
    'FROM --platform=linux/amd64 base\n',
    ['1 FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value "linux/amd64"'],
  ],
  ['FROM --platform=linux/amd64 base AS build_amd64\n', []],
  [
    'FROM base\nARG API_KEY\nENV GITHUB_TOKEN=x PUBLIC_KEY=y KEYBOARD=z\n',
    [
      '2 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG "API_KEY")',
      '3 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV "GITHUB_TOKEN")',
    ],
  ],
  [
    'FROM base AS a\nCOPY left.txt right.txt /x/\nADD https://h/left.txt /y\nCOPY --from=a left.txt /\nADD ./left.txt /y\n',
    [
      '2 CopyIgnoredFile: Attempting to Copy file "left.txt" that is excluded by .dockerignore',
      '5 CopyIgnoredFile: Attempting to Add file "left.txt" that is excluded by .dockerignore',
    ],
    { ignored: ['left.txt'] },
  ],
  [
    'FROM base\nEXPOSE 53/UDP 80/tcp 127.0.0.1:8080:80 90:91\n',
    [
      "2 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:8080:80'",
      "2 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '90:91'",
      "2 ExposeProtoCasing: Defined protocol '53/UDP' in EXPOSE instruction should be lowercase",
    ],
  ],
  ['# what it is\nFROM base AS one\n', []],
  [
    '# check=experimental=all\n# what it is\nFROM base AS one\n# A good one\nARG A\n# other\n\nARG B\n# other\nARG C D\n',
    [
      '3 InvalidDefinitionDescription: Comment for FROM should follow the format: `# one <description>`',
      '10 InvalidDefinitionDescription: Comment for ARG should follow the format: `# <arg_key> <description>`',
    ],
  ],
  ['# check=skip=MaintainerDeprecated,StageNameCasing\nFROM base AS One\nMAINTAINER me\n', []],
  ['# check=skip=all\nFROM base AS One\nMAINTAINER me\n', []],
  ['FROM base\n# check=skip=MaintainerDeprecated\nMAINTAINER me\n', []],
  ['FROM scratch\nCOPY a /b\n', []],
];
for (const [text, expected, more] of cases)
  test(JSON.stringify(text), () => assert.deepEqual(said(text, more).sort(), [...expected].sort()));

test('every rule has a case', () => {
  const met = new Set(cases.flatMap(([text, , more]) => lint(text, more).map(({ rule }) => rule)));
  assert.deepEqual(
    ruleNames.filter((rule) => !met.has(rule)),
    [],
  );
});

test('options: what is wrong in them is said, and a rule that is none', () => {
  assert.deepEqual(parseCheckOptions('skip=A, B ; error=true').error, true);
  assert.throws(() => parseCheckOptions('skp=A'), /invalid check option "skp" \(did you mean skip\?\)/);
  assert.throws(() => parseCheckOptions('error=perhaps'), /"perhaps" of check option error/);
  assert.deepEqual(unknownRules(parseCheckOptions('skip=StageNameCase')), [
    'StageNameCase (did you mean StageNameCasing?)',
  ]);
});

test('as text: in short, and with the lines of the file', () => {
  const text = 'FROM base\nRUN x\nCMD \\\n echo hi\n';
  const found = lint(text);
  assert.match(summaryOf(found), /^ 1 warning found .*\n - JSONArgsRecommended: .* \(line 3\)\n$/);
  assert.equal(summaryOf([]), '');
  assert.match(
    reportOf('Dockerfile', text, found),
    /1 warning has been found!\n\nWARNING: JSONArgsRecommended - https:.*json-args-recommended\/\n.*\n.*\nDockerfile:3\n-+\n {3}1 \| {5}FROM base\n {3}2 \| {5}RUN x\n {3}3 \| >>> CMD \\\n {3}4 \| >>> {2}echo hi\n-+\n$/,
  );
  assert.equal(reportOf('Dockerfile', text, []), 'Check complete, no warnings found.\n');
  assert.equal(ruleUrl('JSONArgsRecommended').split('/').at(-2), 'json-args-recommended');
});
