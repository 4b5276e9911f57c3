// Events: live, replayed, filtered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from './events.ts';

async function actionsOf(events: AsyncIterable<{ Action: string }>): Promise<string[]> {
  const actions = [];
  for await (const { Action } of events) actions.push(Action);
  return actions;
}

test('a subscriber hears what comes after the call, in order, until it is aborted', async () => {
  const log = new EventLog();
  log.emit('container', 'create', 'a');
  const stop = new AbortController();
  const heard = actionsOf(log.subscribe({ signal: stop.signal }));
  log.emit('container', 'start', 'a');
  log.emit('image', 'pull', 'b');
  stop.abort();
  assert.deepEqual(await heard, ['start', 'pull']);
});

test('the past is replayed between since and until', async () => {
  const log = new EventLog();
  log.emit('container', 'create', 'a');
  log.emit('volume', 'create', 'v');
  const until = { seconds: Math.floor(Date.now() / 1000) + 1, nanos: 0 };
  const past = { seconds: 1, nanos: 0 };
  const filters = new Map([['type', ['container']]]);
  const stop = AbortSignal.timeout(50);
  assert.deepEqual(await actionsOf(log.subscribe({ since: past, until, filters, signal: stop })), ['create']);
  assert.deepEqual(await actionsOf(log.subscribe({ until: past })), []);
});

test('filters: action, container by name, label, image', async () => {
  const log = new EventLog();
  log.emit('container', 'die', 'id1', { name: 'web', image: 'nginx:1', app: 'shop' });
  log.emit('container', 'exec_create: sh', 'id2', { name: 'job', image: 'busybox' });
  const matching = (filters: Record<string, string[]>) =>
    actionsOf(
      log.subscribe({
        since: { seconds: 1, nanos: 0 },
        filters: new Map(Object.entries(filters)),
        signal: AbortSignal.abort(),
      }),
    );
  assert.deepEqual(await matching({ event: ['exec_create'] }), ['exec_create: sh']);
  assert.deepEqual(await matching({ container: ['web'] }), ['die']);
  assert.deepEqual(await matching({ label: ['app=shop'] }), ['die']);
  assert.deepEqual(await matching({ image: ['nginx'] }), ['die']);
  assert.deepEqual(await matching({ container: ['web'], event: ['start'] }), []);
});
