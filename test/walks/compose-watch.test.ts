// Files that change on the host come into running services, as develop.watch says.
// also by the release's program
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { wharfProgram } from '../wharf-program.ts';
import { type EngineUnderTest, startEngine } from './engine-under-test.ts';

let engine: EngineUnderTest;
let folder: string;

before(async () => {
  engine = await startEngine();
  folder = join(engine.folder, 'project');
  await mkdir(join(folder, 'src/sub'), { recursive: true });
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  await write('src/page', 'one');
  await write('src/notes.log', 'x');
  await write('settings', 'a');
  await write('version', '1');
  await write('Dockerfile', 'FROM busybox\nCOPY version /version\nCOPY src /srv\nCMD sleep 600\n');
  await write(
    'compose.yaml',
    `
services:
  web:
    build: .
    init: true
    develop:
      watch:
        - {path: src, action: sync, target: /srv, ignore: ['*.log']}
        - {path: settings, action: sync+restart, target: /etc/settings}
        - {path: version, action: rebuild}
`,
  );
});
after(async () => engine?.[Symbol.asyncDispose]());

/** What a command in the service prints. */
const inWeb = async (...command: string[]): Promise<string> =>
  (await engine.wharf(['compose', 'exec', '-T', 'web', ...command], { cwd: folder })).stdout.trim();

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (let left = 150; left > 0; left--) {
    if (await look()) return;
    await sleep(200);
  }
  assert.fail(`not within 30 seconds: ${what}`);
}

test('sync, remove, restart and rebuild follow the files', { timeout: 170_000 }, async () => {
  const child = spawn(wharfProgram, ['compose', 'watch'], {
    cwd: folder,
    env: { ...process.env, WHARF_HOST: `unix://${engine.socket}` },
  });
  const closed = once(child, 'close');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  try {
    await until('watch is enabled', async () => said.includes('Watch enabled'));
    await writeFile(join(folder, 'src/page'), 'two');
    await mkdir(join(folder, 'src/new/deep'), { recursive: true });
    await writeFile(join(folder, 'src/new/deep/file'), 'three');
    await writeFile(join(folder, 'src/later.log'), 'ignored');
    await until('a changed file is there', async () => (await inWeb('cat', '/srv/page')) === 'two');
    await until('a new file is there', async () => (await inWeb('cat', '/srv/new/deep/file')) === 'three');
    assert.equal(await inWeb('ls', '/srv'), 'new\nnotes.log\npage\nsub');

    await rm(join(folder, 'src/page'));
    await until('a removed file is gone', async () => !(await inWeb('ls', '/srv')).includes('page'));

    const startedAt = async () => {
      const ps = await engine.wharf(['compose', 'ps', '-q', 'web'], { cwd: folder });
      const inspected = await engine.wharf([
        'inspect',
        '-f',
        '{{.Id}} {{.State.StartedAt}}',
        ps.stdout.trim(),
      ]);
      return inspected.stdout.trim();
    };
    const before = await startedAt();
    await writeFile(join(folder, 'settings'), 'b');
    await until('the service was restarted', async () => {
      const now = await startedAt();
      return now !== before && now.split(' ')[0] === before.split(' ')[0];
    });
    assert.equal(await inWeb('cat', '/etc/settings'), 'b');

    await writeFile(join(folder, 'version'), '2');
    await until('the service was rebuilt', async () => (await inWeb('cat', '/version')) === '2');
    assert.notEqual((await startedAt()).split(' ')[0], before.split(' ')[0]);
  } catch (thrown) {
    throw new Error(`${thrown}\nwatch said:\n${said}`);
  } finally {
    child.kill('SIGINT');
    await closed;
  }
  assert.equal(child.exitCode, 0, said);
});

test('a project without rules is refused with the way to write them', async () => {
  const other = join(engine.folder, 'plain');
  await mkdir(other);
  await writeFile(join(other, 'compose.yaml'), 'services: {a: {image: busybox, command: sleep 600}}\n');
  const ran = await engine.wharf(['compose', 'watch', '--no-up'], { cwd: other });
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /none of the selected services is configured for watch[\s\S]*develop\.watch/);
});
