// What becomes of a build's result: folders, tars, archives, layouts, caches elsewhere; and contexts from everywhere.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { hostPlatform } from '#shared/oci/platform.ts';
import { wharfProgram as program } from '../wharf-program.ts';
import { TestDaemon } from './api-fixture.ts';
import { serveIn } from './hub-fixture.ts';
import { startRegistry } from './images-fixture.ts';

const work = mkdtempSync(join(tmpdir(), 'wharf-outputs-'));
const daemons: TestDaemon[] = [];
let first: TestDaemon;
let web: Server;
let site: string;

interface Ran {
  code: number | null;
  stdout: Buffer;
  stderr: string;
  all: string;
}

async function wharf(daemon: TestDaemon, args: string[], stdin?: Buffer): Promise<Ran> {
  const child = spawn(program, args, {
    cwd: work,
    env: { ...process.env, DOCKER_HOST: `unix://${daemon.socket}` },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const [stdout, stderr, [code]] = await Promise.all([
    buffer(child.stdout),
    buffer(child.stderr),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr: stderr.toString(), all: stdout.toString() + stderr.toString() };
}

async function built(daemon: TestDaemon, ...args: string[]): Promise<Ran> {
  const ran = await wharf(daemon, ['build', ...args]);
  assert.equal(ran.code, 0, ran.all);
  return ran;
}

/** Every engine has the same base image: the first makes it, the others load it. */
async function openDaemon(): Promise<TestDaemon> {
  const daemon = new TestDaemon(undefined, daemons.length);
  daemons.push(daemon);
  await daemon.start();
  const base = join(work, 'base.tar');
  if (!existsSync(base)) {
    writeFileSync(join(work, 'small.tar'), daemon.baseTree());
    assert.equal((await wharf(daemon, ['import', 'small.tar', 'small:1'])).code, 0);
    assert.equal((await wharf(daemon, ['save', '-o', base, 'small:1'])).code, 0);
  } else assert.equal((await wharf(daemon, ['load', '-i', base])).code, 0);
  return daemon;
}

function contextOf(name: string, files: Record<string, string>): string {
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(work, name, file)), { recursive: true });
    writeFileSync(join(work, name, file), content);
  }
  return name;
}

