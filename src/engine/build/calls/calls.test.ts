// Outlines and targets of Dockerfiles: as BuildKit's clients know them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostPlatform } from '#shared/oci/platform.ts';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { planBuild } from '../plan.ts';
import { BuildArgs, globalVariables } from '../variables.ts';
import { type Outline, outlineOf, tellOutline } from './outline.ts';
import { listTargets, tellTargets } from './targets.ts';

function outline(text: string, given: { target?: string; args?: Record<string, string> } = {}): Outline {
  const file = parseDockerfile(text);
  const buildArgs = new BuildArgs(given.args);
  const globals = globalVariables(file.globalArgs, { buildArgs, host: hostPlatform(), escape: '\\' });
  const { target } = given;
  const plan = planBuild(file, { globals, ...(target === undefined ? {} : { target }) });
  return outlineOf({ plan, globals, file, buildArgs }, text);
}

const lines = ({ location }: { location: { ranges: { start: { line: number } }[] } }): number =>
  location.ranges[0]?.start.line ?? 0;

const many = `ARG word=box
ARG other=abc\${word}
# name is what comes last
ARG name="busy\${word}"

FROM \${name} AS first
# this one says nothing of it
ARG FOO=123
# BAR counts
ARG BAR=456
ENV E=\${BAR}
ARG DEEP=\${E}-\${FOO}
RUN --mount=type=secret,target=/etc/token,required --mount=type=ssh true

FROM alpine\${other} AS second
ARG BAZ
RUN --mount=type=secret,id=unused true

FROM scratch AS third
ARG ABC
# target is what is wanted
FROM third AS target
COPY --from=first /etc/passwd /
RUN --mount=type=secret,id=key-\${ABC:-none} --mount=type=ssh,id=other,required true
`;

test('an outline has the arguments of all that the target needs, with values and what is said of them', () => {
  const found = outline(many, { target: 'target', args: { BAR: '678' } });
  assert.equal(found.name, 'target');
  assert.equal(found.description, 'is what is wanted');
  assert.deepEqual(
    found.args?.map((arg) => [arg.name, arg.value, arg.description, lines(arg)]),
    [
      ['word', 'box', undefined, 1],
      ['name', 'busybox', 'is what comes last', 4],
      ['FOO', '123', undefined, 8],
      ['BAR', '678', 'counts', 10],
      ['DEEP', '678-123', undefined, 12],
      ['ABC', undefined, undefined, 20],
    ],
  );
  assert.deepEqual(
    found.secrets?.map((each) => [each.name, each.required, lines(each)]),
    [
      ['token', true, 13],
      ['key-none', undefined, 24],
    ],
  );
  assert.deepEqual(
    found.ssh?.map((each) => [each.name, each.required, lines(each)]),
    [
      ['default', undefined, 13],
      ['other', true, 24],
    ],
  );
  assert.equal(Buffer.from(found.sources[0] ?? '', 'base64').toString(), many);
});

test('an outline in columns', () => {
  const text = tellOutline(outline(many, { target: 'first' }));
  assert.deepEqual(text.split('\n'), [
    'TARGET: first',
    '',
    'BUILD ARG   VALUE     DESCRIPTION',
    'word        box       ',
    'name        busybox   is what comes last',
    'FOO         123       ',
    'BAR         456       counts',
    'DEEP        456-123   ',
    '',
    'SECRET   REQUIRED',
    'token    true',
    '',
    'SSH       REQUIRED',
    'default   ',
    '',
    '',
  ]);
  assert.equal(tellOutline(outline('FROM scratch\nCOPY a /\n')), '');
});

test('targets: every stage, the last one by default', () => {
  const text =
    '# base has the tools\nFROM --platform=$BUILDPLATFORM busybox AS base\nFROM base AS app\nFROM app\n';
  const list = listTargets(parseDockerfile(text), text);
  assert.deepEqual(
    list.targets.map(({ location: _, ...each }) => each),
    [
      { name: 'base', description: 'has the tools', base: 'busybox', platform: '$BUILDPLATFORM' },
      { name: 'app', base: 'base' },
      { default: true, base: 'app' },
    ],
  );
  assert.equal(tellTargets(list), 'TARGET    DESCRIPTION\nbase      has the tools\napp       \n(default) \n');
});
