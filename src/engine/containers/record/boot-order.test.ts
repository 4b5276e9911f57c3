// What waits for what when an engine starts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootOrder, wantsHealthy } from './boot-order.ts';
import { sampleRecord } from './record-sample.ts';

const of = (id: string, dependsOn: string, project = 'shop') =>
  sampleRecord({
    id,
    name: `${project}-${id}-1`,
    config: {
      Image: 'a',
      Labels: {
        'com.docker.compose.project': project,
        'com.docker.compose.service': id,
        'com.docker.compose.depends_on': dependsOn,
      },
    },
  });

test('a service waits for what it depends on, within its project', () => {
  const records = [
    of('web', 'api:service_healthy:false,gone:service_started:true'),
    of('api', 'db'),
    of('db', ''),
  ];
  const order = bootOrder([...records, of('other', 'db', 'elsewhere'), sampleRecord({ id: 'plain' })]);
  assert.deepEqual(Object.fromEntries(order), { web: ['api'], api: ['db'], db: [], other: [], plain: [] });
});

test('health is asked for where the condition says so', () => {
  const web = of('web', 'api:service_healthy:false,db:service_started:false,old');
  assert.equal(wantsHealthy(web, of('api', '')), true);
  assert.equal(wantsHealthy(web, of('db', '')), false);
  assert.equal(wantsHealthy(web, of('old', '')), false);
  assert.equal(wantsHealthy(web, of('api', '', 'elsewhere')), false);
});

test('who shares a namespace waits for its owner', () => {
  const owner = sampleRecord({ id: 'o', name: 'owner' });
  const guest = sampleRecord({ id: 'g', hostConfig: { NetworkMode: 'container:owner' } });
  assert.deepEqual(bootOrder([guest, owner]).get('g'), ['o']);
});

test('in a circle all are started', () => {
  const order = bootOrder([of('a', 'b'), of('b', 'c'), of('c', 'a')]);
  assert.deepEqual(Object.fromEntries(order), { c: [], b: ['c'], a: ['b'] });
});
