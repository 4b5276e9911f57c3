// Looking into images with our command line: layers, files, differences, tags of a registry, and what a prune would take.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type EngineUnderTest, startEngine } from './engine-under-test.ts';

let engine: EngineUnderTest;
before(async () => {
  engine = await startEngine();
  await good(['pull', '-q', 'busybox']);
  await good([
    'run',
    '--name',
    'maker',
    'busybox',
    'sh',
    '-c',
    'echo new > /added; rm /bin/wget; chmod 700 /tmp',
  ]);
  await good(['commit', '-c', 'CMD ["cat", "/added"]', 'maker', 'made:1']);
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
});

async function good(args: string[]): Promise<string> {
  const ran = await engine.wharf(args);
  const told = `wharf ${args.join(' ')}\n${ran.stdout}${ran.stderr}\n${engine.log().slice(-3000)}`;
  assert.equal(ran.code, 0, told);
  return ran.stdout.trim();
}

test('image layers counts what each layer added, changed and removed', async () => {
  const lines = (await good(['image', 'layers', 'made:1'])).split('\n');
  assert.match(lines[0] ?? '', /^LAYER\s+SIZE\s+FILES\s+CREATED BY\s+SHARED WITH$/);
  assert.match(lines[1] ?? '', /\+\d+ ~0 -0 .*busybox:latest$/);
  assert.match(lines.at(-1) ?? '', /\+1 ~0 -1/);
  const counts = await good(['image', 'layers', '--format', '{{.Added}} {{.Removed}}', 'made:1']);
  assert.equal(counts.split('\n').at(-1), '1 1');
});

test('image diff and image ls-files', async () => {
  const differences = (await good(['image', 'diff', 'busybox', 'made:1'])).split('\n');
  assert.ok(
    differences.some((line) => /^A\s+\+4B\s+\/added$/.test(line)),
    differences.join('\n'),
  );
  assert.ok(
    differences.some((line) => /^D\s.*\/bin\/wget$/.test(line)),
    differences.join('\n'),
  );
  assert.ok(
    differences.some((line) => /^C\s.*mode\s+\/tmp$/.test(line)),
    differences.join('\n'),
  );
  assert.match(await good(['image', 'ls-files', 'made:1', '/added']), /-rw-r--r--\s+0:0\s+4\s.*\/added$/);
  assert.doesNotMatch(await good(['image', 'ls-files', '-q', 'made:1', '/bin']), /\/bin\/wget$/m);
});

test('search --tags lists what a registry has under a name; what is not there is told', async () => {
  assert.match(await good(['search', '--tags', 'busybox']), /^NAME\s*\n(.*\n)*busybox:latest\s*$/m);
  assert.match(await good(['search', '--tags', '--limit', '1', '--format', '{{.Tag}}', 'python']), /^\S+$/);
  const missing = await engine.wharf(['search', '--tags', 'no-such-repository']);
  assert.notEqual(missing.code, 0);
  assert.match(missing.stderr, /no-such-repository/);
});

test('system prune --dry-run tells what would go, and nothing goes', async () => {
  const plan = await good(['system', 'prune', '--dry-run', '-a']);
  assert.match(plan, /container\s+maker/);
  assert.match(plan, /image\s+made:1/);
  assert.match(plan, /Would reclaim: /);
  assert.match(await good(['ps', '-a', '--format', '{{.Names}}']), /maker/);
  const pruned = await good(['system', 'prune', '-af']);
  assert.match(pruned, /untagged: made:1/);
});
