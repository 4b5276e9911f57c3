// What is refused, with Docker's sentences.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerConfig, HostConfig } from '#shared/contract/container.ts';
import { EngineError } from '#shared/errors.ts';
import { validateRequest } from './validate.ts';

const sentence = (config: Partial<ContainerConfig>, host: HostConfig): string => {
  try {
    validateRequest({ Image: 'x', ...config }, host, { cpus: 2 });
    return '';
  } catch (thrown) {
    assert.ok(thrown instanceof EngineError && thrown.kind === 'invalid', String(thrown));
    return thrown.message;
  }
};

const refused: [Partial<ContainerConfig>, HostConfig, RegExp][] = [
  [{}, { Memory: 5_000_000 }, /^Minimum memory limit allowed is 6MB$/],
  [{}, { Memory: 10_000_000, MemorySwap: 7_000_000 }, /memoryswap limit should be larger/],
  [{}, { NanoCpus: 3e9 }, /range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available/],
  [{}, { RestartPolicy: { Name: 'often' as 'always' } }, /unknown policy 'often'/],
  [
    {},
    { RestartPolicy: { Name: 'always', MaximumRetryCount: 3 } },
    /maximum retry count can only be used with 'on-failure'/,
  ],
  [
    {},
    { RestartPolicy: { Name: 'always' }, AutoRemove: true },
    /can't create 'AutoRemove' container with restart policy/,
  ],
  [{ Hostname: 'h' }, { NetworkMode: 'container:x' }, /conflicting options: hostname and the network mode/],
  [
    {},
    { NetworkMode: 'container:x', PortBindings: { '80/tcp': [] } },
    /port publishing and the container type/,
  ],
  [{ WorkingDir: 'rel' }, {}, /the working directory 'rel' is invalid/],
  [{ Env: ['=x'] }, {}, /invalid environment variable: =x/],
  [{}, { IpcMode: 'odd' }, /invalid IPC mode: odd/],
  [{ StopSignal: 'SIGNOPE' }, {}, /[Ii]nvalid signal: SIGNOPE/],
];

for (const [config, host, expected] of refused) {
  test(`refused: ${expected.source}`, () => assert.match(sentence(config, host), expected));
}

test('what is good passes', () => {
  const host: HostConfig = {
    Memory: 64e6,
    NanoCpus: 15e8,
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
  };
  assert.equal(sentence({ StopSignal: 'SIGINT', WorkingDir: '/' }, host), '');
});
