// The parser as a whole: every instruction, places of errors, and that no text makes it hang or throw anything else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '#shared/errors.ts';
import { DockerfileError } from './errors.ts';
import type { StepInstruction } from './instruction.ts';
import { parseDockerfile, parseStep } from './parse.ts';

function steps(body: string): StepInstruction[] {
  return parseDockerfile(`FROM scratch\n${body}`).stages[0]?.steps ?? [];
}

function failure(text: string): DockerfileError {
  try {
    parseDockerfile(text, 'Dockerfile');
  } catch (thrown) {
    assert.ok(thrown instanceof DockerfileError, String(thrown));
    return thrown;
  }
  throw new Error(`parsed: ${text}`);
}

test('the classic example parses', () => {
  const file = parseDockerfile(
    'FROM python:3.11-slim\nEXPOSE 5000\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD ["flask", "run", "--host", "0.0.0.0"]\n',
  );
  assert.equal(file.stages.length, 1);
  assert.deepEqual(
    file.stages[0]?.steps.map((step) => step.kind),
    ['expose', 'workdir', 'copy', 'run', 'copy', 'cmd'],
  );
  const cmd = file.stages[0]?.steps[5];
  assert.ok(cmd?.kind === 'cmd');
  assert.deepEqual(cmd.command, { form: 'exec', argv: ['flask', 'run', '--host', '0.0.0.0'] });
});

test('continuations, comments and blank lines inside them', () => {
  const [run] = steps('RUN a && \\\n# why\n\n  b \\  \n  c\n');
  assert.ok(run?.kind === 'run');
  assert.deepEqual(run.command, { form: 'shell', text: 'a &&   b   c' });
  assert.equal(run.line, 2);
  assert.equal(run.endLine, 6);
});

test('a doubled backslash at the end of a line does not continue it', () => {
  assert.equal(steps('RUN echo \\\\\nUSER x\n').length, 2);
});

test('windows line ends, byte order mark and lower case', () => {
  const file = parseDockerfile('\uFEFFfrom scratch as Base\r\nuser me\r\n');
  assert.equal(file.stages[0]?.name, 'base');
  assert.equal(file.stages[0]?.steps[0]?.keyword, 'USER');
});

