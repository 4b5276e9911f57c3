// Environment lists.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeEnv, parseEnvFile } from './env.ts';

test('the later entry wins and keeps the place', () => {
  assert.deepEqual(mergeEnv(['A=1', 'B=2'], ['A=3', 'C=4']), ['A=3', 'B=2', 'C=4']);
  assert.deepEqual(mergeEnv(['A=1', 'B=2'], ['A']), ['B=2']);
  assert.deepEqual(mergeEnv(['A=1=2'], []), ['A=1=2']);
});

test('env files', () => {
  const lookup = (name: string) => (name === 'HOME' ? '/root' : undefined);
  const text = '\uFEFF# comment\r\nA=1 # kept\n\n  B=" two "\nHOME\nNOPE\nE=\n';
  assert.deepEqual(parseEnvFile(text, lookup), ['A=1 # kept', 'B=" two "', 'HOME=/root', 'E=']);
  assert.throws(() => parseEnvFile('A B=1'), /line 1: variable 'A B' contains whitespaces/);
  assert.throws(() => parseEnvFile('x=1\n=1'), /line 2: no variable name/);
});
