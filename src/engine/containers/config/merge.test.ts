// What a container runs, out of request and image.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '#shared/errors.ts';
import { commandOf, mergeConfig, processEnv } from './merge.ts';

const image = {
  Entrypoint: ['/entry'],
  Cmd: ['serve'],
  Env: ['A=image', 'B=image'],
  WorkingDir: '/app',
  User: 'app',
};
const command = (request: object, of: object = image): string => {
  const { path, args } = commandOf(mergeConfig({ Image: 'x', ...request }, of));
  return [path, ...args].join(' ');
};

test('the image says what the request leaves open', () => {
  assert.equal(command({}), '/entry serve');
  assert.equal(command({ Cmd: ['other'] }), '/entry other');
});

test("an entrypoint of the request makes the image's command void", () => {
  assert.equal(command({ Entrypoint: ['/mine'] }), '/mine');
  assert.equal(command({ Entrypoint: ['/mine'], Cmd: ['x'] }), '/mine x');
});

test('the empty entrypoint takes the image its own away', () => {
  assert.equal(command({ Entrypoint: [''], Cmd: ['sh'] }), 'sh');
  assert.equal(command({ Entrypoint: [], Cmd: ['sh'] }), 'sh');
  assert.equal(command({ Entrypoint: [] }), 'serve');
});

test('nothing to run is refused', () => {
  for (const request of [{}, { Entrypoint: [''] }]) {
    assert.throws(
      () => command(request, {}),
      (thrown) => thrown instanceof EngineError && thrown.message === 'no command specified',
    );
  }
});

test('environment, labels and the rest', () => {
  const merged = mergeConfig(
    { Image: 'x', Env: ['A=mine'], Labels: { a: '1' }, ExposedPorts: { '80/tcp': {} } },
    { ...image, Labels: { a: '0', b: '0' }, ExposedPorts: { '81/tcp': {} } },
  );
  assert.deepEqual(merged.Env, ['A=mine', 'B=image']);
  assert.deepEqual(merged.Labels, { a: '1', b: '0' });
  assert.deepEqual(Object.keys(merged.ExposedPorts ?? {}).sort(), ['80/tcp', '81/tcp']);
  assert.equal(merged.WorkingDir, '/app');
  assert.equal(merged.User, 'app');
});

test('a health check fills its gaps from the image', () => {
  const merged = mergeConfig(
    { Image: 'x', Healthcheck: { Retries: 9 } },
    { ...image, Healthcheck: { Test: ['CMD', 'check'], Retries: 1, Interval: 5e9 } },
  );
  assert.deepEqual(merged.Healthcheck?.Test, ['CMD', 'check']);
  assert.equal(merged.Healthcheck?.Retries, 9);
  assert.equal(merged.Healthcheck?.Interval, 5e9);
});

test('the process gets PATH, HOSTNAME, HOME, and TERM with a terminal; a bare name takes a variable away', () => {
  const env = processEnv({ Image: 'x', Tty: true, Env: ['PATH=/only', 'TERM'] }, 'box', '/home/app');
  assert.deepEqual(env, ['PATH=/only', 'HOSTNAME=box', 'HOME=/home/app']);
  assert.ok(processEnv({ Image: 'x', Tty: true }, 'box', '/').includes('TERM=xterm'));
});
