// Shared work: one run for all who ask, its end when the last has gone, lines for those who come late.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKind } from '#shared/errors.ts';
import type { OnProgress } from './progress.ts';
import { SharedWork } from './share.ts';

function controlled() {
  const end = Promise.withResolvers<number>();
  const state = { runs: 0, aborted: false, tell: undefined as OnProgress | undefined };
  const start = (tell: OnProgress, signal: AbortSignal): Promise<number> => {
    state.runs++;
    state.tell = tell;
    signal.addEventListener('abort', () => {
      state.aborted = true;
      end.reject(new Error('stopped'));
    });
    return end.promise;
  };
  return { end, state, start };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('two watchers, one run; the late one hears what is newest', async () => {
  const shared = new SharedWork<number>();
  const { end, state, start } = controlled();
  const seen: string[][] = [[], []];
  const watch = (who: number) =>
    shared.join('key', start, { onProgress: ({ id, status }) => void seen[who]?.push(`${id} ${status}`) });
  const first = watch(0);
  await turn();
  state.tell?.({ id: 'a', status: 'one' });
  state.tell?.({ id: 'a', status: 'two' });
  const second = watch(1);
  state.tell?.({ id: 'b', status: 'three' });
  end.resolve(7);
  assert.deepEqual(await Promise.all([first, second]), [7, 7]);
  assert.equal(state.runs, 1);
  assert.deepEqual(seen, [
    ['a one', 'a two', 'b three'],
    ['a two', 'b three'],
  ]);
});

test('one who leaves does not stop the other; the last one does', async () => {
  const shared = new SharedWork<number>();
  const { state, start } = controlled();
  const stops = [new AbortController(), new AbortController()];
  const joined = stops.map(({ signal }) => shared.join('key', start, { signal }));
  const settled = joined.map((one) => assert.rejects(one, (thrown) => isKind(thrown, 'cancelled')));
  await turn();
  stops[0]?.abort();
  await settled[0];
  assert.equal(state.aborted, false);
  stops[1]?.abort();
  await settled[1];
  assert.equal(state.aborted, true);
  assert.equal(await shared.join('key', async () => 3, {}), 3);
});
