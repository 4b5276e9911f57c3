// Dockerfiles on the real kernel: for each the files and the config that Docker's builder would make of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ImageRunConfig } from '#shared/oci/specs.ts';
import { type BuildLab, type Outcome, openBuildLab } from './build-room.ts';

let lab: BuildLab;
before(async () => {
  lab = await openBuildLab();
});
after(async () => {
  try {
    assert.deepEqual(lab.mountsInside(), []);
    assert.deepEqual(lab.snapshots.ids(), []);
  } finally {
    await lab[Symbol.asyncDispose]();
  }
});

interface Case {
  name: string;
  dockerfile: string;
  files?: Record<string, string | Buffer>;
  request?: Parameters<BuildLab['run']>[0];
  /** Path to `type mode uid:gid link`; undefined: not there. */
  expect?: Record<string, string | undefined>;
  config?: Partial<ImageRunConfig>;
  output?: RegExp;
}

const cases: Case[] = [
  {
    name: 'COPY of a file to a file, a directory, a new directory',
    dockerfile: 'FROM busybox\nCOPY a /x\nCOPY a /tmp\nCOPY a /new/dir/\nCOPY a /new/name\n',
    files: { a: 'A' },
    expect: {
      x: 'f 644 0:0',
      'tmp/a': 'f 644 0:0',
      'new/dir/a': 'f 644 0:0',
      'new/name': 'f 644 0:0',
      new: 'd 755 0:0',
    },
  },
  {
    name: 'COPY of a directory copies what is in it',
    dockerfile: 'FROM busybox\nCOPY src /app\nCOPY src/ /b/\n',
    files: { 'src/one': '1', 'src/sub/two': '2', 'src/link': '@one' },
    expect: {
      'app/one': 'f 644 0:0',
      'app/sub/two': 'f 644 0:0',
      'b/link': 'l 777 0:0 one',
      'app/src': undefined,
    },
  },
  {
    name: 'WORKDIR, wildcards, several sources, JSON form',
    dockerfile: 'FROM busybox\nWORKDIR /w\nCOPY *.txt ./\nCOPY ["with space", "c?", "d/"]\n',
    files: { 'a.txt': 'a', 'b.txt': 'b', c1: 'c', 'with space': 's' },
    expect: {
      'w/a.txt': 'f 644 0:0',
      'w/b.txt': 'f 644 0:0',
      'w/d/with space': 'f 644 0:0',
      'w/d/c1': 'f 644 0:0',
    },
    config: { WorkingDir: '/w' },
  },
  {
    name: 'COPY --chown and --chmod, by name and by number',
    dockerfile:
      'FROM busybox\nCOPY --chown=app:staff --chmod=4750 a /x\nCOPY --chown=7 a /y\nCOPY --chown=7:8 d /z\n',
    files: { a: 'A', 'd/e': 'E' },
    expect: { x: 'f 4750 1000:1001', y: 'f 644 7:7', 'z/e': 'f 644 7:8', z: 'd 755 7:8' },
  },
  {
    name: 'COPY through a link inside the image stays inside it',
    dockerfile:
      'FROM busybox\nRUN ln -s /real /link && ln -s ../../../../../abs /up && mkdir /real\nCOPY a /link/x\nCOPY d /link\nCOPY a /up/y\n',
    files: { a: 'A', 'd/e': 'E' },
    expect: { 'real/x': 'f 644 0:0', 'real/e': 'f 644 0:0', 'abs/y': 'f 644 0:0', link: 'l 777 0:0 /real' },
  },
  {
    name: 'ADD unpacks local archives and copies other files',
    dockerfile:
      'FROM busybox\nADD t.tar t.tar.gz t.tar.xz t.tar.bz2 t.tar.zst /x/\nADD plain.gz /y/\nCOPY t.tar /z/\n',
    files: archives(),
    expect: {
      'x/plain/file': 'f 640 3:4',
      'x/gz/file': 'f 640 3:4',
      'x/xz/file': 'f 640 3:4',
      'x/bz2/file': 'f 640 3:4',
      'x/zst/file': 'f 640 3:4',
      'y/plain.gz': 'f 644 0:0',
      'z/t.tar': 'f 644 0:0',
    },
  },
  {
    name: 'multi-stage: COPY --from by name, by number, from an image; owners stay',
    dockerfile:
      'FROM busybox AS build\nRUN echo hi > /out && chown app /out && mkdir -p /d/e && touch /d/e/f\nFROM busybox AS unused\nRUN exit 9\nFROM scratch\nCOPY --from=build /out /a\nCOPY --from=0 /d /d\nCOPY --from=busybox:latest /etc/passwd /p\nCOPY --from=build --chown=5 /out /b\n',
    expect: { a: 'f 644 1000:0', 'd/e/f': 'f 644 0:0', p: 'f 644 0:0', b: 'f 644 5:5', etc: undefined },
    output: /Step 1\/7 : FROM busybox AS build/,
  },
  {
    name: 'a stage built on a stage has its files, config and ARGs',
    dockerfile:
      'FROM busybox AS one\nARG X=1\nENV E=2\nRUN touch /one\nFROM one\nRUN test "$X" = 1 && test "$E" = 2 && touch /two\n',
    expect: { one: 'f 644 0:0', two: 'f 644 0:0' },
  },
  {
    name: 'RUN: shell and exec form, SHELL, USER, WORKDIR, environment',
    dockerfile:
      'FROM busybox\nENV GREET="hello there"\nWORKDIR /w\nRUN test "$GREET" = "hello there" && test "$PWD" = /w && echo "got $GREET"\nRUN ["/bin/touch", "$GREET"]\nSHELL ["/bin/sh", "-ec"]\nUSER app\nRUN test "$(id -u):$(id -g)" = 1000:1001; test "$HOME" = /home/app; touch /tmp/mine\n',
    expect: { 'w/$GREET': 'f 644 0:0', 'tmp/mine': 'f 644 1000:1001' },
    config: { User: 'app', Shell: ['/bin/sh', '-ec'] },
    output: /got hello there/,
  },
  {
    name: 'RUN leaves no mount point behind in a root that has none',
    dockerfile:
      'FROM busybox AS b\nFROM scratch\nCOPY --from=b /bin /bin\nRUN ["/bin/busybox", "touch", "/made"]\n',
    expect: {
      made: 'f 644 0:0',
      etc: undefined,
      proc: undefined,
      sys: undefined,
      dev: undefined,
      run: undefined,
    },
  },
  {
    name: 'RUN leaves nothing behind a dangling /etc/resolv.conf',
    dockerfile: 'FROM busybox\nCOPY etc /etc\nRUN touch /made\n',
    files: { 'etc/resolv.conf': '@../run/stub/resolv.conf' },
    expect: {
      made: 'f 644 0:0',
      run: undefined,
      'etc/resolv.conf': 'l 777 0:0 ../run/stub/resolv.conf',
      'etc/hosts': undefined,
    },
  },
  {
    name: 'RUN: deletions and replaced directories',
    dockerfile: 'FROM busybox\nCOPY d /d\nRUN rm -r /d && mkdir /d && touch /d/new && rm /etc/group\n',
    files: { 'd/old': 'x' },
    expect: { 'd/new': 'f 644 0:0', 'd/old': undefined, 'etc/group': undefined },
  },
  {
    name: 'ARG: defaults, build arguments, scopes',
    dockerfile:
      'ARG BASE=busybox\nARG G=global\nFROM $BASE\nARG G\nARG D=default\nARG GIVEN=no\nENV FROM_ARG=$GIVEN\nRUN test "$G-$D-$GIVEN-$HTTP_PROXY" = "global-default-yes-p" && echo right\n',
    request: { buildArgs: { GIVEN: 'yes', HTTP_PROXY: 'p', NOBODY: 'x' } },
    output: /right[\s\S]*One or more build-args \[NOBODY\] were not consumed/,
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'FROM_ARG=yes'] },
  },
  {
    name: 'here-documents of RUN and COPY',
    dockerfile:
      'FROM busybox\nENV W=world\nRUN <<EOF\necho "one $W"\ntouch /ran\nEOF\nRUN <<"PROG"\n#!/bin/cat\nthe program\nPROG\nRUN cat <<A > /a && cat <<B > /b\nfirst\nA\nsecond\nB\nCOPY <<F <<\'Q\' /c/\nhello $W\nF\nraw $W\nQ\nRUN test "$(cat /a /b)" = "$(printf \'first\\nsecond\')" && cat /c/F /c/Q\n',
    expect: { ran: 'f 644 0:0', 'c/F': 'f 644 0:0', 'c/Q': 'f 644 0:0' },
    output: /one world[\s\S]*the program[\s\S]*hello world\nraw \$W/,
  },
  {
    name: 'all that only changes the config',
    dockerfile:
      'FROM busybox\nLABEL a=1 b="two words"\nEXPOSE 80 53/udp\nVOLUME /data\nSTOPSIGNAL SIGINT\nMAINTAINER me\nHEALTHCHECK --interval=5s CMD true\nENTRYPOINT ["/e"]\nCMD ["c", "d"]\nONBUILD RUN touch /triggered\n',
    request: { labels: { extra: 'x"$y' }, tags: ['trigger:1'] },
    config: {
      Labels: { a: '1', b: 'two words', extra: 'x"$y' },
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      Volumes: { '/data': {} },
      StopSignal: 'SIGINT',
      Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 5e9 },
      Entrypoint: ['/e'],
      Cmd: ['c', 'd'],
      OnBuild: ['RUN touch /triggered'],
    },
  },
  {
    name: 'triggers of the base image run first and are gone',
    dockerfile: 'FROM trigger:1\nRUN test -e /triggered\n',
    expect: { triggered: 'f 644 0:0' },
    output: /# Executing 1 build trigger\n/,
  },
  {
    name: 'the escape directive, comments, continuations, lower case',
    dockerfile:
      '# escape=`\n# a comment\nfrom busybox\nrun echo a `\n  # not told\n  b > /x\nenv A=C:\\dir\n',
    expect: { x: 'f 644 0:0' },
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'A=C:\\dir'] },
  },
  {
    name: '.dockerignore and a Dockerfile of another name',
    dockerfile: '',
    files: {
      'docker/Other': 'FROM busybox\nCOPY . /c\n',
      '.dockerignore': 'secret\n**/*.pyc\n!keep.pyc\n',
      secret: 's',
      'a/b.pyc': 'x',
      'keep.pyc': 'k',
    },
    request: { dockerfile: 'docker/Other' },
    expect: {
      'c/secret': undefined,
      'c/a/b.pyc': undefined,
      'c/keep.pyc': 'f 644 0:0',
      'c/docker/Other': 'f 644 0:0',
    },
  },
  {
    name: 'the target stage only',
    dockerfile: 'FROM busybox AS one\nRUN touch /one\nFROM one AS two\nRUN exit 1\n',
    request: { target: 'one' },
    expect: { one: 'f 644 0:0' },
  },
  {
    name: 'RUN without a network',
    dockerfile: 'FROM busybox\nRUN --network=none test "$(ip -o link | grep -c :)" = 1 && touch /alone\n',
    expect: { alone: 'f 644 0:0' },
  },
  {
    name: 'extra hosts, the default network and a private /proc',
    dockerfile:
      'FROM busybox\nRUN grep -q "10.9.8.7.*build.test" /etc/hosts && ip -o addr show eth0 && test "$$" = 1\n',
    request: { extraHosts: ['build.test:10.9.8.7'] },
    output: /inet 172\./,
  },
];

