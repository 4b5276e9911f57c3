// Programs are run, fed, timed out, cancelled, and missed by name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run, runOk } from './spawn.ts';

test('input goes in; output, errors and exit code come out', async () => {
  const result = await run('sh', ['-c', 'cat; echo bad >&2; exit 3'], { input: 'text' });
  assert.equal(result.stdout.toString(), 'text');
  assert.equal(result.stderr.toString(), 'bad\n');
  assert.equal(result.code, 3);
  assert.equal((await run('true', [], { input: 'x'.repeat(1 << 20) })).code, 0);
});

test('a failure that must not be is told in the words of the program', async () => {
  await assert.rejects(runOk('sh', ['-c', 'echo no such thing >&2; exit 1']), {
    kind: 'internal',
    message: /no such thing/,
  });
});

test('a missing program is named with its package', async () => {
  await assert.rejects(run('/nonexistent/crun', []), {
    kind: 'unavailable',
    message: 'crun is not installed',
    hint: /apt-get install crun/,
  });
});

test('a program ends when its time is over, or when it is cancelled', async () => {
  assert.equal((await run('sleep', ['5'], { timeoutMs: 20 })).signal, 'SIGKILL');
  await assert.rejects(run('sleep', ['5'], { signal: AbortSignal.timeout(20) }), { kind: 'cancelled' });
  await assert.rejects(run('true', [], { signal: AbortSignal.abort() }), { kind: 'cancelled' });
});
