// Properties of loading: what is printed loads again to the same, and no YAML throws anything but EngineErrors.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { configData, formatConfigJson, formatConfigYaml, imagesOf } from '#compose/config.ts';
import { loadProject } from '#compose/load/load.ts';
import type { Project } from '#compose/model.ts';
import { EngineError } from '#shared/errors.ts';

const directory = mkdtempSync(join(tmpdir(), 'wharf-compose-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const load = (text: string): Project =>
  loadProject({ directory, environment: {}, files: ['-'], projectName: 'app', stdin: () => text });

const rich = `
services:
  web:
    build: {context: ., args: {A: "$$1"}}
    command: echo $$HOME "a b"
    ports: ["8080-8081:80-81", "127.0.0.1:53:53/udp"]
    volumes: [".:/app", "data:/data:ro", {type: tmpfs, target: /t, tmpfs: {size: 1m}}]
    environment: {YES: "yes", N: 0123, EMPTY: ""}
    depends_on: {db: {condition: service_healthy}}
    healthcheck: {test: curl x, interval: 90s}
    deploy: {replicas: 1, resources: {limits: {cpus: 0.5, memory: 64m}}}
    ulimits: {nofile: {soft: 1, hard: 2}}
    secrets: [{source: s, mode: 0400}]
    extra_hosts: ["a:1.1.1.1"]
    networks: {default: {aliases: [w]}}
    stop_grace_period: 1m30s
    x-own: {deep: [1, null]}
  db: {image: mysql, gpus: all, devices: [/dev/fuse]}
volumes: {data: }
secrets: {s: {environment: S}}
`;

test('what is printed as YAML loads again to the same project', () => {
  const first = load(rich);
  assert.deepEqual(configData(load(formatConfigYaml(first))), configData(first));
});

test('what is printed as JSON loads again to the same project', () => {
  const first = load(rich);
  assert.deepEqual(configData(load(formatConfigJson(first))), configData(first));
});

test('images of a project', () => assert.deepEqual(imagesOf(load(rich)), ['app-web', 'mysql']));

test('no data throws anything but an EngineError', () => {
  const key = fc.oneof(
    fc.constantFrom(
      'services',
      'web',
      'image',
      'ports',
      'volumes',
      'build',
      'environment',
      'depends_on',
      'networks',
      'deploy',
      'healthcheck',
      'command',
      'extends',
      'include',
      'secrets',
      'ulimits',
      'external',
    ),
    fc.string({ maxLength: 4 }),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('web', '80:80', '.:/a', '${X', '$$', '', 'a=b'),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(
      fc.record({
        services: fc.dictionary(fc.constantFrom('web', 'db'), fc.dictionary(key, value, { maxKeys: 4 })),
      }),
      (data) => {
        try {
          load(stringify(data));
        } catch (thrown) {
          assert.ok(thrown instanceof EngineError, thrown instanceof Error ? thrown.stack : String(thrown));
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('no text throws anything but an EngineError', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        load(text);
      } catch (thrown) {
        assert.ok(thrown instanceof EngineError, thrown instanceof Error ? thrown.stack : String(thrown));
      }
    }),
  );
});