test('the escape directive', () => {
  const file = parseDockerfile('# escape=`\n# syntax=docker/dockerfile:1\nFROM scratch\nCOPY a `\n C:\\\n');
  assert.equal(file.directives.escape, '`');
  assert.equal(file.directives.syntax, 'docker/dockerfile:1');
  const copy = file.stages[0]?.steps[0];
  assert.ok(copy?.kind === 'copy');
  assert.equal(copy.destination, 'C:\\');
  assert.match(failure('# escape=x\nFROM scratch').message, /invalid ESCAPE 'x'. Must be ` or \\/);
  assert.match(failure('# escape=`\n# escape=`\nFROM scratch').message, /only one escape/);
});

test('a directive after a comment is a comment', () => {
  assert.equal(parseDockerfile('# hi\n# escape=`\nFROM scratch').directives.escape, '\\');
});

test('unknown instruction names the line, what is there, and the nearest right one', () => {
  const thrown = failure('# c\n\n  FORM python\n');
  assert.equal(
    thrown.message,
    'dockerfile parse error on line 3: unknown instruction: FORM (did you mean FROM?)',
  );
  assert.match(thrown.hint ?? '', /^Dockerfile:3:3: expected one of ADD, ARG, /);
  assert.equal(thrown.kind, 'invalid');
});

const refused: [string, RegExp][] = [
  ['', /file with no instructions/],
  ['ARG a', /no build stage in current context/],
  ['RUN x', /no build stage in current context/],
  ['FROM', /FROM requires either one or three arguments/],
  ['FROM a b', /FROM requires either one or three arguments/],
  ['FROM a IS b', /unexpected "IS" in FROM/],
  ['FROM a AS 1b', /invalid name for build stage: "1b"/],
  ['FROM a\nCOPY x', /COPY requires at least two arguments, but only one was provided/],
  ['FROM a\nCOPY --form=b x y', /unknown flag: --form \(did you mean --from\?\)/],
  ['FROM a\nCOPY --from x y', /missing a value on flag: --from/],
  ['FROM a\nCOPY --from=b --from=c x y', /duplicate flag specified: --from/],
  ['FROM a\nUSER --x root', /unknown flag: --x$/],
  ['FROM a\nENV x', /ENV must have two arguments/],
  ['FROM a\nENV a=b c', /Syntax error - can't find = in "c". Must be of the form: name=value/],
  ['FROM a\nENV =b', /ENV names can not be blank/],
  ['FROM a\nLABEL', /LABEL requires at least one argument/],
  ['FROM a\nWORKDIR', /WORKDIR requires exactly one argument/],
  ['FROM a\nSHELL /bin/sh', /SHELL requires the arguments to be in JSON form/],
  ['FROM a\nCMD [1]', /only arrays of strings/],
  ['FROM a\nONBUILD FROM b', /FROM isn't allowed as an ONBUILD trigger/],
  ['FROM a\nONBUILD ONBUILD RUN b', /Chaining ONBUILD/],
  ['FROM a\nHEALTHCHECK', /HEALTHCHECK requires at least one argument/],
  ['FROM a\nHEALTHCHECK CMDD x', /Unknown type in HEALTHCHECK: CMDD/],
  ['FROM a\nHEALTHCHECK --interval=5 CMD x', /invalid duration for --interval: "5"/],
  ['FROM a\nHEALTHCHECK --retries=x CMD x', /--retries must be a number/],
  ['FROM a\nRUN <<EOF\nx', /unterminated heredoc: EOF/],
  ['FROM a\nARG =x', /ARG names can not be blank/],
];
for (const [text, message] of refused) {
  test(`refused: ${JSON.stringify(text)}`, () => assert.match(failure(text).message, message));
}

test('the position of an error in a continued line is that of the physical line', () => {
  const thrown = failure('FROM a\nENV a=b \\\n  c=d \\\n  wrong\n');
  assert.deepEqual(thrown.position, { line: 4, column: 3 });
});

test('pairs: new form with quotes and escapes, old form with the rest of the line', () => {
  const [fresh, old] = steps('ENV a="x y" b=\\ c d=\'$e\'\nENV key  some value\n');
  assert.ok(fresh?.kind === 'env' && old?.kind === 'env');
  assert.deepEqual(fresh.pairs, [
    { name: 'a', value: '"x y"' },
    { name: 'b', value: '\\ c' },
    { name: 'd', value: "'$e'" },
  ]);
  assert.deepEqual(old.pairs, [{ name: 'key', value: 'some value' }]);
});

test('copy: flags, JSON form, many sources', () => {
  const [copy, json] = steps('COPY --from=build --chown=1:2 --chmod=755 a b /c/\nADD ["a b", "/c d"]\n');
  assert.ok(copy?.kind === 'copy' && json?.kind === 'add');
  assert.deepEqual(
    [copy.from, copy.chown, copy.chmod, copy.sources, copy.destination],
    ['build', '1:2', '755', ['a', 'b'], '/c/'],
  );
  assert.deepEqual([json.sources, json.destination], [['a b'], '/c d']);
});

test('healthcheck to nanoseconds', () => {
  const [check, none] = steps(
    'HEALTHCHECK --interval=5m --timeout=3s --retries=2 CMD curl x || exit 1\nHEALTHCHECK NONE\n',
  );
  assert.ok(check?.kind === 'healthcheck' && none?.kind === 'healthcheck');
  assert.deepEqual(check.healthcheck, {
    Test: ['CMD-SHELL', 'curl x || exit 1'],
    Interval: 300e9,
    Timeout: 3e9,
    Retries: 2,
  });
  assert.deepEqual(none.healthcheck, { Test: ['NONE'] });
});

test('heredocs of RUN and COPY', () => {
  const [run, copy, user] = steps(
    'RUN <<EOF\n\techo a\n# kept\nEOF\nCOPY <<"A" <<-B /x/\n$a\nA\n\tb\n\tB\nUSER u\n',
  );
  assert.ok(run?.kind === 'run' && copy?.kind === 'copy' && user?.kind === 'user');
  assert.deepEqual(run.heredocs, [
    { name: 'EOF', content: '\techo a\n# kept\n', written: '\techo a\n# kept\n', expand: true, chomp: false },
  ]);
  assert.deepEqual(
    copy.heredocs.map(({ name, content, expand }) => ({ name, content, expand })),
    [
      { name: 'A', content: '$a\n', expand: false },
      { name: 'B', content: 'b\n', expand: true },
    ],
  );
});

test('a shift in a shell expression is no heredoc', () => {
  assert.equal(steps('RUN echo $((1<<2)) "<<EOF"\nUSER u\n').length, 2);
});

test('a trigger parses alone', () => {
  assert.equal(parseStep('COPY . /app', { file: 'ONBUILD' }).kind, 'copy');
  assert.throws(() => parseStep('FROM x', { file: 'ONBUILD' }), /FROM is not allowed here/);
});

test('property: any text either parses or throws invalid', () => {
  const piece = fc.constantFrom(
    'FROM a',
    'RUN ',
    'COPY ',
    'ENV ',
    '\\\n',
    '\n',
    '<<EOF',
    'EOF',
    '"',
    "'",
    '=',
    '--x',
    '[',
    ']',
    '#',
    ' ',
    'HEALTHCHECK ',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 30 }).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, (each) => {
      try {
        parseDockerfile(each);
      } catch (thrown) {
        assert.ok(thrown instanceof EngineError && thrown.kind === 'invalid', String(thrown));
      }
    }),
    { numRuns: 600 },
  );
});

test('property: exec forms come back', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string().filter((each) => !each.includes('\n')),
        { minLength: 1 },
      ),
      (argv) => {
        const [cmd] = steps(`CMD ${JSON.stringify(argv)}`);
        assert.ok(cmd?.kind === 'cmd');
        assert.deepEqual(cmd.command, { form: 'exec', argv });
      },
    ),
    { numRuns: 200 },
  );
});
