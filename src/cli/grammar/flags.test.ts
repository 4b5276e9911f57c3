// Docker's rules for command lines.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineError } from '#shared/errors.ts';
import { HelpWanted, many, parseLine, text, toggle } from './flags.ts';
import { nearest } from './nearest.ts';

const table = {
  interactive: toggle('', 'i'),
  tty: toggle('', 't'),
  'sig-proxy': toggle('', undefined, { on: true }),
  publish: many('', 'PORT', { short: 'p' }),
  name: text('', 'NAME'),
  network: many('', 'NAME', { also: ['net'] }),
};
const parse = (line: string, stopAtArgument = false) =>
  parseLine(table, line.split(' ').filter(Boolean), { stopAtArgument, name: 'wharf x' });

test('short flags are joined, values too', () => {
  const { flags, rest } = parse('-it -p80:80 -p 81:81 -p=82:82 image');
  assert.deepEqual(
    [flags.interactive, flags.tty, flags.publish, rest],
    [true, true, ['80:80', '81:81', '82:82'], ['image']],
  );
  assert.deepEqual(parse('-itp 80').flags.publish, ['80']);
});

test('long flags, with and without an equals sign', () => {
  const { flags, given } = parse('--name=a=b --name c --tty=false --sig-proxy=false --net x --network y');
  assert.deepEqual(
    [flags.name, flags.tty, flags['sig-proxy'], flags.network],
    ['c', false, false, ['x', 'y']],
  );
  assert.ok(given.has('tty') && !given.has('interactive'));
  assert.equal(parse('').flags['sig-proxy'], true);
});

test('what follows the image belongs to the command', () => {
  assert.deepEqual(parse('-t image ls -l --name x', true).rest, ['image', 'ls', '-l', '--name', 'x']);
  assert.deepEqual(parse('a -t b').rest, ['a', 'b']);
  assert.deepEqual(parse('a -- -t b').rest, ['a', '-t', 'b']);
  assert.deepEqual(parse('-').rest, ['-']);
});

test('mistakes name the nearest right flag', () => {
  const hintOf = (line: string, message: RegExp) => {
    let hint: string | undefined;
    assert.throws(
      () => parse(line),
      (thrown: EngineError) => {
        hint = thrown.hint;
        return message.test(thrown.message);
      },
    );
    return hint;
  };
  assert.match(hintOf('--nmae x', /^unknown flag: --nmae$/) ?? '', /did you mean --name\?/);
  assert.match(hintOf('-x', /unknown shorthand flag: 'x' in -x/) ?? '', /wharf x --help/);
  hintOf('--name', /flag needs an argument: --name/);
  hintOf('--tty=maybe', /invalid argument "maybe"/);
  hintOf('--toString', /unknown flag/);
  assert.throws(() => parse('-h'), HelpWanted);
  assert.throws(() => parse('--help'), HelpWanted);
});

test('the nearest word', () => {
  const words = ['build', 'builder', 'run', 'ps', 'images', 'pull', 'push'];
  assert.equal(nearest('biuld', words), 'build');
  assert.equal(nearest('rnu', words), 'run');
  assert.equal(nearest('image', words), 'images');
  assert.equal(nearest('frobnicate', words), undefined);
});