function archives(): Record<string, Buffer> {
  const made: Record<string, Buffer> = {};
  const kinds: Record<string, string[]> = { plain: [], gz: ['-z'], xz: ['-J'], bz2: ['-j'], zst: ['--zstd'] };
  for (const [kind, flags] of Object.entries(kinds)) {
    const script = `d=$(mktemp -d); mkdir $d/${kind}; echo x > $d/${kind}/file; chmod 640 $d/${kind}/file; tar -C $d --numeric-owner --owner=3 --group=4 ${flags.join(' ')} -c ${kind}; rm -r $d`;
    made[kind === 'plain' ? 't.tar' : `t.tar.${kind}`] = execFileSync('sh', ['-c', script]);
  }
  made['plain.gz'] = execFileSync('sh', ['-c', 'echo just text | gzip']);
  return made;
}

for (const each of cases) {
  test(each.name, async () => {
    const files = { ...(each.dockerfile === '' ? {} : { Dockerfile: each.dockerfile }), ...each.files };
    const outcome: Outcome = await lab.run({ ...each.request, files });
    assert.ok(outcome.image, `${outcome.error?.stack}\n${outcome.output}`);
    if (each.output !== undefined) assert.match(outcome.output, each.output);
    const found = each.expect === undefined ? {} : lab.files(outcome.image);
    for (const [path, what] of Object.entries(each.expect ?? {})) assert.equal(found[path], what, path);
    const config = outcome.image.config.config ?? {};
    for (const [field, value] of Object.entries(each.config ?? {}))
      assert.deepEqual(config[field as keyof ImageRunConfig], value, field);
  });
}

