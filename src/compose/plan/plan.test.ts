// Plans: what is made, replaced, started and left, why, and in which order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleProject } from '#compose/load/project-sample.ts';
import type { Project } from '#compose/model.ts';
import { planDown } from '#compose/plan/down.ts';
import { madeFrom, serviceHash } from '#compose/plan/hash.ts';
import { containerLabels, label, parseDependencies } from '#compose/plan/labels.ts';
import { nothingObserved, type ObservedContainer, type ObservedState } from '#compose/plan/observed.ts';
import { planUp } from '#compose/plan/plan.ts';
import { formatPlan, type Plan } from '#compose/plan/steps.ts';

const shop = (database = 'users') =>
  sampleProject(`
services:
  web: {image: web, depends_on: [db], ports: ["80:80"]}
  db: {image: mysql, environment: {MYSQL_DATABASE: ${database}, MYSQL_PASSWORD: x}, volumes: ["data:/var/lib/mysql"]}
volumes: {data: }
`);

const network = { id: 'n1', name: 'app_default', project: 'app' };

function running(
  project: Project,
  service: string,
  more: Partial<ObservedContainer> = {},
): ObservedContainer {
  const wanted = project.services[service] ?? {};
  return {
    id: `id-${service}`,
    name: `app-${service}-1`,
    service,
    number: 1,
    oneOff: false,
    phase: 'running',
    configHash: serviceHash(wanted),
    made: madeFrom(wanted),
    networkIds: ['n1'],
    volumes: {},
    ...more,
  };
}

function allRunning(project: Project): ObservedState {
  return {
    containers: Object.keys(project.services).map((service) => running(project, service)),
    networks: [network],
    volumes: [{ name: 'app_data' }],
    images: { web: 'sha256:w', mysql: 'sha256:m' },
  };
}

const ids = (plan: Plan) => plan.steps.map(({ id }) => id);

test('from nothing: network, volume, images, then each service after what it needs', () => {
  const plan = planUp(shop(), nothingObserved);
  assert.deepEqual(ids(plan), [
    'network app_default',
    'volume app_data',
    'image mysql',
    'create app-db-1',
    'start app-db-1',
    'image web',
    'create app-web-1',
    'start app-web-1',
  ]);
  const start = plan.steps.at(-1);
  assert.ok(start?.kind === 'start-container');
  assert.deepEqual(start.waitFor, [{ service: 'db', condition: 'service_started', required: true }]);
  assert.ok(start.after.includes('start app-db-1'));
  assertOrdered(plan);
});

test('again with nothing to do: no steps', () => {
  const plan = planUp(shop(), allRunning(shop()));
  assert.deepEqual(plan.steps, []);
  assert.equal(formatPlan(plan), 'db: leave\nweb: leave');
});

test('a changed field is the cause', () => {
  const plan = planUp(shop('shop'), allRunning(shop()));
  assert.equal(formatPlan(plan), 'db: recreate: environment.MYSQL_DATABASE users → shop\nweb: leave');
  assert.deepEqual(ids(plan), ['create app-db-1', 'start app-db-1']);
  const [create] = plan.steps;
  assert.ok(create?.kind === 'create-container');
  assert.deepEqual(create.replaces, { id: 'id-db', name: 'app-db-1', keepVolumes: true });
});

test('passwords are not shown', () => {
  const observed = allRunning(shop());
  const [db] = observed.containers;
  assert.ok(db?.made !== undefined);
  db.configHash = 'other';
  db.made = { ...db.made, environment: { MYSQL_DATABASE: 'users', MYSQL_PASSWORD: 'old' } };
  assert.deepEqual(planUp(shop(), observed).services['db']?.causes, [
    'environment.MYSQL_PASSWORD is changed',
  ]);
});

test('what does not concern the container does not replace it', () => {
  const before = sampleProject('services: {web: {image: a, build: ., depends_on: [db]}, db: {image: b}}');
  const now = sampleProject(
    'services: {web: {image: a, build: ./x, scale: 1, pull_policy: never}, db: {image: b}}',
  );
  const observed = { ...allRunning(before), images: { a: 'a', b: 'b' } };
  assert.deepEqual(planUp(now, observed).services, {
    db: { verdict: 'leave', causes: [] },
    web: { verdict: 'leave', causes: [] },
  });
});

test('a new image, another volume and a lost network are causes', () => {
  const project = shop();
  const observed = allRunning(project);
  observed.containers = [
    running(project, 'db', { volumes: { '/var/lib/mysql': 'other' } }),
    running(project, 'web', { imageId: 'sha256:0123456789abcdef', networkIds: [] }),
  ];
  assert.deepEqual(planUp(project, observed).services, {
    db: { verdict: 'recreate', causes: ['volumes /var/lib/mysql: other → app_data'] },
    web: {
      verdict: 'recreate',
      causes: ['image web is now w, was 0123456789ab', 'networks.default is not connected'],
    },
  });
});

