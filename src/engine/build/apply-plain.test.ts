// What each config instruction does to an image, and its line of history.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageRunConfig } from '#shared/oci/specs.ts';
import { applyOnbuild, applyPlain } from './apply-plain.ts';
import { parseStep } from './dockerfile/parse.ts';
import { scratchState } from './image-state.ts';
import { stageScope } from './variables.ts';

function apply(...lines: string[]): {
  config: ImageRunConfig;
  history: string[];
  author: string | undefined;
} {
  const state = scratchState({ os: 'linux', architecture: 'amd64' });
  const history = lines.map((line) => {
    const step = parseStep(line, { file: 'Dockerfile' });
    if (step.kind === 'onbuild') return applyOnbuild(state, step);
    assert.ok(!('sources' in step) && step.kind !== 'run' && step.kind !== 'arg');
    return applyPlain(state, step, stageScope(state.config.Env ?? [], new Map([['ARG', 'arg']]), '\\'));
  });
  return { config: state.config, history, author: state.author };
}

test('CMD and ENTRYPOINT: forms, shell, and ENTRYPOINT drops an inherited CMD only', () => {
  assert.deepEqual(apply('CMD echo $A').config.Cmd, ['/bin/sh', '-c', 'echo $A']);
  assert.deepEqual(apply('SHELL ["/bin/bash", "-ec"]', 'ENTRYPOINT x y').config.Entrypoint, [
    '/bin/bash',
    '-ec',
    'x y',
  ]);
  const { config, history } = apply('CMD ["flask", "run"]', 'ENTRYPOINT ["a"]');
  assert.deepEqual(config.Cmd, ['flask', 'run']);
  assert.deepEqual(history, ['CMD ["flask" "run"]', 'ENTRYPOINT ["a"]']);
  assert.equal(apply('ENTRYPOINT ["a"]').config.Cmd, null);
});

test('ENV: values see the variables from before the instruction', () => {
  const { config, history } = apply('ENV a=1', 'ENV a=2 b=$a c="$ARG x"');
  assert.deepEqual(config.Env?.slice(1), ['a=2', 'b=1', 'c=arg x']);
  assert.equal(history[1], 'ENV a=2 b=1 c=arg x');
});

test('EXPOSE: ranges, protocols, variables; wrong ones are named', () => {
  const { config } = apply('ENV P=8080', 'EXPOSE $P 53/UDP 1-3/tcp');
  assert.deepEqual(Object.keys(config.ExposedPorts ?? {}), ['8080/tcp', '53/udp', '1/tcp', '2/tcp', '3/tcp']);
  for (const bad of ['x', '70000', '5-2', '80/http', 'x:80', '1.2.3:1:80'])
    assert.throws(() => apply(`EXPOSE ${bad}`), /invalid/, bad);
});

test('WORKDIR: relative to the one before, cleaned', () => {
  assert.equal(apply('WORKDIR /a/b', 'WORKDIR ../c/./d').config.WorkingDir, '/a/c/d');
  assert.equal(apply('WORKDIR x').config.WorkingDir, '/x');
});

test('LABEL, VOLUME, USER, STOPSIGNAL, MAINTAINER, HEALTHCHECK, ONBUILD', () => {
  const { config, author, history } = apply(
    'LABEL a=1 "b c"=\'2 3\'',
    'LABEL a=4',
    'VOLUME ["/data", "/more"]',
    'VOLUME /x /y',
    'USER app:$ARG',
    'STOPSIGNAL SIGINT',
    'MAINTAINER me',
    'HEALTHCHECK --retries=3 CMD ["true"]',
    'ONBUILD RUN x',
  );
  assert.deepEqual(config.Labels, { a: '4', 'b c': '2 3' });
  assert.deepEqual(Object.keys(config.Volumes ?? {}), ['/data', '/more', '/x', '/y']);
  assert.deepEqual([config.User, config.StopSignal, author], ['app:arg', 'SIGINT', 'me']);
  assert.deepEqual(config.Healthcheck, { Test: ['CMD', 'true'], Retries: 3 });
  assert.deepEqual(config.OnBuild, ['RUN x']);
  assert.equal(history.at(-1), 'ONBUILD RUN x');
  assert.throws(() => apply('STOPSIGNAL SIGNOPE'), /SIGNOPE|signal/);
  assert.throws(() => apply('VOLUME [""]'), /empty string/);
});
