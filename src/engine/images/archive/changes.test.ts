// `--change` instructions: what each does to a configuration, and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError, isKind } from '#shared/errors.ts';
import { applyChanges } from './changes.ts';

test('each instruction changes its part, and the given configuration stays as it was', () => {
  const before = { Env: ['A=0', 'B=1'], Labels: { old: 'x' } };
  const changed = applyChanges(before, [
    'CMD echo hi there',
    'entrypoint ["/run", "it"]',
    'ENV A=2 C="two words" D=a\\ b',
    'ENV E one two',
    'EXPOSE 80 53/UDP',
    "LABEL k='v w' old=y",
    'USER 1000:1000',
    'VOLUME /data /more',
    'WORKDIR /srv',
    'WORKDIR app',
    'ONBUILD RUN make',
    'STOPSIGNAL SIGINT',
  ]);
  assert.deepEqual(changed, {
    Cmd: ['/bin/sh', '-c', 'echo hi there'],
    Entrypoint: ['/run', 'it'],
    Env: ['B=1', 'A=2', 'C=two words', 'D=a b', 'E=one two'],
    ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    Labels: { old: 'y', k: 'v w' },
    User: '1000:1000',
    Volumes: { '/data': {}, '/more': {} },
    WorkingDir: '/srv/app',
    OnBuild: ['RUN make'],
    StopSignal: 'SIGINT',
  });
  assert.deepEqual(before, { Env: ['A=0', 'B=1'], Labels: { old: 'x' } });
});

test('other instructions, missing arguments and wrong shapes are refused', () => {
  for (const text of ['RUN make', '', 'CMD', 'ENV =x', 'EXPOSE http', 'constructor x']) {
    assert.throws(
      () => applyChanges({}, [text]),
      (thrown) => isKind(thrown, 'invalid'),
      text,
    );
  }
});

test('no text does anything but change or be refused', () => {
  const instruction = fc.constantFrom('CMD', 'ENV', 'LABEL', 'EXPOSE', 'VOLUME', 'WORKDIR', 'X');
  fc.assert(
    fc.property(instruction, fc.string(), (name, rest) => {
      try {
        applyChanges({}, [`${name} ${rest}`]);
      } catch (thrown) {
        assert.ok(thrown instanceof EngineError && thrown.kind === 'invalid', String(thrown));
      }
    }),
  );
});
