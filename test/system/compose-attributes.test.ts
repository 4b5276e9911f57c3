// Attributes of the Compose file, each read back from what the engine tells and from inside of the container. The list of
// what is proven here is the one that docs/compose-support.md marks as tested.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { testedAttributes } from '../../scripts/docs/compose-tested.ts';
import { type EngineUnderTest, eventually, startEngine } from '../walks/engine-under-test.ts';
import { type InsideCheck, inside, project, type Told, told } from './compose-attributes.ts';

let engine: EngineUnderTest;
let folder: string;

before(async () => {
  engine = await startEngine();
  folder = join(engine.folder, 'project');
  await mkdir(join(folder, 'bound'), { recursive: true });
  await writeFile(join(folder, 'compose.yaml'), project);
  await writeFile(join(folder, 'vars.env'), 'FROM_FILE=file\n');
  await writeFile(join(folder, 'labels.txt'), 'from.file=yes\n');
  await writeFile(join(folder, 'bound/seen'), 'seen\n');
  await writeFile(join(folder, 'secret.txt'), 'plain secret\n');
});
after(async () => engine?.[Symbol.asyncDispose]());

async function wharf(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await engine.wharf(args, { cwd: folder, env: { TOKEN: 'hush' } });
  assert.equal(code, 0, `${args.join(' ')}\n${stdout}${stderr}\n${engine.log().slice(-2000)}`);
  return stdout;
}

test('the project comes up', { timeout: 180_000 }, async () => {
  await wharf('compose', 'up', '-d');
});

test('inside of the containers all is as the file says', { timeout: 120_000 }, async (t) => {
  for (const [container, checks] of Object.entries(inside)) {
    const script = checks.map(({ sh }) => `{ ${sh}; } 2>&1; echo =====`).join('\n');
    const parts = (await wharf('exec', container, 'sh', '-c', script)).split('=====\n');
    for (const [index, check] of checks.entries())
      await t.test(nameOf(container, check), () => {
        const text = (parts[index] ?? '').trim();
        if (check.gives instanceof RegExp) assert.match(text, check.gives);
        else assert.equal(text, check.gives);
      });
  }
});

const nameOf = (container: string, { attributes }: Pick<InsideCheck, 'attributes'>): string =>
  `${container}: ${attributes.join(', ')}`;

test('the engine tells all as the file says', { timeout: 60_000 }, async (t) => {
  for (const each of told) await t.test(nameOf(each.path, each), () => checkTold(each));
});

async function checkTold({ path, see, gives }: Told): Promise<void> {
  const { status, text } = await engine.call('GET', path);
  assert.equal(status, 200, text);
  const data: unknown = JSON.parse(text);
  assert.deepEqual(see.split('.').reduce(valueAt, data), gives);
}

/** `~` stands for a dot of a name. */
function valueAt(data: unknown, name: string): unknown {
  if (typeof data !== 'object' || data === null) return undefined;
  return Object.entries(data).find(([key]) => key === name.replaceAll('~', '.'))?.[1];
}

test('a health check comes to its end', { timeout: 60_000 }, async () => {
  await eventually('the health check', async () => {
    const { text } = await engine.call('GET', '/containers/told/json');
    return JSON.parse(text).State.Health.Status === 'healthy' || undefined;
  });
});

test('what stays off, and how often a service is there', async () => {
  const names = (await wharf('compose', 'ps', '-a', '--format', '{{.Name}}')).trim().split('\n').sort();
  assert.deepEqual(names, ['attr-many-1', 'attr-many-2', 'attr-web-1', 'told']);
});

test('the page marks what is proven here, and nothing else', () => {
  const proven = new Set([...Object.values(inside).flat(), ...told].flatMap(({ attributes }) => attributes));
  assert.deepEqual([...proven].sort(), [...testedAttributes].sort());
});
