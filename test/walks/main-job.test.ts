// The story of the main job, told by our CLI and by the stock docker client: a Dockerfile becomes an image, the image a
// container, a port of the host answers, and everything can be looked at, stopped and taken away.
// also by the release's program
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { collectWheels, serveWheels } from '../../scripts/demo/wheels.ts';
import { wharfProgram } from '../wharf-program.ts';
import {
  type Client,
  type EngineUnderTest,
  eventually,
  freePort,
  noDocker,
  startEngine,
} from './engine-under-test.ts';

const example = join(import.meta.dirname, '../../examples/flask-app');

let engine: EngineUnderTest;
let wheels: string;

before(async () => {
  engine = await startEngine();
  wheels = await mkdtemp('/tmp/wharf-walk-wheels-');
  await collectWheels(join(example, 'requirements.txt'), wheels);
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
  await rm(wheels, { recursive: true, force: true });
});

for (const name of ['wharf', 'docker'] as const) {
  const skip = name === 'docker' ? noDocker : undefined;
  describe(`the main job by ${name}`, { skip }, () => {
    const image = `flask-by-${name}`;
    const run: Client = (args, options) => {
      const client = name === 'docker' ? engine.docker : engine.wharf;
      assert.ok(client);
      return client(args, options);
    };
    const good = async (args: string[], options?: Parameters<Client>[1]): Promise<string> => {
      const ran = await run(args, options);
      assert.equal(
        ran.code,
        0,
        `${name} ${args.join(' ')}\n${ran.stdout}${ran.stderr}\n${engine.log().slice(-2000)}`,
      );
      return ran.stdout.trim();
    };
    let id = '';
    let port = 0;

    test('builds the Flask application', async () => {
      const gateway = await good([
        'network',
        'inspect',
        'bridge',
        '--format',
        '{{(index .IPAM.Config 0).Gateway}}',
      ]);
      await using index = await serveWheels(wheels, gateway);
      const pip = [
        '--build-arg',
        `PIP_INDEX_URL=${index.url}`,
        '--build-arg',
        `PIP_TRUSTED_HOST=${index.host}`,
      ];
      const said = await good(['build', '-t', image, ...pip, '.'], { cwd: example, timeoutMs: 280_000 });
      if (name === 'docker') assert.match(said, /Successfully tagged flask-by-docker:latest/);
      assert.match(await good(['images']), new RegExp(`${image}\\s+latest`));
    });

    test('builds it again from the cache', async () => {
      const gateway = await good([
        'network',
        'inspect',
        'bridge',
        '--format',
        '{{(index .IPAM.Config 0).Gateway}}',
      ]);
      // No index is served now: a step that ran again would fail.
      const pip = [
        '--build-arg',
        `PIP_INDEX_URL=http://${gateway}:3141/simple/`,
        '--build-arg',
        `PIP_TRUSTED_HOST=${gateway}`,
      ];
      await good(['build', '-t', image, ...pip, '.'], { cwd: example });
    });

    test('runs it in the background, and its published port answers', async () => {
      port = await freePort();
      id = await good(['run', '-d', '-p', `${port}:5000`, '--name', `app-${name}`, image]);
      assert.match(id, /^[a-f0-9]{64}$/);
      const answer = await eventually('the application to answer', () =>
        fetchText(`http://127.0.0.1:${port}/`),
      );
      assert.match(answer, /Hello from a Wharf container/);
      assert.match(
        await good(['ps']),
        new RegExp(`${id.slice(0, 12)}.*0\\.0\\.0\\.0:${port}->5000/tcp.*app-${name}`),
      );
      assert.equal(await good(['port', id]), `5000/tcp -> 0.0.0.0:${port}`);
    });

    test('shows its log, and follows it to the next request', async () => {
      assert.match(await good(['logs', id]).then((out) => out), /.*/);
      const followed = await followUntil(name, ['logs', '-f', id], /GET \/store/, () =>
        fetchText(`http://127.0.0.1:${port}/store`),
      );
      assert.match(followed, /GET \/store/);
    });

    test('runs a program inside it, with and without a terminal', async () => {
      assert.equal(await good(['exec', id, 'sh', '-c', 'echo $((6*7)); pwd']), '42\n/app');
      const failing = await run(['exec', id, 'sh', '-c', 'exit 7']);
      assert.equal(failing.code, 7);
      assert.equal(await good(['exec', '-i', id, 'cat'], { input: 'through stdin\n' }), 'through stdin');
      const typed = await onTerminal(name, ['exec', '-it', id, 'sh', '-c', 'tty; echo columns']);
      assert.match(typed, /\/dev\/pts\/\d+\s+columns/);
    });

    test('refuses to remove the image while the container uses it, naming the container', async () => {
      const refused = await run(['rmi', image]);
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, new RegExp(id.slice(0, 12)));
    });

    test('a port that is taken is refused with the name of its holder', async () => {
      const refused = await run(['run', '-d', '-p', `${port}:5000`, image]);
      assert.equal(refused.code, 125);
      assert.match(refused.stderr, /port is already allocated/);
      const left = await good(['ps', '-aq', '--filter', 'status=created']);
      await good(['rm', ...left.split('\n')]);
    });

    test('stops, goes, and its image can be removed', async () => {
      await good(['stop', '-t', '2', id]);
      assert.match(await good(['ps', '-a']), /Exited \(\d+\)/);
      assert.equal(await fetchText(`http://127.0.0.1:${port}/`), undefined);
      await good(['rm', id]);
      await good(['rmi', image]);
      assert.doesNotMatch(await good(['images']), new RegExp(image));
    });

    test('a volume keeps its data when the container is made again', async () => {
      await good([
        'run',
        '--rm',
        '-v',
        `data-${name}:/data`,
        'busybox',
        'sh',
        '-c',
        'echo kept > /data/file',
      ]);
      assert.equal(
        await good(['run', '--rm', '-v', `data-${name}:/data`, 'busybox', 'cat', '/data/file']),
        'kept',
      );
      await good(['volume', 'rm', `data-${name}`]);
    });

    test('containers of a network find each other by name', async () => {
      await good(['network', 'create', `net-${name}`]);
      await good([
        'run',
        '-d',
        '--name',
        `web-${name}`,
        '--network',
        `net-${name}`,
        'busybox',
        'sh',
        '-c',
        'mkdir /w && echo found > /w/index.html && exec httpd -f -p 80 -h /w',
      ]);
      const ask = `import urllib.request as u; print(u.urlopen("http://web-${name}/", timeout=5).read().decode())`;
      // The busybox of Debian is static: it cannot look names up. Python asks as any program does.
      const fetched = await good([
        'run',
        '--rm',
        '--network',
        `net-${name}`,
        'python:3.11-slim',
        'python',
        '-c',
        ask,
      ]);
      assert.equal(fetched, 'found');
      await good(['rm', '-f', `web-${name}`]);
      await good(['network', 'rm', `net-${name}`]);
    });

    test('an exec as a user that is not there says so, with 126', async () => {
      const started = await run(['run', '-d', '--name', `who-${name}`, 'busybox', 'sleep', '60']);
      assert.equal(started.code, 0, started.stderr);
      const { code, stdout, stderr } = await run(['exec', '-u', 'nobody-here', `who-${name}`, 'true']);
      assert.equal(code, 126, stdout + stderr);
      assert.match(stdout + stderr, /unable to find user nobody-here: no matching entries in passwd file/);
      await good(['rm', '-f', `who-${name}`]);
    });

    test('exit codes are Docker’s', async () => {
      assert.equal((await run(['run', '--rm', 'busybox', 'sh', '-c', 'exit 3'])).code, 3);
      assert.equal((await run(['run', '--rm', 'busybox', 'no-such-program'])).code, 127);
      assert.equal((await run(['run', '--rm', 'busybox', '/etc/passwd'])).code, 126);
      assert.equal((await run(['run', '--rm', 'no-such-image:ever', 'true'])).code, 125);
      const killed = "sh -c 'kill -9 $$'; exit $?";
      assert.equal((await run(['run', '--rm', 'busybox', 'sh', '-c', killed])).code, 137);
    });
  });
}

