// Lanes: output in the order of the stages, whichever of them is quicker.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lanes } from './lanes.ts';

test('the first lane is heard at once, the others in turn', () => {
  const heard: string[] = [];
  const lanes = new Lanes((line) => heard.push(line.stream ?? ''));
  const [one, two, three] = [lanes.open(), lanes.open(), lanes.open()];
  two.tell({ stream: 'b1' });
  one.tell({ stream: 'a1' });
  three.tell({ stream: 'c1' });
  three.end();
  assert.deepEqual(heard, ['a1']);
  one.end();
  assert.deepEqual(heard, ['a1', 'b1']);
  two.tell({ stream: 'b2' });
  two.end();
  assert.deepEqual(heard, ['a1', 'b1', 'b2', 'c1']);
});
