// The private mount namespace on a real kernel: entered without a child, and joined by a later process.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cgroupMode } from '#kernel/cgroups.ts';
import { run } from '#kernel/spawn.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-kernel-'));
after(() => rmSync(root, { recursive: true }));

const enter = fileURLToPath(new URL('../../src/kernel/enter.ts', import.meta.url));
const program = join(root, 'program.mts');
writeFileSync(
  program,
  `import { readFileSync, readlinkSync } from 'node:fs';
   import { enterPrivateMounts } from '${enter}';
   const before = process.env['FIRST_PID'];
   process.env['FIRST_PID'] ??= String(process.pid);
   const joinPid = process.env['JOIN'] === undefined ? {} : { joinPid: Number(process.env['JOIN']) };
   enterPrivateMounts({ ...joinPid, argv: [process.execPath, ...process.argv.slice(1)], env: process.env });
   console.log(JSON.stringify({
     samePid: before === String(process.pid),
     argv: process.argv.slice(2),
     text: process.env['TEXT'],
     cwd: process.cwd(),
     unified: readFileSync('/proc/self/mounts', 'utf8').includes('/sys/fs/cgroup/unified'),
     namespace: readlinkSync('/proc/self/ns/mnt'),
   }));
   if (process.env['STAY'] !== undefined) process.stdin.resume();
  `,
);

// Tests may run inside such a namespace already: each program starts in one where the unified mount is back.
const unified = '/sys/fs/cgroup/unified';
const script = `grep -q ' ${unified} ' /proc/mounts || mount -t cgroup2 none ${unified}; exec "$@"`;
const outside = ['-m', '--propagation', 'private', 'sh', '-c', script, 'sh'];
const options = (env: Record<string, string>) => {
  const { WHARF_ENTERED: _, ...rest } = process.env;
  return { cwd: root, env: { ...rest, ...env }, timeoutMs: 20_000 };
};
const skip = cgroupMode() === 'v2' ? 'the host has pure cgroup v2' : false;

test('a process enters by itself: same pid, arguments, environment, folder and streams', {
  skip,
}, async () => {
  const args = [...outside, process.execPath, program, 'one', 'two words'];
  const result = await run('unshare', args, options({ TEXT: 'kept=ä' }));
  assert.equal(result.code, 0, result.stderr.toString());
  const seen = JSON.parse(result.stdout.toString());
  assert.equal(seen.samePid, true);
  assert.deepEqual(seen.argv, ['one', 'two words']);
  assert.equal(seen.text, 'kept=ä');
  assert.equal(seen.cwd, root);
  assert.equal(seen.unified, false);
});

test('a later process joins the namespace of a living one', { skip }, async () => {
  const { cwd, env } = options({ STAY: '1' });
  const first = spawn('unshare', [...outside, process.execPath, program], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const line = await new Promise<string>((resolve) =>
      first.stdout.once('data', (data) => resolve(String(data))),
    );
    const seen = JSON.parse(line);
    const joined = await run(
      'unshare',
      [...outside, process.execPath, program],
      options({ JOIN: String(first.pid) }),
    );
    assert.equal(joined.code, 0, joined.stderr.toString());
    assert.equal(JSON.parse(joined.stdout.toString()).namespace, seen.namespace);
  } finally {
    first.stdin.end();
    first.kill();
  }
});