async function fetchText(url: string): Promise<string | undefined> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
  return answer?.ok ? answer.text() : undefined;
}

function programOf(name: 'wharf' | 'docker'): string {
  return name === 'docker' ? 'docker' : wharfProgram;
}

/** What a client prints until `pattern` is seen (then it is ended), with `nudge` called once it runs. */
async function followUntil(
  name: 'wharf' | 'docker',
  args: string[],
  pattern: RegExp,
  nudge: () => Promise<unknown>,
): Promise<string> {
  const env = { ...process.env, DOCKER_HOST: `unix://${engine.socket}`, HOME: engine.folder };
  const child = spawn(programOf(name), args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  const gone = new Promise((resolve) => child.once('close', resolve));
  try {
    await eventually('the log to be followed', async () => (text === '' ? undefined : text));
    await nudge();
    return await eventually(`${pattern} in the log`, async () => (pattern.test(text) ? text : undefined));
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
}

/** Runs a client on a pseudo terminal, made by script(1). */
async function onTerminal(name: 'wharf' | 'docker', args: string[]): Promise<string> {
  const line = [programOf(name), ...args].map((word) => `'${word}'`).join(' ');
  const env = { ...process.env, DOCKER_HOST: `unix://${engine.socket}`, HOME: engine.folder };
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 20_000,
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return text;
}