test('the main example: history and config as Docker writes them', async () => {
  const dockerfile =
    'FROM busybox\nEXPOSE 5000\nWORKDIR /app\nCOPY requirements.txt .\nRUN cat requirements.txt\nCOPY . .\nCMD ["flask", "run", "--host", "0.0.0.0"]\n';
  const { image, output } = await lab.run({
    files: { Dockerfile: dockerfile, 'requirements.txt': 'flask\n' },
    tags: ['app', 'other/app:2'],
  });
  assert.ok(image);
  const history = image.config.history
    ?.slice(1)
    .map((entry) => [entry.created_by, entry.empty_layer ?? false]);
  assert.deepEqual(history, [
    ['EXPOSE [5000/tcp]', true],
    ['WORKDIR /app', false],
    ['COPY requirements.txt . # buildkit', false],
    ['RUN /bin/sh -c cat requirements.txt # buildkit', false],
    ['COPY . . # buildkit', false],
    ['CMD ["flask" "run" "--host" "0.0.0.0"]', true],
  ]);
  assert.deepEqual(image.tags, ['app:latest', 'other/app:2']);
  assert.match(output, /^Step 1\/7 : FROM busybox\n ---> [0-9a-f]{12}\nStep 2\/7 : EXPOSE 5000\n/);
  assert.match(output, / ---> Running in [0-9a-f]{12}\nflask\n/);
  const short = image.id.slice(7, 19);
  assert.ok(
    output.endsWith(
      ` ---> ${short}\nSuccessfully built ${short}\nSuccessfully tagged app:latest\nSuccessfully tagged other/app:2\n`,
    ),
    output,
  );
});

