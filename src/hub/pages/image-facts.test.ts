// History beside layers, and the instruction inside `created_by`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instructionOf, layersOf } from './image-facts.ts';

test('instructions without the shell around them', () => {
  assert.equal(instructionOf('/bin/sh -c #(nop)  CMD ["bash"]'), 'CMD ["bash"]');
  assert.equal(instructionOf('/bin/sh -c apt-get update'), 'RUN apt-get update');
  assert.equal(instructionOf('RUN /bin/sh -c make # buildkit'), 'RUN make');
  assert.equal(instructionOf('RUN |1 A=b /bin/sh -c make'), 'RUN make');
  assert.equal(instructionOf('COPY a b # buildkit'), 'COPY a b');
  assert.equal(instructionOf(''), '');
});

test('each layer stands beside the entry that made it', () => {
  const layers = [
    { size: 10, digest: 'sha256:a' },
    { size: 20, digest: 'sha256:b' },
    { size: 30, digest: 'sha256:c' },
  ];
  const history = [
    { created_by: 'COPY a b' },
    { created_by: 'CMD x', empty_layer: true },
    { created_by: 'COPY c d' },
  ];
  assert.deepEqual(
    layersOf(layers, history).map(({ instruction, sizeBytes }) => [instruction, sizeBytes]),
    [
      ['COPY a b', 10],
      ['CMD x', undefined],
      ['COPY c d', 20],
      ['', 30],
    ],
  );
  assert.equal(layersOf([], [{ created_by: 'COPY a b' }])[0]?.sizeBytes, undefined);
});
