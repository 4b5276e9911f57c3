// Looking into images with our command line: layers, files, differences, tags of a registry, and what a prune would take.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { wharfProgram } from '../wharf-program.ts';
import { type EngineUnderTest, runWell, startEngine } from './engine-under-test.ts';

const noScript = spawnSync('script', ['--version']).status === 0 ? false : 'needs script, for a terminal';

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

const good = (args: string[]): Promise<string> => runWell(engine, args);

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

test('in a terminal a prune shows what would go, then asks; a no keeps all of it', {
  skip: noScript,
}, async () => {
  await good(['network', 'create', 'idle']);
  await good(['volume', 'create', 'spare']);
  const plans: [args: string[], shown: RegExp][] = [
    [['container', 'prune'], /KIND +NAME +SIZE\s+container +maker +\d+B\s+Would reclaim: /],
    [['network', 'prune'], /network +idle +0B\s/],
    [['volume', 'prune', '-a'], /volume +spare +\S+B\s/],
    // The stopped container that this command leaves needs busybox.
    [['image', 'prune', '-a'], /NAME +SIZE\s+image +made:1 +\S+B\s+Would reclaim: /],
    [['builder', 'prune'], /Nothing would go\./],
    [['system', 'prune', '-a'], /container +maker[\s\S]*network +idle[\s\S]*image +busybox:latest/],
  ];
  for (const [args, shown] of plans) {
    const said = await answered(args, 'n');
    const [plan = '', question] = said.split('WARNING! This will remove');
    assert.match(plan, shown, args.join(' '));
    assert.match(question ?? '', /Are you sure you want to continue\? \[y\/N\]/);
    assert.doesNotMatch(said, /Deleted|Total reclaimed/);
  }
  const piped = await engine.wharf(['container', 'prune'], { input: 'n\n' });
  assert.match(piped.stdout, /^WARNING! This will remove all stopped containers\.\n/, "Docker's words alone");
  assert.match(await answered(['network', 'prune'], 'y'), /network +idle[\s\S]*Deleted Networks:\s+idle/);
  assert.match(await good(['ps', '-a', '--format', '{{.Names}}']), /maker/);
  await good(['volume', 'rm', 'spare']);
});

/** What a command says in a terminal, where its question is answered so. */
async function answered(args: string[], answer: string): Promise<string> {
  const line = [wharfProgram, ...args].map((word) => `'${word}'`).join(' ');
  const env = { ...process.env, WHARF_HOST: `unix://${engine.socket}`, HOME: engine.folder };
  const child = spawn('script', ['-qec', line, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  for (let left = 1200; !said.includes('[y/N]') && child.exitCode === null && left > 0; left--)
    await sleep(50);
  child.stdin.write(`${answer}\n`);
  const [code] = await ended;
  assert.equal(code, 0, said);
  return said.replaceAll('\r', '');
}

test('system prune --dry-run tells what would go, and nothing goes', async () => {
  const plan = await good(['system', 'prune', '--dry-run', '-a']);
  assert.match(plan, /container\s+maker/);
  assert.match(plan, /image\s+made:1/);
  assert.match(plan, /Would reclaim: /);
  assert.match(await good(['ps', '-a', '--format', '{{.Names}}']), /maker/);
  const pruned = await good(['system', 'prune', '-af']);
  assert.match(pruned, /untagged: made:1/);
});
