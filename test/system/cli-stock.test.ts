// The stock `docker` command line and ours, with the same words against the same engine: the same answers.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import {
  type EngineUnderTest,
  eventually,
  freePort,
  noDocker,
  startEngine,
} from '../walks/engine-under-test.ts';
import { wharfProgram } from '../wharf-program.ts';
import { acting, creating, deliberate, looking } from './cli-stock-lines.ts';

const skip = process.getuid?.() !== 0 ? 'needs root' : (noDocker ?? false);
if (skip !== false) console.log(`skipped: ${skip}`);

interface Answer {
  code: unknown;
  stdout: string;
  error: string;
}

describe('docker and wharf, the same words', { skip }, () => {
  let engine: EngineUnderTest;

  const run = async (program: string, line: string): Promise<Answer> => {
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${engine.socket}`,
      DOCKER_CONFIG: join(engine.folder, 'config'),
      DOCKER_BUILDKIT: '0',
      DOCKER_CLI_HINTS: 'false',
      B: 'from the environment',
      NODE_TEST_CONTEXT: undefined,
    };
    const child = spawn('sh', ['-c', `${program} ${line}`], { env, cwd: engine.folder, timeout: 120_000 });
    child.stdin.on('error', () => undefined).end('typed\n');
    const ended = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await ended;
    return { code, stdout: steady(stdout), error: code === 0 ? '' : sentenceOf(stderr) };
  };
  const ok = async (line: string): Promise<string> => {
    const { code, stdout, error } = await run(wharfProgram, line);
    assert.equal(code, 0, `wharf ${line}: ${error}`);
    return stdout.trim();
  };
  const compare = (line: string, docker: Answer, wharf: Answer): string[] => {
    const [chosen] = deliberate[line] ?? [''];
    return (['code', 'stdout', 'error'] as const).flatMap((what) => {
      if (chosen === what || docker[what] === wharf[what]) return [];
      return [`${line}\n  ${what} of docker: ${docker[what]}\n  ${what} of wharf:  ${wharf[what]}`];
    });
  };

  before(async () => {
    engine = await startEngine();
    writeFileSync(join(engine.folder, 'variables'), 'A=1\n# a remark\nB\nC=a b\n');
    mkdirSync(join(engine.folder, 'config'));
    writeFileSync(
      join(engine.folder, 'Dockerfile'),
      'FROM busybox\nRUN echo x > /x\nENV A=b\nLABEL l=m\nCMD ["true"]\n',
    );
    await ok('pull -q busybox');
    await ok('network create --label a=b --subnet 10.99.7.0/24 netty');
    await ok('volume create --label x=y vol1');
    await ok('volume create vol2');
    await ok('build -q -t built:1 - < Dockerfile');
    const port = await freePort();
    const script = 'echo hello; echo err >&2; touch /tmp/new; rm /etc/group; echo done; sleep 6000';
    await ok(
      `run -d --name web -p 127.0.0.1:${port}:80 --expose 90/udp --label tier=front --label owner=me -v vol1:/data -e A=1 busybox sh -c '${script}'`,
    );
    await ok(
      'run -d --name onnet --network netty --health-cmd true --health-interval 600s --health-start-period 600s --health-start-interval 1s busybox sleep 6000',
    );
    assert.equal((await run(wharfProgram, "run --name dead busybox sh -c 'exit 3'")).code, 3);
    await ok('create --name made busybox true');
    await eventually('what web says', async () => /done/.test(await ok('logs web')) || undefined, 60_000);
    await eventually(
      'the health of onnet',
      async () => /healthy/.test(await ok("inspect -f '{{.State.Health.Status}}' onnet")) || undefined,
      60_000,
    );
  });
  after(() => engine[Symbol.asyncDispose]());

  // In parts, as each has its own time to end in.
  for (const [at, lines] of parts(looking, 25))
    it(`look at the same things and see the same, from line ${at}`, { timeout: 175_000 }, async () => {
      const differences: string[] = [];
      for (const line of lines) {
        const [docker, wharf] = await Promise.all([run('docker', line), run(wharfProgram, line)]);
        differences.push(...compare(line, docker, wharf));
      }
      assert.equal(differences.join('\n'), '');
    });

  for (const [at, lines] of parts(acting, 25))
    it(`act the same, and refuse in the same words with the same code, from line ${at}`, {
      timeout: 175_000,
    }, async () => {
      const differences: string[] = [];
      for (const line of lines)
        differences.push(...compare(line, await run('docker', line), await run(wharfProgram, line)));
      assert.equal(differences.join('\n'), '');
    });

  for (const [at, lines] of parts(creating, 15))
    it(`create the same containers by the same flags, from line ${at}`, { timeout: 175_000 }, async () => {
      const differences: string[] = [];
      for (const flags of lines) {
        const seen = await Promise.all(
          ['docker', wharfProgram].map(async (program, index) => {
            const { code, error } = await run(program, `create --name by-${index} ${flags} busybox true a`);
            return { code, error, made: comparable((await run(wharfProgram, `inspect by-${index}`)).stdout) };
          }),
        );
        await ok('rm -f by-0 by-1');
        try {
          assert.deepEqual(seen[1], seen[0]);
          assert.match(JSON.stringify(seen[0]), /"code":0/);
        } catch (thrown) {
          differences.push(`${flags}\n${thrown instanceof Error ? thrown.message : thrown}`);
        }
      }
      assert.equal(differences.join('\n'), '');
    });
});

function parts(lines: readonly string[], size: number): [at: number, lines: readonly string[]][] {
  return lines.flatMap((_, at) => (at % size === 0 ? [[at + 1, lines.slice(at, at + size)]] : []));
}

/** Without what differs from one moment to the next. */
function steady(stdout: string): string {
  return stdout
    .replace(/(?:Less than a second|About an? \w+|\d+ (?:second|minute)s?)(?= ago|\b)/g, 'A while')
    .replace(/^HOSTNAME=[0-9a-f]{12}$/m, 'HOSTNAME=ID')
    .replace(/ +/g, ' ')
    .replace(/[ \r]+$/gm, '');
}

/** The first sentence, without who says it. */
function sentenceOf(stderr: string): string {
  const lines = stderr
    .replaceAll('wharf', 'docker')
    .split('\n')
    .filter(
      (line) =>
        !/^(?:hint: |Run 'docker|Usage:|See '|Unable to find image|DEPRECATED|\s|$)/.test(line) &&
        !/^\S+: (?:Pulling|Pull complete|Verifying|Download)|^(?:Digest|Status): /.test(line),
    );
  return (lines[0] ?? '')
    .replace(/^(?:docker: )?(?:Error: |Error response from daemon: )?/, '')
    .replace(/[0-9a-f]{64}/g, 'ID');
}

/** What `inspect` tells of a container, without what every container has for itself. */
function comparable(inspected: string): unknown {
  const own =
    /^(?:Id|Name|Created|LogPath|Hostname|HostnamePath|HostsPath|ResolvConfPath|GraphDriver|State|SandboxID|SandboxKey|MacAddress|NetworkID|EndpointID|DNSNames)$/;
  return JSON.parse(inspected, (key, value) => {
    if (own.test(key) && key !== 'Hostname') return undefined;
    if (key === 'DriverConfig' && Object.keys(value).length === 0) return undefined;
    // These come from a map whose order is another each time.
    if (key === 'Binds' || key === 'Mounts' || key === 'Env')
      return value?.toSorted((a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    return typeof value === 'string' ? value.replace(/^[0-9a-f]{12}(?:[0-9a-f]{52})?$/, 'ID') : value;
  });
}