test('ADD of a URL: the file, its time, and its checksum', async () => {
  const server = createServer((request, response) => {
    if (request.url !== '/dir/file.txt') response.writeHead(404).end();
    else response.writeHead(200, { 'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT' }).end('content');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const good = await lab.run({
      files: {
        Dockerfile: `FROM busybox\nADD ${base}/dir/file.txt /d/\nRUN test "$(stat -c %Y /d/file.txt)" = 1704067200`,
      },
    });
    assert.ok(good.image, String(good.error));
    assert.equal(lab.files(good.image)['d/file.txt'], 'f 600 0:0');
    const missing = await lab.run({ files: { Dockerfile: `FROM busybox\nADD ${base}/nope /d/` } });
    assert.match(missing.error?.message ?? '', /ADD failed: .*\/nope: server answered 404/);
    const sum = `sha256:${'0'.repeat(64)}`;
    const wrong = await lab.run({
      files: { Dockerfile: `FROM busybox\nADD --checksum=${sum} ${base}/dir/file.txt /d/` },
    });
    assert.match(wrong.error?.message ?? '', /digest mismatch/);
  } finally {
    server.close();
  }
});

test('a context as a tar stream', async () => {
  const dir = lab.context({ Dockerfile: 'FROM busybox\nCOPY . /c\n', 'a/b': 'x' });
  for (const flag of ['-c', '-cz']) {
    const { spawn } = await import('node:child_process');
    const tar = spawn('tar', ['-C', dir, flag, '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const { image, error } = await lab.run({ context: tar.stdout });
    assert.ok(image, String(error));
    assert.equal(lab.files(image)[join('c', 'a/b')], 'f 644 0:0');
  }
});

test('stages that do not need each other run at the same time, and are told in order', async () => {
  const stage = (name: string): string =>
    `FROM busybox AS ${name}\nRUN sleep 0.5; echo from-${name}; touch /${name}\n`;
  const dockerfile = `${stage('one')}${stage('two')}FROM scratch\nCOPY --from=one /one /\nCOPY --from=two /two /\n`;
  const { image, output } = await lab.run({ files: { Dockerfile: dockerfile }, tags: ['parallel:1'] });
  assert.ok(image);
  const { timeline } = lab.build.history.page('parallel:1');
  const [one, two] = [2, 4].map((number) => timeline.find((step) => step.number === number));
  assert.ok(one !== undefined && two !== undefined);
  assert.ok(one.startMs < two.endMs && two.startMs < one.endMs, JSON.stringify(timeline));
  assert.match(output, /from-one\n[\s\S]*Step 3\/7 : FROM busybox AS two[\s\S]*from-two\n/);
});