before(async () => {
  first = await openDaemon();
  web = createServer((request, response) => {
    const path = join(work, 'www', (request.url ?? '').split('?')[0] ?? '');
    if (existsSync(path) && statSync(path).isFile()) response.end(readFileSync(path));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  site = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  mkdirSync(join(work, 'www'));
});
after(async () => {
  web?.close();
  for (const daemon of daemons) await daemon[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

const simple = { Dockerfile: 'FROM scratch\nCOPY a /out/a\nCOPY a /b\n', a: 'content of a' };

test('a folder', async () => {
  const context = contextOf('one', simple);
  await built(first, '-o', 'folder', context);
  assert.equal(readFileSync(join(work, 'folder/out/a'), 'utf8'), 'content of a');
  assert.deepEqual(readdirSync(join(work, 'folder')).sort(), ['b', 'out']);
  const images = await wharf(first, ['images', '-aq']);
  assert.equal(images.stdout.toString().trim().split('\n').length, 1, 'no image was recorded');
});

test('a tar to stdout, progress beside it; and to a file', async () => {
  const context = contextOf('one', simple);
  const { stdout, stderr } = await built(first, '-o', '-', context);
  const names = execFileSync('tar', ['-t'], { input: stdout }).toString().split('\n').sort();
  assert.deepEqual(
    names.filter((name) => name !== ''),
    ['b', 'out/', 'out/a'],
  );
  assert.match(stderr, /Step 1\/3 : FROM scratch/);
  await built(first, '--output', 'type=tar,dest=files.tar', context);
  assert.match(execFileSync('tar', ['-tf', join(work, 'files.tar')]).toString(), /out\/a/);
});

test('archives: docker to load again, oci as a tar and as a layout; nothing is left among the images', async () => {
  const context = contextOf('one', simple);
  await built(first, '-t', 'archived:1', '-o', 'type=docker,dest=docker.tar', context);
  assert.equal((await wharf(first, ['image', 'inspect', 'archived:1'])).code, 1);
  const loaded = await wharf(first, ['load', '-i', 'docker.tar']);
  assert.match(loaded.all, /Loaded image: archived:1/);
  await wharf(first, ['rmi', 'archived:1']);
  await built(
    first,
    '-t',
    'archived:2',
    '-o',
    'type=oci,dest=layout,tar=false',
    '-o',
    'type=oci,dest=oci.tar',
    context,
  );
  const index = JSON.parse(readFileSync(join(work, 'layout/index.json'), 'utf8'));
  assert.equal(index.manifests[0].annotations['org.opencontainers.image.ref.name'], '2');
  assert.match(execFileSync('tar', ['-tf', join(work, 'oci.tar')]).toString(), /oci-layout/);
  assert.equal((await wharf(first, ['images', '-aq'])).stdout.toString().trim().split('\n').length, 1);
});

test('an image and a folder at once, with its id and metadata in files', async () => {
  const context = contextOf('one', simple);
  const flags = [
    '-o',
    'type=image,name=both:1',
    '-o',
    'both',
    '--iidfile',
    'id',
    '--metadata-file',
    'meta.json',
  ];
  await built(first, ...flags, context);
  assert.ok(existsSync(join(work, 'both/b')));
  const id = readFileSync(join(work, 'id'), 'utf8');
  const shown = JSON.parse((await wharf(first, ['image', 'inspect', 'both:1'])).stdout.toString());
  assert.equal(shown[0].Id, id);
  const metadata = JSON.parse(readFileSync(join(work, 'meta.json'), 'utf8'));
  assert.deepEqual(metadata, {
    'containerimage.config.digest': id,
    'containerimage.digest': id,
    'image.name': 'both:1',
  });
});

test('what is wrong in --output and its kin is said', async () => {
  const context = contextOf('one', simple);
  const wrong: [string[], RegExp][] = [
    [['-o', 'type=locl,dest=x'], /did you mean local/],
    [['-o', 'type=local'], /needs dest=DIRECTORY/],
    [['-o', 'type=tar,dst=x'], /unknown key dst \(did you mean dest\?\)/],
    [['--progress', 'plan'], /did you mean plain/],
    [['--cache-to', 'type=locl,dest=x'], /did you mean local/],
    [['--cache-to', 'type=registry'], /needs ref=NAME/],
    [['--cache-from', 'type=local'], /needs src=DIRECTORY/],
    [['--push', '-o', 'type=image'], /tag is needed when pushing/],
    [['--build-context', 'x=nowhere'], /nowhere is not a directory/],
    [['--security-opt', 'seccomp=x'], /does not support setting security options on build/],
  ];
  for (const [flags, message] of wrong) {
    const ran = await wharf(first, ['build', ...flags, context]);
    assert.notEqual(ran.code, 0, flags.join(' '));
    assert.match(ran.all, message);
  }
});

test('--check: findings with their lines, and the exit code', async () => {
  const context = contextOf('checked', { Dockerfile: 'FROM small:1\nMAINTAINER me\nCMD echo hi\n' });
  const found = await wharf(first, ['build', '--check', context]);
  assert.equal(found.code, 1);
  assert.match(found.all, /2 warnings have been found!/);
  assert.match(
    found.all,
    /WARNING: JSONArgsRecommended - [\s\S]*Dockerfile:3\n-+\n[\s\S]* {3}3 \| >>> CMD echo hi/,
  );
  const right = contextOf('right', { Dockerfile: 'FROM small:1\nCMD ["echo", "hi"]\n' });
  const none = await wharf(first, ['build', '--call=check', right]);
  assert.equal(none.code, 0, none.all);
  assert.match(none.all, /no warnings found/);
  const warned = await built(first, context);
  assert.match(warned.all, / 2 warnings found [\s\S]* - MaintainerDeprecated: .* \(line 2\)\n/);
  const strict = contextOf('strict', { Dockerfile: '# check=error=true\nFROM small:1\nCMD echo hi\n' });
  const stopped = await wharf(first, ['build', strict]);
  assert.notEqual(stopped.code, 0);
  assert.match(stopped.all, /lint violation found for rules: JSONArgsRecommended/);
  await built(first, '--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=skip=all', strict);
});

test('rawjson: every line is a status object, every step is begun and completed', async () => {
  const ran = await built(first, '--progress', 'rawjson', '--no-cache', contextOf('one', simple));
  const lines = ran.stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const vertexes = lines.flatMap(({ vertexes: each }) => each ?? []);
  const done = vertexes.filter(({ completed }) => completed !== undefined).map(({ name }) => name);
  assert.ok(done.includes('[2/3] COPY a /out/a'), done.join('\n'));
  const quiet = await built(first, '--progress', 'quiet', contextOf('one', simple));
  assert.equal(quiet.all, '');
});

test('contexts: a tar and a Dockerfile on stdin, a tar and a Dockerfile by URL, a Dockerfile of a URL', async () => {
  const context = contextOf('one', simple);
  const tar = execFileSync('tar', ['-C', join(work, context), '-cz', '.']);
  assert.equal((await wharf(first, ['build', '-'], tar)).code, 0);
  writeFileSync(join(work, 'www/context.tar.gz'), tar);
  writeFileSync(join(work, 'www/Alone'), 'FROM scratch\nLABEL alone=1\n');
  await built(first, `${site}/context.tar.gz`);
  await built(first, '-t', 'alone:1', `${site}/Alone`);
  const shown = JSON.parse((await wharf(first, ['image', 'inspect', 'alone:1'])).stdout.toString());
  assert.equal(shown[0].Config.Labels.alone, '1');
  await built(first, '-f', `${site}/Alone`, context);
  const text = Buffer.from('FROM scratch\nCOPY a /from-stdin\n');
  assert.equal((await wharf(first, ['build', '-f', '-', context], text)).code, 0);
  const missing = await wharf(first, ['build', `${site}/nope`]);
  assert.match(missing.all, /failed to fetch remote context .*\/nope: server answered 404/);
});

test('contexts of git: a branch and a folder of it; named too', async () => {
  const repository = join(work, 'repository');
  mkdirSync(join(repository, 'sub'), { recursive: true });
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: repository,
      stdio: 'pipe',
    });
  git('init', '-q', '-b', 'main');
  writeFileSync(join(repository, 'sub/Dockerfile'), 'FROM scratch\nCOPY file /f\n');
  writeFileSync(join(repository, 'sub/file'), 'from git');
  git('add', '.');
  git('commit', '-q', '-m', 'one');
  execFileSync('git', ['clone', '-q', '--bare', repository, join(work, 'www/r.git')]);
  execFileSync('git', ['update-server-info'], { cwd: join(work, 'www/r.git') });
  await built(first, '-o', 'git-out', `${site}/r.git#main:sub`);
  assert.equal(readFileSync(join(work, 'git-out/f'), 'utf8'), 'from git');
  await built(first, '-o', 'git-out2', `${site}/r.git?branch=main&subdir=sub`);
  assert.equal(readFileSync(join(work, 'git-out2/f'), 'utf8'), 'from git');
  const named = contextOf('named', { Dockerfile: 'FROM scratch\nCOPY --from=src sub/file /g\n' });
  await built(first, '-o', 'git-out3', '--build-context', `src=${site}/r.git`, named);
  assert.equal(readFileSync(join(work, 'git-out3/g'), 'utf8'), 'from git');
});

test('named contexts in place of images and stages: files, another image, a layout, a URL', async () => {
  const base = contextOf('base', { hello: 'from the folder' });
  const context = contextOf('replaced', {
    Dockerfile: 'FROM alpine AS one\nFROM one\nCOPY --from=two /b /two\n',
  });
  await built(first, '-t', 'two:1', '--build-context', 'x=one', contextOf('one', simple));
  const image = 'two=docker-image://two:1';
  await built(first, '-o', 'r1', '--build-context', `alpine=${base}`, '--build-context', image, context);
  assert.equal(readFileSync(join(work, 'r1/hello'), 'utf8'), 'from the folder');
  assert.equal(readFileSync(join(work, 'r1/two'), 'utf8'), 'content of a');
  await built(first, '-o', 'r2', '--build-context', `one=${base}`, '--build-context', image, context);
  assert.equal(readFileSync(join(work, 'r2/hello'), 'utf8'), 'from the folder');
  await built(first, '-t', 'laid:7', '-o', 'type=oci,dest=laid,tar=false', contextOf('one', simple));
  const layout = contextOf('of-layout', { Dockerfile: 'FROM base\nCOPY --from=base /b /again\n' });
  await built(first, '-o', 'r3', '--build-context', 'base=oci-layout://laid:7', layout);
  assert.equal(readFileSync(join(work, 'r3/again'), 'utf8'), 'content of a');
  assert.equal((await wharf(first, ['image', 'inspect', 'laid:7'])).code, 1, 'the layout gave no tag');
  const none = await wharf(first, ['build', '--build-context', 'base=oci-layout://laid:8', layout]);
  assert.match(none.all, /laid has no image 8/);
});

test('a layout of several platforms is the base of each', async () => {
  const make = contextOf('arches', {
    Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY a /$TARGETARCH\n',
    a: 'a',
  });
  const both = ['--platform', 'local,linux/s390x'];
  await built(first, ...both, '-t', 'arch:1', '-o', 'type=oci,dest=arches-layout,tar=false', make);
  const use = contextOf('of-arches', { Dockerfile: 'FROM base\nCOPY --from=base / /again/\n' });
  const named = ['--build-context', 'base=oci-layout://arches-layout:1'];
  await built(first, ...both, ...named, '-o', 'of-both', use);
  const { architecture } = hostPlatform();
  assert.ok(existsSync(join(work, `of-both/linux_${architecture}/again/${architecture}`)));
  assert.ok(existsSync(join(work, 'of-both/linux_s390x/again/s390x')));
  await built(
    first,
    '--platform',
    'linux/s390x',
    '-t',
    'foreign:1',
    '-o',
    'type=oci,dest=foreign,tar=false',
    make,
  );
  const foreign = ['--build-context', 'base=oci-layout://foreign'];
  await built(first, '--platform', 'linux/s390x', ...foreign, '-o', 'of-one', use);
  assert.ok(existsSync(join(work, 'of-one/again/s390x')));
});

const cached = {
  Dockerfile:
    'FROM small:1 AS tool\nRUN echo tool > /tool\nFROM small:1\nRUN echo slow > /slow\nCOPY --from=tool /tool /tool\nCOPY a /a\n',
  a: 'a',
};

/** A second engine builds the same and runs nothing. */
async function takesAll(second: TestDaemon, from: string, context: string): Promise<string> {
  const ran = await built(second, '--cache-from', from, '-t', 'cached:1', context);
  assert.equal(ran.all.match(/Using cache/g)?.length, 4, ran.all);
  assert.doesNotMatch(ran.all, /Running in/);
  return JSON.parse((await wharf(second, ['image', 'inspect', 'cached:1'])).stdout.toString())[0].Id;
}

test('a cache in a folder, in the Hub, in another registry, and in the image', async (t) => {
  const context = contextOf('cached', cached);
  await using hub = await serveIn(work);
  const ref = `${hub.url.replace('http://', '')}/team/cache:main`;
  const to = [
    '--cache-to',
    'type=local,dest=cache,mode=max',
    '--cache-to',
    `type=registry,ref=${ref},mode=max`,
  ];
  await built(first, '-t', 'cached:1', ...to, context);
  const [{ Id: id }] = JSON.parse((await wharf(first, ['image', 'inspect', 'cached:1'])).stdout.toString());
  for (const from of ['type=local,src=cache', `type=registry,ref=${ref}`]) {
    const second = await openDaemon();
    assert.equal(await takesAll(second, from, context), id, from);
  }
  await t.test('in the image: what it is made of itself', async () => {
    const name = `${hub.url.replace('http://', '')}/team/inline:1`;
    const inline = contextOf('inline', {
      Dockerfile: 'FROM small:1\nRUN echo slow > /slow\nCOPY a /a\n',
      a: 'a',
    });
    await built(first, '-t', name, '--cache-to', 'type=inline', '--push', inline);
    const third = await openDaemon();
    const ran = await built(third, '--cache-from', name, inline);
    assert.equal(ran.all.match(/Using cache/g)?.length, 2, ran.all);
  });
  await t.test('what cannot be read is said, and the build goes on', async () => {
    const ran = await built(first, '--cache-from', `${hub.url.replace('http://', '')}/team/none:1`, context);
    assert.match(ran.all, /\[Warning\] no cache from .*\/team\/none:1: /);
  });
});

test('docker-registry takes a cache and gives it back', { skip: registrySkip() }, async () => {
  await using registry = await startRegistry(work);
  const context = contextOf('cached', cached);
  const ref = `${registry.host}/cache:1`;
  await built(first, '--cache-to', `type=registry,ref=${ref},mode=max`, context);
  await takesAll(await openDaemon(), ref, context);
});

function registrySkip(): string | false {
  return existsSync('/usr/bin/docker-registry') ? false : 'needs docker-registry';
}
