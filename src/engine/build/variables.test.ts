// Scopes of ARG and ENV.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argValue, BuildArgs, globalVariables, stageScope } from './variables.ts';

const host = { os: 'linux', architecture: 'arm64', variant: 'v8' };
const empty = { lookup: () => undefined, escape: '\\' };

test('an ARG takes the build argument, else its default, else the global of its name', () => {
  const buildArgs = new BuildArgs({ a: 'given', gone: null });
  const globals = new Map<string, string | undefined>([
    ['g', 'global'],
    ['a', 'no'],
  ]);
  const given = { buildArgs, globals, scope: { ...empty, lookup: () => 'v' } };
  assert.equal(argValue({ name: 'a', value: 'default' }, given), 'given');
  assert.equal(argValue({ name: 'b', value: '"x $y"' }, given), 'x v');
  assert.equal(argValue({ name: 'g' }, given), 'global');
  assert.equal(argValue({ name: 'gone' }, given), undefined);
});

test('ENV hides ARG, the last ENV counts', () => {
  const scope = stageScope(
    ['A=env', 'A=later', 'AB=x'],
    new Map([
      ['A', 'arg'],
      ['B', 'arg'],
    ]),
    '\\',
  );
  assert.equal(scope.lookup('A'), 'later');
  assert.equal(scope.lookup('B'), 'arg');
  assert.equal(scope.lookup('C'), undefined);
});

test('unused arguments are named; proxies and the epoch are not among them', () => {
  const buildArgs = new BuildArgs({
    z: '1',
    used: '1',
    HTTP_PROXY: 'p',
    no_proxy: 'n',
    SOURCE_DATE_EPOCH: '12',
  });
  buildArgs.take('used');
  assert.deepEqual(buildArgs.unused(), ['z']);
  assert.deepEqual(buildArgs.proxies(), ['HTTP_PROXY=p', 'no_proxy=n']);
  assert.equal(buildArgs.epochSeconds(), 12);
  assert.throws(
    () => new BuildArgs({ SOURCE_DATE_EPOCH: 'now' }).epochSeconds(),
    /invalid SOURCE_DATE_EPOCH/,
  );
});

test('platform variables are there before the first FROM', () => {
  const globals = globalVariables([], {
    buildArgs: new BuildArgs(),
    host,
    target: 'linux/arm/v7',
    escape: '\\',
  });
  assert.equal(globals.get('BUILDPLATFORM'), 'linux/arm64/v8');
  assert.equal(globals.get('TARGETPLATFORM'), 'linux/arm/v7');
  assert.equal(globals.get('TARGETVARIANT'), 'v7');
});