test('a stopped container is started, not replaced', () => {
  const project = shop();
  const observed = allRunning(project);
  observed.containers = [
    running(project, 'db', { phase: 'exited' }),
    running(project, 'web', { phase: 'paused' }),
  ];
  const plan = planUp(project, observed);
  assert.deepEqual(
    plan.steps.map(({ kind }) => kind),
    ['start-container', 'unpause-container'],
  );
});

test('scale makes and removes containers', () => {
  const project = sampleProject('services: {web: {image: a}}');
  const observed: ObservedState = {
    ...nothingObserved,
    images: { a: 'a' },
    networks: [network],
    containers: [running(project, 'web')],
  };
  assert.deepEqual(ids(planUp(project, observed, { scale: { web: 3 } })), [
    'create app-web-2',
    'start app-web-2',
    'create app-web-3',
    'start app-web-3',
  ]);
  assert.deepEqual(ids(planUp(project, observed, { scale: { web: 0 } })), [
    'stop app-web-1',
    'remove app-web-1',
  ]);
});

test('a service in the namespaces of another one goes with it', () => {
  const text = (tag: string) =>
    `services: {a: {image: "a:${tag}"}, b: {image: b, network_mode: "service:a"}}`;
  const before = sampleProject(text('1'));
  const observed = { ...allRunning(before), images: { 'a:2': 'x', b: 'b' } };
  assert.deepEqual(planUp(sampleProject(text('2')), observed).services, {
    a: { verdict: 'recreate', causes: ['image a:1 → a:2'] },
    b: { verdict: 'recreate', causes: ['network_mode: a is recreated'] },
  });
});

test('orphans are told, and removed where asked', () => {
  const project = shop();
  const observed = allRunning(project);
  observed.containers.push(running(project, 'db', { service: 'old', name: 'app-old-1', id: 'o' }));
  const told = planUp(project, observed);
  assert.deepEqual(told.steps, []);
  assert.match(told.warnings[0] ?? '', /Found orphan containers \(\[app-old-1\]\)/);
  assert.deepEqual(ids(planUp(project, observed, { removeOrphans: true })), [
    'stop app-old-1',
    'remove app-old-1',
  ]);
});

test('named services bring what they need, unless told not to', () => {
  const project = shop();
  assert.deepEqual(Object.keys(planUp(project, nothingObserved, { services: ['web'] }).services), [
    'db',
    'web',
  ]);
  const alone = planUp(project, nothingObserved, { services: ['web'], noDependencies: true });
  assert.deepEqual(Object.keys(alone.services), ['web']);
  assert.ok(alone.steps.every((step) => !('waitFor' in step)));
});

test('forced, never', () => {
  const project = shop();
  const forced = planUp(project, allRunning(project), { recreate: 'always', services: ['web'] });
  assert.equal(formatPlan(forced), 'db: leave\nweb: recreate: it is forced');
  assert.deepEqual(planUp(shop('other'), allRunning(project), { recreate: 'never' }).steps, []);
});

test('external things must be there', () => {
  const project = sampleProject(
    'services: {web: {image: a, networks: [n]}}\nnetworks: {n: {external: true}}',
  );
  assert.throws(
    () => planUp(project, nothingObserved),
    /network n declared as external, but could not be found/,
  );
});

test('down goes the other way round', () => {
  const project = shop();
  const plan = planDown(project, allRunning(project), { volumes: true });
  assertOrdered(plan);
  const order = sequence(plan);
  assert.ok(order.indexOf('stop app-web-1') < order.indexOf('stop app-db-1'));
  assert.deepEqual(plan.steps.find(({ id }) => id === 'stop app-db-1')?.after, ['stop app-web-1']);
  assert.deepEqual(plan.steps.find(({ id }) => id === 'remove app-db-1')?.after, [
    'stop app-db-1',
    'remove app-web-1',
  ]);
  assert.deepEqual(order.slice(-2), ['remove network app_default', 'remove volume app_data']);
  assert.deepEqual(planDown(project, nothingObserved).steps, []);
});

test('labels tell the dependencies and take them back', () => {
  const project = shop();
  const labels = containerLabels(project, project.services['web'] ?? {}, {
    service: 'web',
    number: 1,
    configHash: 'h',
  });
  assert.equal(labels[label.dependsOn], 'db:service_started:false');
  assert.deepEqual(parseDependencies('db:service_healthy:true,x'), [
    { service: 'db', condition: 'service_healthy', restart: true },
    { service: 'x', condition: 'service_started', restart: false },
  ]);
});

/** Every step's `after` names a step of the plan, and there is an order that keeps them all. */
function assertOrdered(plan: Plan): void {
  assert.equal(sequence(plan).length, plan.steps.length);
}

function sequence(plan: Plan): string[] {
  const done: string[] = [];
  for (let before = -1; before < done.length; ) {
    before = done.length;
    for (const { id, after } of plan.steps) {
      if (!done.includes(id) && after.every((needed) => done.includes(needed))) done.push(id);
    }
  }
  return done;
}
