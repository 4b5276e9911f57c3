// Builds for several platforms: the index, its way to registries and archives, and programs of another architecture.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { hostPlatform } from '#shared/oci/platform.ts';
import type { Descriptor, ImageConfig, Index, Manifest } from '#shared/oci/specs.ts';
import { type BuildLab, openBuildLab } from './build-room.ts';
import { serveIn } from './hub-fixture.ts';

const here = hostPlatform().architecture;
const other = here === 'amd64' ? 'arm64' : 'amd64';
const both = `linux/${here},linux/${other}`;
const work = mkdtempSync(join(tmpdir(), 'wharf-platforms-'));
let lab: BuildLab;
let hub: Awaited<ReturnType<typeof serveIn>>;

before(async () => {
  lab = await openBuildLab();
  hub = await serveIn(join(work, 'hub'));
});
after(async () => {
  assert.deepEqual(lab.mountsInside(), []);
  assert.deepEqual(lab.snapshots.ids(), []);
  await hub[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

const cross = [
  'FROM --platform=$BUILDPLATFORM busybox AS build',
  'RUN echo once > /once',
  'ARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM',
  'RUN echo "$TARGETPLATFORM $TARGETOS $TARGETARCH ${TARGETVARIANT:-none} $BUILDPLATFORM" > /out',
  'FROM scratch',
  'COPY --from=build /once /out /',
  'COPY a /a',
  '',
].join('\n');

/** A folder with the layout that the build of a session made. */
async function layoutOf(session: string): Promise<string> {
  const dir = mkdtempSync(join(work, 'layout-'));
  const tar = await buffer(lab.build.fetchOutput(session, 'archive'));
  execFileSync('tar', ['-x', '-C', dir], { input: tar });
  return dir;
}

const blob = (dir: string, { digest }: Descriptor): Buffer =>
  readFileSync(join(dir, 'blobs', digest.replace(':', '/')));
const json = <T>(bytes: Buffer): T => JSON.parse(bytes.toString('utf8'));

/** Of each platform of a layout: its configuration, and what is in one of its files. */
function lookInto(dir: string, file: string): Record<string, { config: ImageConfig; text: string }> {
  const top = json<Index>(readFileSync(join(dir, 'index.json'))).manifests[0];
  assert.ok(top);
  const found = json<Index>(blob(dir, top)).manifests.map((each) => {
    const { config, layers } = json<Manifest>(blob(dir, each));
    const texts = layers.map((layer) => {
      assert.equal(blob(dir, layer).readUInt32LE(4), 0, 'the time of the compression is in the layer');
      const names = execFileSync('tar', ['-tz'], { input: blob(dir, layer) })
        .toString()
        .split('\n');
      return names.includes(file)
        ? execFileSync('tar', ['-xzO', file], { input: blob(dir, layer) }).toString()
        : '';
    });
    const { os, architecture, variant = '' } = each.platform ?? {};
    const name = `${os}/${architecture}${variant && `/${variant}`}`;
    return [name, { config: json<ImageConfig>(blob(dir, config)), text: texts.join('') }] as const;
  });
  return Object.fromEntries(found);
}

test('every platform has its arguments, and what they share is done once', async () => {
  const session = lab.build.openSession({ outputs: ['image', 'archive', 'files'] });
  const { output, image, error } = await lab.run({
    files: { Dockerfile: cross, a: 'a' },
    platform: `linux/${here},linux/${other},linux/arm`,
    tags: ['multi:1'],
    noCache: true,
    session,
  });
  assert.ok(image, `${error?.message}\n${output}`);
  assert.match(output, new RegExp(`Step 7/21 : \\[linux/${here}\\] COPY a /a`));
  assert.match(output, /Step 21\/21 : \[linux\/arm\/v7\] COPY a \/a/);
  // One for all, and the second one, which sees the arguments, for each.
  assert.equal(output.match(/---> Running in/g)?.length, 4, output);
  assert.equal(image.config.architecture, here);
  assert.deepEqual(image.tags, ['multi:1']);
  const platforms = lookInto(await layoutOf(session), 'out');
  assert.deepEqual(Object.keys(platforms), [`linux/${here}`, `linux/${other}`, 'linux/arm/v7']);
  for (const [name, { config, text }] of Object.entries(platforms)) {
    const [os, architecture, variant = 'none'] = name.split('/');
    assert.equal(config.architecture, architecture);
    assert.equal(text, `${name} ${os} ${architecture} ${variant} linux/${here}\n`);
  }
  const names = execFileSync('tar', ['-t'], {
    input: await buffer(lab.build.fetchOutput(session, 'files')),
  });
  for (const folder of [`linux_${here}`, `linux_${other}`, 'linux_arm_v7'])
    for (const file of ['a', 'once', 'out'])
      assert.match(`\n${names}`, new RegExp(`\n(\\./)?${folder}/${file}\n`));
  await lab.build.endSession(session);
});

test('the same inputs are the same index, out of the cache', async () => {
  const request = {
    files: { Dockerfile: cross, a: 'a' },
    platform: both,
    buildArgs: { SOURCE_DATE_EPOCH: '1700000000' },
  };
  const digests: (string | undefined)[] = [];
  for (const tag of ['same:1', 'same:2', 'same:1']) {
    const { index } = await lab.build.run({
      ...request,
      context: { dir: lab.context(request.files) },
      tags: [tag],
    });
    digests.push(index);
  }
  assert.match(String(digests[0]), /^sha256:/);
  assert.deepEqual(digests, [digests[0], digests[0], digests[0]]);
});

test('an index that is only fetched leaves no image; Dockerfiles without RUN need no emulator', async () => {
  const session = lab.build.openSession({ outputs: ['archive'] });
  const before = lab.images.all().length;
  await lab.build.run({
    context: { dir: lab.context({ Dockerfile: 'FROM scratch\nCOPY b /b\n', b: 'b' }) },
    platform: 'linux/s390x,linux/riscv64',
    tags: ['passing:1'],
    session,
  });
  const dir = await layoutOf(session);
  assert.deepEqual(Object.keys(lookInto(dir, 'b')), ['linux/s390x', 'linux/riscv64']);
  const [top] = json<Index>(readFileSync(join(dir, 'index.json'))).manifests;
  assert.equal(top?.annotations?.['io.containerd.image.name'], 'docker.io/library/passing:1');
  await lab.build.endSession(session);
  assert.equal(lab.images.all().length, before);
});

/** The Hub runs in this process: whoever waits for skopeo must let it answer. */
async function pushedIndex(name: string): Promise<Index> {
  const words = ['inspect', '--raw', '--tls-verify=false', `docker://${name}`];
  return JSON.parse((await promisify(execFile)('skopeo', words)).stdout);
}

test('pushed whole, pulled by platform, and the base of other builds', async () => {
  const name = `${new URL(hub.url).host}/team/base:1`;
  const files = {
    Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /arch\n',
    [here]: here,
    [other]: other,
  };
  const { image, error } = await lab.run({ files, platform: both, tags: [name] });
  assert.ok(image, error?.message);
  const digest = await lab.images.push({ reference: name });
  const index = await pushedIndex(name);
  assert.deepEqual(
    index.manifests.map(({ platform }) => platform),
    [here, other].map((architecture) => ({ architecture, os: 'linux' })),
  );
  const onTop = async (): Promise<Record<string, { text: string }>> => {
    const session = lab.build.openSession({ outputs: ['archive'] });
    const dockerfile = `FROM ${name} AS a\nCOPY x /x\nFROM scratch\nCOPY --from=a / /\nCOPY --from=${name} /arch /again\n`;
    const outcome = await lab.run({
      files: { Dockerfile: dockerfile, x: 'x' },
      platform: both,
      session,
    });
    assert.equal(outcome.error, undefined, outcome.output);
    const dir = await layoutOf(session);
    await lab.build.endSession(session);
    assert.deepEqual(
      Object.values(lookInto(dir, 'again')).map(({ text }) => text),
      [here, other],
    );
    return lookInto(dir, 'arch');
  };
  const expected = [here, other];
  const textsOf = (found: Record<string, { text: string }>): string[] =>
    Object.values(found).map(({ text }) => text);
  // From what is here: the index has the other platform's blobs, and nothing is pulled.
  assert.deepEqual(textsOf(await onTop()), expected);
  await lab.images.remove(name, { force: true });
  for (const left of lab.images.all().filter(({ repoDigests }) => repoDigests.join().includes('team/base')))
    await lab.images.remove(left.id, { force: true });
  // From the registry. The name stays with the image that runs here.
  assert.deepEqual(textsOf(await onTop()), expected);
  assert.equal(lab.images.resolve(name).config.architecture, here);
  assert.ok(lab.images.resolve(name).repoDigests.some((each) => each.endsWith(digest)));
  assert.deepEqual(textsOf(await onTop()), expected);
});

test('a RUN for a machine that nothing here stands for names it, the line, and what to install', async () => {
  const dockerfile = 'FROM scratch\nCOPY a /a\nRUN ["/bin/program", "x"]\n';
  const { error } = await lab.run({
    files: { Dockerfile: dockerfile, a: 'a' },
    platform: `linux/${here},linux/loong64`,
    target: '',
  });
  assert.match(String(error?.message), /Dockerfile:3: RUN/);
  const onlyOther = await lab.run({ files: { Dockerfile: dockerfile, a: 'a' }, platform: 'linux/loong64' });
  const { message, hint } = onlyOther.error ?? {};
  assert.match(
    String(message),
    /Dockerfile:3: RUN \["\/bin\/program", "x"\]: cannot run programs of linux\/loong64 on/,
  );
  assert.match(String(hint), /qemu-user-static/);
});

test('a platform that is none is refused', async () => {
  const { error } = await lab.run({
    files: { Dockerfile: 'FROM scratch\nCOPY a /a\n', a: 'a' },
    platform: 'linux/amd64,no such',
  });
  assert.match(String(error?.message), /unknown operating system or architecture/);
});

const binfmt = '/proc/sys/fs/binfmt_misc';

/** Whether this test had to mount it; undefined where there is no such thing. */
function openBinfmt(): { wasThere: boolean } | undefined {
  if (existsSync(join(binfmt, 'register'))) return { wasThere: true };
  try {
    execFileSync('mount', ['-t', 'binfmt_misc', 'binfmt_misc', binfmt], { stdio: 'ignore' });
    return { wasThere: false };
  } catch {
    return undefined;
  }
}

test('with an emulator registered, programs of another architecture run', async (context) => {
  const opened = openBinfmt();
  if (opened === undefined) {
    context.skip('this kernel has no binfmt_misc, or none to be mounted here');
    return;
  }
  // Stands for an emulator: it is called as `echo PROGRAM ARGUMENTS`, since busybox goes by its name.
  mkdirSync(join(work, 'emulator'));
  const emulator = join(work, 'emulator', 'echo');
  copyFileSync('/usr/bin/busybox', emulator);
  const name = `wharf-test-${process.pid}`;
  const magic = '\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\x02\\x01';
  const mask =
    '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff';
  writeFileSync(join(binfmt, 'register'), `:${name}:M::${magic}:${mask}:${emulator}:F`);
  try {
    const program = Buffer.alloc(128);
    Buffer.from('7f454c4602010100000000000000000002000201', 'hex').copy(program);
    const { output, error } = await lab.run({
      context: {
        dir: lab.context({
          Dockerfile:
            'FROM scratch\nCOPY --chmod=755 program /bin/program\nRUN ["/bin/program", "was emulated"]\n',
          program,
        }),
      },
      platform: 'linux/loong64',
    });
    assert.equal(error, undefined, output);
    assert.match(output, /\/bin\/program was emulated/);
  } finally {
    writeFileSync(join(binfmt, name), '-1');
    if (!opened.wasThere) execFileSync('umount', [binfmt]);
  }
});

test('a trigger of a base image brings the stage that it copies from', async () => {
  const base = await lab.run({
    files: { Dockerfile: 'FROM scratch\nONBUILD COPY --from=assets /word /word\nCOPY a /a\n', a: 'a' },
    tags: ['triggers:1'],
  });
  assert.equal(base.error, undefined, base.output);
  const dockerfile = [
    'FROM busybox AS before',
    'RUN echo word > /w',
    'FROM before AS assets',
    'RUN cp /w /word',
    'FROM busybox AS never',
    'RUN false',
    'FROM triggers:1',
    'COPY a /b',
    '',
  ].join('\n');
  const { image, output, error } = await lab.run({ files: { Dockerfile: dockerfile, a: 'a' } });
  assert.ok(image, `${error?.message}\n${output}`);
  assert.equal(lab.text(image, 'word'), 'word\n');
  const circle = await lab.run({
    files: { Dockerfile: 'FROM triggers:1 AS one\nFROM one AS assets\nCOPY a /word\n', a: 'a' },
  });
  assert.match(String(circle.error?.message), /circular dependency detected on stage: one/);
});

test('provenance is beside each image of the index, and tells in mode max what min leaves out', async () => {
  for (const provenance of ['min', 'max'] as const) {
    const session = lab.build.openSession({ outputs: ['archive'] });
    const dockerfile =
      'FROM --platform=$BUILDPLATFORM busybox AS a\nARG TOKEN\nFROM scratch\nCOPY --from=a /etc/passwd /p\n';
    const outcome = await lab.run({
      files: { Dockerfile: dockerfile },
      buildArgs: { TOKEN: 'told' },
      platform: both,
      tags: ['attested:1'],
      provenance,
      session,
    });
    assert.equal(outcome.error, undefined, outcome.output);
    const dir = await layoutOf(session);
    await lab.build.endSession(session);
    const [top] = json<Index>(readFileSync(join(dir, 'index.json'))).manifests;
    assert.ok(top);
    const [one, two, ofOne, ofTwo] = json<Index>(blob(dir, top)).manifests;
    assert.ok(one && two && ofOne && ofTwo);
    assert.deepEqual(ofTwo.platform, { architecture: 'unknown', os: 'unknown' });
    assert.equal(ofTwo.annotations?.['vnd.docker.reference.digest'], two.digest);
    assert.equal(ofOne.annotations?.['vnd.docker.reference.type'], 'attestation-manifest');
    const [layer] = json<Manifest>(blob(dir, ofOne)).layers;
    assert.equal(layer?.annotations?.['in-toto.io/predicate-type'], 'https://slsa.dev/provenance/v1');
    const text = blob(dir, layer).toString();
    const { subject, predicate } = JSON.parse(text);
    assert.deepEqual(subject, [
      {
        name: `pkg:docker/attested@1?platform=linux%2F${here}`,
        digest: { sha256: one.digest.slice(7) },
      },
    ]);
    const { resolvedDependencies, externalParameters } = predicate.buildDefinition;
    assert.deepEqual(
      resolvedDependencies.map(({ uri }: { uri: string }) => uri),
      [`pkg:docker/busybox@latest?platform=linux%2F${here}`],
    );
    assert.equal(externalParameters.configSource.path, 'Dockerfile');
    assert.equal(
      externalParameters.request.args['build-arg:TOKEN'],
      provenance === 'max' ? 'told' : undefined,
    );
    assert.equal(text.includes('told'), provenance === 'max');
    assert.equal(predicate.runDetails.metadata.buildkit_completeness.request, provenance === 'max');
  }
});

test('one platform with provenance is an index too, and its image runs as any', async () => {
  const name = `${new URL(hub.url).host}/team/attested:1`;
  const files = { Dockerfile: 'FROM scratch\nCOPY a /a\n', a: 'a' };
  const { image } = await lab.run({ files, tags: [name], provenance: 'min' });
  assert.equal(image && lab.text(image, 'a'), 'a');
  await lab.images.push({ reference: name });
  const index = await pushedIndex(name);
  assert.deepEqual(
    index.manifests.map(({ platform }) => platform?.architecture),
    [here, 'unknown'],
  );
});

test('layouts of an index load again', async () => {
  const session = lab.build.openSession({ outputs: ['archive'] });
  await lab.build.run({
    context: { dir: lab.context({ Dockerfile: 'FROM scratch\nCOPY c /c\n', c: 'c' }) },
    platform: both,
    tags: ['again:1'],
    session,
  });
  const tar = await buffer(lab.build.fetchOutput(session, 'archive'));
  await lab.build.endSession(session);
  const [loaded] = await lab.images.load(Readable.from([tar]));
  assert.equal(loaded?.config.architecture, here);
  assert.deepEqual(loaded?.tags, ['again:1']);
  assert.equal(lab.text(loaded, 'c'), 'c');
});
