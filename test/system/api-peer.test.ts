// The same requests to this engine and to Debian's newest dockerd: what clients read must be the same.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestDaemon, whyNot } from './api-fixture.ts';
import { differencesOf } from './peer-compare.ts';
import { PeerDockerd, whyNoPeer } from './peer-dockerd.ts';
import { deliberate } from './peer-reasons.ts';
import { StepSender } from './peer-step.ts';
import { steps } from './peer-steps.ts';

const skip = whyNot() ?? whyNoPeer();
const ours = new TestDaemon();
const theirs = new PeerDockerd();

before(async () => {
  if (skip !== undefined) return;
  await Promise.all([ours.start(), theirs.start()]);
  const tar = ours.baseTree();
  const path = '/images/create?fromSrc=-&repo=base&tag=1&changes=ENV%20PATH%3D%2Fbin';
  for (const engine of [ours, theirs]) {
    const made = await engine.ask('POST', path, tar);
    assert.equal(made.status, 200, made.body);
  }
});
after(async () => {
  await ours[Symbol.asyncDispose]();
  await theirs[Symbol.asyncDispose]();
});

test('clients cannot tell the engines apart', { skip, timeout: 170_000 }, async () => {
  const [toOurs, toTheirs] = [new StepSender(ours), new StepSender(theirs)];
  const told: string[] = [];
  const wanted = new Set(deliberate);
  for (const step of steps) {
    const [one, other] = await Promise.all([toOurs.send(step), toTheirs.send(step)]);
    const found = differencesOf(one, other).filter((line) => {
      const reason = deliberate.find(
        ({ ask, line: pattern }) => (ask === undefined || ask.test(step.ask)) && pattern.test(line),
      );
      if (reason !== undefined) wanted.delete(reason);
      return reason === undefined;
    });
    if (found.length === 0) continue;
    const body = step.body === undefined ? '' : JSON.stringify(step.body).slice(0, 200);
    told.push(`${step.ask} ${body}\n    ${found.join('\n    ')}`);
  }
  for (const line of told) console.log(line);
  assert.equal(told.length, 0, 'answers that differ are printed above: ours, theirs');
  assert.deepEqual([...wanted], [], 'these reasons explain nothing any more');
});
