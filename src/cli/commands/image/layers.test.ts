// Which step made which layer, as far as the API's history tells.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepsOf } from '#cli/commands/image/layers.ts';

const step = (CreatedBy: string, Size: number) => ({
  Id: '<missing>',
  Created: 0,
  CreatedBy,
  Tags: null,
  Size,
  Comment: '',
});

const steps = (count: number, ...newestFirst: ReturnType<typeof step>[]) =>
  stepsOf(newestFirst, count).map((each) => each?.CreatedBy);

test('steps with a size are the layers, the lowest first', () => {
  const found = steps(2, step('CMD ["sh"]', 0), step('COPY a /a', 3), step('WORKDIR /', 0), step('base', 9));
  assert.deepEqual(found, ['base', 'COPY a /a']);
});

test('a layer without bytes is told from a step that only sets something', () => {
  const found = steps(
    3,
    step('/bin/sh -c #(nop)  ENV A=b', 0),
    step('RUN true', 0),
    step('COPY a /', 3),
    step('base', 9),
  );
  assert.deepEqual(found, ['base', 'COPY a /', 'RUN true']);
});

test('nothing is made up where the two do not fit', () => {
  assert.deepEqual(steps(3, step('base', 9)), [undefined, undefined, undefined]);
});
