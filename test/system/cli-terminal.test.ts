// What the command line shows in a terminal and what it shows in a pipe, with an engine of the test's own making.
// also by the release's program
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { wharfProgram as wharf } from '../wharf-program.ts';

const skip = spawnSync('script', ['--version']).status === 0 ? false : 'needs script, for a terminal';

const summary = {
  Id: 'a'.repeat(64),
  Names: ['/web'],
  Image: 'app',
  ImageID: '',
  Command: 'sleep 60',
  Created: 1_700_000_000,
  State: 'running',
  Status: 'Up 2 minutes',
  Ports: [],
  Labels: {},
};

describe('wharf in a terminal', { skip, timeout: 180_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-cli-tty-'));
  const env = {
    ...process.env,
    WHARF_HOST: `unix://${join(dir, 's')}`,
    DOCKER_CONFIG: dir,
    NODE_TEST_CONTEXT: undefined,
  };
  let server: Server;
  /** A pull goes on from its first quarter when this resolves. */
  let quarterSeen: Promise<void> = Promise.resolve();

  before(async () => {
    server = createServer((request, response) => {
      response.setHeader('Api-Version', '1.51');
      const path = (request.url ?? '').replace(/^\/v[\d.]+/, '');
      if (path.startsWith('/images/create')) void sendPull(response, quarterSeen);
      else if (path.startsWith('/containers/json')) response.end(JSON.stringify([summary]));
      else if (path.includes('/stats')) void sendStats(response, path.includes('stream=true'));
      else response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(join(dir, 's'), resolve));
  });

  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true });
  });

  /** In a terminal of 100 columns and 30 rows. */
  const inTerminal = (line: string): InTerminal => {
    // A shell that stayed between `script` and wharf would take the interrupt too, and end with 130.
    const command = `exec sh -c 'stty cols 100 rows 30; exec ${wharf} ${line}'`;
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    // Not `exit`: then there may be more to read.
    const ended = once(child, 'close').then(([code]) => code);
    const until = async (expected: RegExp) => {
      for (let left = 1200; !expected.test(said) && left > 0; left -= 1) await sleep(50);
      assert.match(said, expected);
    };
    return { said: () => said, type: (text) => child.stdin.write(text), ended, until };
  };
  const inPipe = (...words: string[]) => spawnAndRead(words, env);

  it('draws a bar a layer and draws it again in its place', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    quarterSeen = promise;
    const terminal = inTerminal('pull app:1');
    await terminal.until(/aaaa: Downloading \[=+> +\] 25MB\/100MB/).finally(resolve);
    assert.equal(await terminal.ended, 0, terminal.said());
    const said = terminal.said();
    assert.match(said, /\x1b\[3A/);
    assert.match(said, /aaaa: Pull complete/);
    assert.match(said, /docker\.io\/library\/app:1\r?\n$/);
  });

  it('writes plain lines into a pipe, without bars', async () => {
    const { out, code } = await inPipe('pull', 'app:1');
    assert.equal(code, 0);
    assert.deepEqual(out.trim().split('\n'), [
      '1: Pulling from library/app',
      'aaaa: Pulling fs layer',
      'bbbb: Pulling fs layer',
      'aaaa: Pull complete',
      'bbbb: Pull complete',
      'Status: Downloaded newer image for app:1',
      'docker.io/library/app:1',
    ]);
    assert.equal((await inPipe('pull', '-q', 'app:1')).out, 'docker.io/library/app:1\n');
  });

  it('draws the usage of containers over and over, until it is interrupted', async () => {
    const terminal = inTerminal('stats');
    await terminal.until(/\x1b\[HCONTAINER ID +NAME +CPU %[\s\S]*\x1b\[H/);
    await terminal.until(/aaaaaaaaaaaa +web +50\.00% +10MiB \/ 100MiB +10\.00%/);
    terminal.type('\x03');
    assert.equal(await terminal.ended, 0, terminal.said());
    const { out } = await inPipe('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', 'web');
    assert.equal(out, 'web 3\n');
  });

  it('asks before a prune in the words of Docker alone, where the engine is another', async () => {
    const terminal = inTerminal('volume prune');
    await terminal.until(/\[y\/N\] /);
    terminal.type('n\n');
    assert.equal(await terminal.ended, 0);
    assert.match(terminal.said(), /^WARNING! This will remove anonymous local volumes not used by/);
    assert.doesNotMatch(terminal.said(), /Would/);
  });

  it('names the nearest right command, sub-command, flag and field', async () => {
    const slips: [string[], RegExp, number?][] = [
      [['rnu', 'x'], /'rnu' is not a wharf command\. Did you mean 'run'\?/],
      [['network', 'creat'], /Did you mean 'network create'\?/],
      [['run', '--nmae', 'x', 'y'], /unknown flag: --nmae\nhint: did you mean --name\?/, 125],
      [['--contxt', 'x', 'ps'], /unknown flag: --contxt\nhint: did you mean --context\?/, 125],
      [['ps', '--format', '{{.names}}'], /did you mean \{\{\.Names\}\}\?/],
    ];
    for (const [words, expected, expectedCode = 1] of slips) {
      const { err, code } = await inPipe(...words);
      assert.match(err, expected);
      assert.equal(code, expectedCode);
    }
  });

  it('takes formats from the settings, and teaches with examples', async () => {
    writeFileSync(join(dir, 'config.json'), JSON.stringify({ psFormat: 'table {{.Names}}' }));
    assert.equal((await inPipe('ps')).out, 'NAMES\nweb\n');
    assert.equal((await inPipe('ps', '-q', '--no-trunc')).out, `${summary.Id}\n`);
    rmSync(join(dir, 'config.json'));
    const help = await inPipe('run', '--help');
    assert.match(help.out, /Examples:\n {2}wharf run --rm -it debian bash/);
  });
});

