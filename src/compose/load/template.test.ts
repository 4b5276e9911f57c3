// Templates: the specification's forms, and properties of parsing and filling.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  fillTemplate,
  formatTemplate,
  type Operator,
  parseTemplate,
  type Segment,
  TemplateError,
  variableNames,
} from '#compose/load/template.ts';

const fill = (text: string, values: Record<string, string> = {}) =>
  fillTemplate(parseTemplate(text), (name) => values[name]);

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
const operator = fc.constantFrom<Operator>(':-', '-', ':?', '?', ':+', '+');
const { segments } = fc.letrec<{ segments: Segment[]; segment: Segment }>((tie) => ({
  segment: fc.oneof(
    { depthSize: 'small' },
    fc.record({ literal: fc.string({ minLength: 1 }).map((text) => text.replaceAll('}', 'x')) }),
    fc.record({ name, word: fc.constant([]), wordText: fc.constant('') }),
    fc
      .record({ name, operator, word: tie('segments') })
      .map((variable) => ({ ...variable, wordText: formatTemplate(variable.word) })),
  ),
  segments: fc.array(tie('segment'), { maxLength: 4 }),
}));

test('a text without dollars is itself', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!text.includes('$'));
      assert.equal(fill(text), text);
    }),
  );
});

test('format and parse bring a template back, and with it what it is filled to', () => {
  fc.assert(
    fc.property(segments, fc.dictionary(name, fc.string()), (parts, values) => {
      const again = parseTemplate(formatTemplate(parts));
      assert.equal(formatTemplate(again), formatTemplate(parts));
      assert.deepEqual(variableNames(again), variableNames(parts));
      const lookup = (wanted: string) => (Object.hasOwn(values, wanted) ? values[wanted] : undefined);
      assert.equal(
        outcome(() => fillTemplate(again, lookup)),
        outcome(() => fillTemplate(parts, lookup)),
      );
    }),
  );
});

test('no text throws anything but TemplateError', () => {
  const noise = fc
    .array(fc.constantFrom('$', '{', '}', ':', '-', '?', '+', 'A', 'b', '1', ' ', '${', '$$'))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(noise, (text) => {
      outcome(() => fill(text, { A: 'a' }));
    }),
  );
});

test('every $ doubled gives the text back', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(fill(text.replaceAll('$', '$$$$')), text);
    }),
  );
});

test('very deep nesting ends in an error, not in a crash', () => {
  assert.throws(() => parseTemplate('${A:-'.repeat(10_000)), TemplateError);
});

test('a brace that closes nothing is text', () => {
  assert.equal(fill('a}b${X:-}}'), 'a}b}');
});

function outcome(run: () => string): string {
  try {
    return run();
  } catch (thrown) {
    assert.ok(thrown instanceof TemplateError, String(thrown));
    return `error: ${thrown.message}`;
  }
}
