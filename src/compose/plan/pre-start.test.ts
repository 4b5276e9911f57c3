// Plans of what runs before a service starts, and of images that are fetched anew after a while.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleProject } from '#compose/load/project-sample.ts';
import type { Project } from '#compose/model.ts';
import { serviceHash } from '#compose/plan/hash.ts';
import { nothingObserved, type ObservedContainer, type ObservedState } from '#compose/plan/observed.ts';
import { planUp } from '#compose/plan/plan.ts';
import type { Plan, PreStartStep } from '#compose/plan/steps.ts';

const project = (hooks: string, more = '') =>
  sampleProject(`
services:
  web: {image: web, network_mode: none, depends_on: [db], pre_start: [${hooks}] ${more}}
  db: {image: web, network_mode: none}
`);

const once = '{command: [migrate]}';
const each = '{command: [prepare], per_replica: true}';
const images = { web: 'sha256:w' };

function container(from: Project, service: string, more: Partial<ObservedContainer> = {}): ObservedContainer {
  const number = more.number ?? 1;
  return {
    id: `${service}-${number}`,
    name: `app-${service}-${number}`,
    service,
    number,
    oneOff: false,
    phase: 'running',
    configHash: serviceHash(from.services[service] ?? {}),
    networkIds: [],
    volumes: {},
    ...more,
  };
}

const observed = (...containers: ObservedContainer[]): ObservedState => ({
  ...nothingObserved,
  containers,
  images,
});

const stepOf = (plan: Plan): PreStartStep | undefined =>
  plan.steps.find((step): step is PreStartStep => step.kind === 'pre-start');

test('it runs once all is made and what is needed runs, and the starts come after it', () => {
  const plan = planUp(project(once, ', scale: 2'), observed());
  const step = stepOf(plan);
  assert.deepEqual(step?.containers, ['app-web-1', 'app-web-2']);
  assert.equal(step?.once, true);
  assert.deepEqual([...(step?.after ?? [])].sort(), [
    'create app-web-1',
    'create app-web-2',
    'start app-db-1',
  ]);
  assert.deepEqual(step?.waitFor, [{ service: 'db', condition: 'service_started', required: true }]);
  for (const number of [1, 2])
    assert.ok(plan.steps.find(({ id }) => id === `start app-web-${number}`)?.after.includes('pre-start web'));
});

test('what has run before does not run again: not after a stop, not for more containers', () => {
  const wanted = project(once);
  const stopped = container(wanted, 'web', { phase: 'exited' });
  assert.equal(stepOf(planUp(wanted, observed(stopped, container(wanted, 'db')))), undefined);
  const more = project(once, ', scale: 2');
  const running = observed(container(more, 'web'), container(more, 'db'));
  assert.equal(stepOf(planUp(more, running)), undefined);
});

test('it runs again where it failed, and where the service is replaced', () => {
  const wanted = project(once);
  const never = container(wanted, 'web', { phase: 'created' });
  assert.deepEqual(stepOf(planUp(wanted, observed(never, container(wanted, 'db'))))?.containers, [
    'app-web-1',
  ]);
  const before = container(project('{command: [other]}'), 'web');
  assert.equal(stepOf(planUp(wanted, observed(before, container(wanted, 'db'))))?.once, true);
});

test('what is for each container runs for new ones only', () => {
  const wanted = project(`${once}, ${each}`, ', scale: 2');
  const step = stepOf(planUp(wanted, observed(container(wanted, 'web'), container(wanted, 'db'))));
  assert.deepEqual([step?.containers, step?.once], [['app-web-2'], false]);
});

test('images that it names are fetched before', () => {
  const plan = planUp(project('{command: [fix], image: tools}'), observed());
  assert.deepEqual(
    plan.steps.filter(({ kind }) => kind === 'pull').map(({ id }) => id),
    ['image tools'],
  );
});

test('an image is fetched anew once it is older than the policy says', () => {
  const hour = 3_600_000;
  const pulls = (policy: string, ageMs: number): boolean => {
    const wanted = sampleProject(`services: {db: {image: web, network_mode: none, ${policy}}}`);
    const plan = planUp(wanted, { ...observed(), imageAgesMs: { web: ageMs } });
    return plan.steps.some(({ kind }) => kind === 'pull');
  };
  assert.equal(pulls('pull_policy: daily', 23 * hour), false);
  assert.equal(pulls('pull_policy: daily', 25 * hour), true);
  assert.equal(pulls('pull_policy: weekly', 25 * hour), false);
  assert.equal(pulls('pull_policy: every_1d12h', 35 * hour), false);
  assert.equal(pulls('pull_policy: every_1d12h', 37 * hour), true);
  assert.equal(pulls('pull_policy: refresh, pull_refresh_after: 2h', 3 * hour), true);
  assert.equal(pulls('pull_policy: missing', 9999 * hour), false);
});