interface InTerminal {
  said(): string;
  type(text: string): void;
  /** The exit code, when everything that was said has been read. */
  ended: Promise<unknown>;
  until(expected: RegExp): Promise<void>;
}

async function spawnAndRead(
  words: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ out: string; err: string; code: number | null }> {
  const child = spawn(wharf, words, { env });
  child.stdin.end();
  const ended = once(child, 'close');
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await ended;
  return { out, err, code };
}

async function sendPull(response: ServerResponse, quarterSeen: Promise<void>): Promise<void> {
  const send = (line: object) => response.write(`${JSON.stringify(line)}\r\n`);
  send({ status: 'Pulling from library/app', id: '1' });
  for (const id of ['aaaa', 'bbbb']) send({ status: 'Pulling fs layer', progressDetail: {}, id });
  for (const current of [25e6, 50e6, 100e6]) {
    for (const id of ['aaaa', 'bbbb'])
      send({ status: 'Downloading', progressDetail: { current, total: 100e6 }, id });
    await quarterSeen;
  }
  for (const id of ['aaaa', 'bbbb']) send({ status: 'Pull complete', progressDetail: {}, id });
  send({ status: 'Status: Downloaded newer image for app:1' });
  response.end();
}

async function sendStats(response: ServerResponse, stream: boolean): Promise<void> {
  const sample = {
    id: 'a'.repeat(64),
    name: '/web',
    read: '2026-01-01T00:00:00Z',
    cpu_stats: { cpu_usage: { total_usage: 150 }, system_cpu_usage: 1200, online_cpus: 2 },
    precpu_stats: { cpu_usage: { total_usage: 100 }, system_cpu_usage: 1000 },
    memory_stats: { usage: 10 * 1024 ** 2, limit: 100 * 1024 ** 2 },
    pids_stats: { current: 3 },
  };
  do {
    response.write(`${JSON.stringify(sample)}\n`);
    await sleep(200);
  } while (stream && !response.destroyed);
  response.end();
}
