// A project in TypeScript is read, means what its YAML means, and its mistakes are told.
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { formatConfigYaml } from '#compose/config.ts';
import { defineProject, type Service } from '#compose/define/define.ts';
import { formatConfigModule } from '#compose/define/format.ts';
import { loadProject } from '#compose/load/load.ts';
import type { Project } from '#compose/model.ts';

const dir = mkdtempSync(join(tmpdir(), 'wharf-compose-ts-'));
after(() => rmSync(dir, { recursive: true }));

const load = (file: string): Project => loadProject({ directory: dir, environment: {}, files: [file] });

function written(name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return name;
}

test('a module is found, run and filled in', () => {
  written(
    'compose.ts',
    `import { defineProject } from 'wharf/compose';
const port: number = 5000 + 1;
export default defineProject({
  name: 'shop',
  services: { web: { image: 'web', ports: [\`\${port}:5000\`], environment: { PRICE: '$5' } } },
});
`,
  );
  const project = loadProject({ directory: dir, environment: {} });
  assert.equal(project.name, 'shop');
  assert.equal(project.services['web']?.ports?.[0]?.published, '5001');
  assert.deepEqual(project.services['web']?.environment, { PRICE: '$5' });
  const named = written(
    'named.ts',
    `export const project = { name: 'other', services: { a: { image: 'b' } } };`,
  );
  assert.equal(load(named).name, 'other');
});

test('YAML to TypeScript to YAML is the same project', () => {
  const yaml = written(
    'all.yaml',
    `
name: all
services:
  web:
    build: {context: ., args: {A: "it's \\"1\\""}}
    command: ["sh", "-c", "echo $$HOME 'x' \\\\ \\n end"]
    depends_on: {db: {condition: service_healthy}}
    ports: ["127.0.0.1:80:80/udp"]
    volumes: ["data:/data", "./x:/x:ro"]
    x-own: {deep: [1, true, null]}
  db:
    image: db
    healthcheck: {test: [CMD, "true"], interval: 1m30s}
volumes: {data: }
`,
  );
  const project = load(yaml);
  const module = written('all.ts', formatConfigModule(project));
  assert.equal(formatConfigYaml(load(module)), formatConfigYaml(project));
});

test('every example is the same project in TypeScript', () => {
  for (const [index, file] of globSync('examples/*/compose.yaml').entries()) {
    const project = loadProject({ directory: process.cwd(), environment: {}, files: [file] });
    const module = written(`example${index}.ts`, formatConfigModule(project));
    const again = loadProject({ directory: dir, environment: {}, files: [module] });
    assert.equal(formatConfigYaml(again), formatConfigYaml(project), file);
  }
});

test('mistakes are told with the name of the file', () => {
  const wrong: [string, RegExp][] = [
    ['export default 5;', /wrong\d\.ts.*it has no project/],
    [
      'export default { services: { a: { image: "b", build: () => 1 } } };',
      /services\.a\.build: a function is not data/,
    ],
    ['export default { services: { a: { image: new Date() } } };', /services\.a\.image: a Date is not data/],
    ['throw new Error("no such stage");', /wrong\d\.ts.*no such stage/],
    ['export default {', /wrong\d\.ts/],
    ['export default { services: { a: { imag: "b" } } };', /services\.a.*imag/],
  ];
  for (const [index, [text, expected]] of wrong.entries())
    assert.throws(() => load(written(`wrong${index}.ts`, text)), expected, text);
  assert.throws(() => load('missing.ts'), /open missing\.ts: no such file or directory/);
});

test('the types know the attributes and their values', () => {
  defineProject({ services: { a: { image: 'b', depends_on: ['c'], ports: [80, '81:81'] } } });
  const known: 'image' extends keyof Service ? true : false = true;
  const unknown: 'imag' extends keyof Service ? true : false = false;
  const word: 'elsewhere' extends Service['cgroup'] ? true : false = false;
  assert.deepEqual([known, unknown, word], [true, false, false]);
});

test('the types are those of the schema', async () => {
  const { composeTypes, typesFolder } = await import('../../../scripts/docs/compose-types.ts');
  const plain = (text: string): string => text.replace(/[\s'";|(),]/g, '');
  for (const [name, text] of Object.entries(composeTypes())) {
    assert.ok(
      plain(readFileSync(new URL(name, typesFolder), 'utf8')) === plain(text),
      `src/compose/define/${name} is old: run scripts/with-node.sh scripts/docs/compose-types.ts`,
    );
  }
});
