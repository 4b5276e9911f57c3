// Which stages a build needs, and where each begins.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#shared/errors.ts';
import { parseDockerfile } from './dockerfile/parse.ts';
import { type Plan, planBuild } from './plan.ts';
import { BuildArgs, globalVariables } from './variables.ts';

const host = { os: 'linux', architecture: 'amd64' };

function plan(text: string, target?: string, given: Record<string, string> = {}): Plan {
  const file = parseDockerfile(text);
  const globals = globalVariables(file.globalArgs, { buildArgs: new BuildArgs(given), host, escape: '\\' });
  return planBuild(file, { globals, ...(target === undefined ? {} : { target }) });
}

test('stages that the target does not need are left out', () => {
  const { vertices, target } = plan('FROM a AS one\nFROM b AS two\nFROM c AS three\nCOPY --from=one x y\n');
  assert.equal(target, 2);
  assert.deepEqual(
    vertices.map((vertex) => [vertex.stage.name, vertex.needs]),
    [
      ['one', []],
      ['three', [0]],
    ],
  );
});

test('bases: scratch, an earlier stage in any case, an image with expanded ARGs', () => {
  const text =
    'ARG V=1\nARG IMAGE=base:$V\nFROM --platform=$BUILDPLATFORM $IMAGE AS One\nFROM ONE\nFROM scratch\nCOPY --from=1 a b\n';
  const { vertices } = plan(text, undefined, { V: '2' });
  assert.deepEqual(
    vertices.map((vertex) => vertex.base),
    [{ kind: 'image', reference: 'base:2' }, { kind: 'stage', index: 0 }, { kind: 'scratch' }],
  );
  assert.equal(vertices[0]?.platform, 'linux/amd64');
});

test('a stage name is an image where the stage comes later', () => {
  assert.deepEqual(plan('FROM late\nFROM b AS late\nCOPY --from=0 a b').vertices[0]?.base, {
    kind: 'image',
    reference: 'late',
  });
});

test('the target by name, by number, and unknown', () => {
  const text = 'FROM a AS build\nFROM b';
  assert.equal(plan(text, 'BUILD').target, 0);
  assert.equal(plan(text, '1').target, 1);
  assert.throws(
    () => plan(text, 'biuld'),
    (thrown) => isKind(thrown, 'invalid') && /build target biuld/.test(String(thrown)),
  );
});

test('a blank base name is refused', () => {
  assert.throws(() => plan('ARG X\nFROM $X'), /base name \(\$X\) should not be blank/);
});

test('property: every stage a vertex needs is in the plan and comes before it', () => {
  const links = fc.array(fc.nat(8), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(links, (numbers) => {
      const text = numbers
        .map((n, i) => (i === 0 ? 'FROM scratch' : `FROM scratch\nCOPY --from=${n % i} a b`))
        .join('\n');
      const { vertices, target } = plan(text);
      const known = vertices.map((vertex) => vertex.stage.index);
      assert.ok(known.includes(target));
      for (const vertex of vertices)
        for (const need of vertex.needs) assert.ok(need < vertex.stage.index && known.includes(need));
    }),
    { numRuns: 100 },
  );
});
