// How many neighbours the kernel is to know.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Thresholds, thresholdsFor } from './neighbour-table.ts';

const usual: Thresholds = [128, 512, 1_024];

describe('the kernel tables of neighbours', () => {
  it('stay as they are beside few endpoints', () => {
    assert.equal(thresholdsFor(3, usual), undefined);
  });
  it('grow before endpoints that all speak to each other could fill them', () => {
    const entries = (endpoints: number): number => endpoints * (endpoints - 1);
    for (let endpoints = 1; endpoints < 200; endpoints++) {
      const [, , most] = thresholdsFor(endpoints, usual) ?? usual;
      assert.ok(entries(endpoints) < most, `${endpoints} endpoints`);
    }
  });
  it('never become smaller', () => {
    assert.deepEqual(thresholdsFor(500, [80_000, 512, 90_000]), [80_000, 49_152, 90_000]);
    assert.equal(thresholdsFor(500, [10_000, 60_000, 70_000]), undefined);
  });
});
