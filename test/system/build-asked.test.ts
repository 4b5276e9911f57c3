// What our client asks of a Dockerfile without building it, and builds for several platforms from the command line.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { hostPlatform } from '#shared/oci/platform.ts';
import type { Descriptor, Index, Manifest } from '#shared/oci/specs.ts';
import { wharfProgram as program } from '../wharf-program.ts';
import { type Ran, TestDaemon } from './api-fixture.ts';
import { call, digestOf, ociIndex, serveIn } from './hub-fixture.ts';

const work = mkdtempSync(join(tmpdir(), 'wharf-asked-'));
const daemon = new TestDaemon();
before(() => daemon.start());
after(async () => {
  await daemon[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

async function wharf(...args: string[]): Promise<Ran> {
  const child = spawn(program, args, {
    cwd: work,
    env: { ...process.env, DOCKER_HOST: `unix://${daemon.socket}` },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr };
}

function contextOf(name: string, files: Record<string, string>): string {
  mkdirSync(join(work, name), { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(work, name, file), content);
  return name;
}

const dockerfile = `# VERSION is that of the tool
ARG VERSION=1
FROM scratch AS tools
ARG VERSION
COPY a /a
# app is what runs
FROM scratch AS app
COPY --from=tools /a /a
RUN --mount=type=secret,id=token,required true
`;

test('targets, outlines and checks, for people and for programs', async () => {
  const dir = contextOf('asked', { Dockerfile: dockerfile, a: 'a' });
  for (const verb of [['build'], ['buildx', 'build']]) {
    const targets = await wharf(...verb, '--call=targets', dir);
    assert.equal(targets.code, 0, targets.stderr);
    assert.equal(
      targets.stdout,
      'TARGET        DESCRIPTION\ntools         \napp (default) what runs\n'.replace('what', 'is what'),
    );
  }
  const outline = await wharf('build', '--call', 'outline', dir);
  assert.equal(
    outline.stdout,
    'TARGET:      app\nDESCRIPTION: is what runs\n\nBUILD ARG   VALUE   DESCRIPTION\nVERSION     1       is that of the tool\n\nSECRET   REQUIRED\ntoken    true\n\n',
  );
  const asJson = JSON.parse(
    (await wharf('build', '--call=outline,format=json', '--target', 'tools', dir)).stdout,
  );
  assert.equal(asJson.name, 'tools');
  assert.deepEqual(asJson.args, [
    {
      name: 'VERSION',
      value: '1',
      description: 'is that of the tool',
      location: { ranges: [{ start: { line: 2 }, end: { line: 2 } }] },
    },
  ]);
  assert.equal((await wharf('images', '-aq')).stdout, '', 'nothing was built');
});

test('what a check finds is its exit code, unless told otherwise', async () => {
  const dir = contextOf('checked', { Dockerfile: 'FROM scratch as Tools\nCOPY a /a\n', a: 'a' });
  const found = await wharf('build', '--call=check,format=json', dir);
  assert.equal(found.code, 1);
  const { warnings, sources } = JSON.parse(found.stdout);
  assert.deepEqual(warnings.map(({ ruleName }: { ruleName: string }) => ruleName).sort(), [
    'FromAsCasing',
    'StageNameCasing',
  ]);
  assert.equal(Buffer.from(sources[0].data, 'base64').toString(), 'FROM scratch as Tools\nCOPY a /a\n');
  assert.equal((await wharf('build', '--call=lint,ignorestatus=true', dir)).code, 0);
  assert.equal((await wharf('build', '--check', dir)).code, 1);
});

test('methods that there are not', async () => {
  const dir = contextOf('asked', { Dockerfile: dockerfile });
  const near = await wharf('build', '--call=outlin', dir);
  assert.notEqual(near.code, 0);
  assert.match(near.stderr, /--call=outlin is not supported \(did you mean outline\?\)/);
  assert.match((await wharf('build', '--call=check,format=xml', dir)).stderr, /invalid call format=xml/);
});

test('an index as a layout, folders and metadata; no archive of Docker’s', async () => {
  const here = hostPlatform().architecture;
  const dir = contextOf('many', {
    Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY a /$TARGETARCH\n',
    a: 'a',
  });
  const platforms = ['--platform', 'local,linux/s390x', '--platform', 'linux/riscv64'];
  const ran = await wharf(
    'build',
    ...platforms,
    '-t',
    'many:1',
    '-o',
    'type=oci,dest=many.tar',
    '-o',
    'folders',
    '--load',
    '--metadata-file',
    'many.json',
    '--iidfile',
    'many.id',
    dir,
  );
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  const index: Index = JSON.parse(
    execFileSync('tar', ['-xOf', join(work, 'many.tar'), 'index.json']).toString(),
  );
  const metadata = JSON.parse(readFileSync(join(work, 'many.json'), 'utf8'));
  assert.equal(index.manifests[0]?.digest, metadata['containerimage.digest']);
  assert.equal(metadata['containerimage.config.digest'], undefined);
  assert.deepEqual(readdirSync(join(work, 'folders')).sort(), [
    `linux_${here}`,
    'linux_riscv64',
    'linux_s390x',
  ]);
  assert.deepEqual(readdirSync(join(work, 'folders/linux_s390x')), ['s390x']);
  const inspected = await wharf('image', 'inspect', '--format', '{{.Architecture}} {{.Id}}', 'many:1');
  assert.equal(inspected.stdout, `${here} ${readFileSync(join(work, 'many.id'), 'utf8')}\n`);
  const docker = await wharf('build', ...platforms, '-o', 'type=docker,dest=x.tar', dir);
  assert.match(docker.stderr, /docker exporter does not currently support exporting manifest lists/);
});

test('an index goes whole to the registry', async () => {
  await using hub = await serveIn(join(work, 'hub'));
  const name = `${new URL(hub.url).host}/team/many:1`;
  const dir = contextOf('pushed', {
    Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY a /$TARGETARCH\n',
    a: 'a',
  });
  const flags = [
    '--platform',
    'linux/s390x,linux/riscv64',
    '-t',
    name,
    '--push',
    '--metadata-file',
    'pushed.json',
  ];
  const ran = await wharf('build', ...flags, dir);
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  const { body } = await call(hub.url, '/v2/team/many/manifests/1', { headers: { accept: ociIndex } });
  const { manifests }: Index = JSON.parse(body.toString());
  assert.deepEqual(
    manifests.map(({ platform }) => platform?.architecture),
    ['s390x', 'riscv64'],
  );
  const metadata = JSON.parse(readFileSync(join(work, 'pushed.json'), 'utf8'));
  assert.equal(metadata['containerimage.digest'], digestOf(body));
});

/** The index that a build put into the folder `one`, and its blobs. */
function layoutOne(): { manifests: Descriptor[]; blob(of: Descriptor): Manifest & Index } {
  const blob = ({ digest }: Descriptor): Manifest & Index =>
    JSON.parse(readFileSync(join(work, 'one/blobs', digest.replace(':', '/')), 'utf8'));
  const [top] = JSON.parse(readFileSync(join(work, 'one/index.json'), 'utf8')).manifests;
  return { manifests: blob(top).manifests ?? [], blob };
}

test('the bill of materials lists what the package managers of the image know', async () => {
  const dir = contextOf('packages', {
    Dockerfile:
      'FROM scratch\nCOPY status /var/lib/dpkg/status\nCOPY installed /lib/apk/db/installed\nCOPY os-release /etc/os-release\nCOPY one /var/lib/dpkg/status.d/one\n',
    status:
      'Package: base-files\nStatus: install ok installed\nArchitecture: amd64\nVersion: 12.4+deb12u5\nDescription: x\n Version: 9\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n',
    one: 'Package: tzdata\nVersion: 2024a-0\nArchitecture: all\n',
    installed: 'C:Q1\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\n\nP:zlib\nV:1.3\n',
    'os-release': 'NAME=x\nID=debian\nVERSION_ID="12"\n',
  });
  const ran = await wharf('build', '--sbom', '-t', 'listed:1', '-o', 'type=oci,dest=one,tar=false', dir);
  assert.equal(ran.code, 0, ran.stderr);
  const { manifests, blob } = layoutOne();
  const [image, note] = manifests;
  assert.ok(image && note);
  assert.equal(note.annotations?.['vnd.docker.reference.digest'], image.digest);
  const [layer] = blob(note).layers;
  assert.ok(layer);
  assert.equal(layer.annotations?.['in-toto.io/predicate-type'], 'https://spdx.dev/Document');
  const { predicate, subject } = JSON.parse(JSON.stringify(blob(layer)));
  assert.equal(`sha256:${subject[0].digest.sha256}`, image.digest);
  assert.equal(predicate.spdxVersion, 'SPDX-2.3');
  const urls = predicate.packages.map(
    (each: { externalRefs: { referenceLocator: string }[] }) => each.externalRefs[0]?.referenceLocator,
  );
  assert.deepEqual(urls, [
    'pkg:deb/debian/base-files@12.4%2Bdeb12u5?arch=amd64&distro=debian-12',
    'pkg:deb/debian/tzdata@2024a-0?arch=all&distro=debian-12',
    'pkg:apk/debian/musl@1.2.4-r2?arch=x86_64&distro=debian-12',
    'pkg:apk/debian/zlib@1.3?distro=debian-12',
  ]);
  const ids = predicate.packages.map(({ SPDXID }: { SPDXID: string }) => SPDXID);
  assert.equal(new Set(ids).size, 4);
  assert.deepEqual(
    predicate.relationships.map(
      ({ relatedSpdxElement }: { relatedSpdxElement: string }) => relatedSpdxElement,
    ),
    ids,
  );
});

test('attestations: off unless asked for, and what is not written is said', async () => {
  const dir = contextOf('plain', { Dockerfile: 'FROM scratch\nCOPY a /a\n', a: 'a' });
  const manifests = async (...flags: string[]): Promise<number> => {
    const ran = await wharf('build', ...flags, '-o', 'type=oci,dest=one,tar=false', dir);
    assert.equal(ran.code, 0, ran.stderr);
    return layoutOne().manifests.length;
  };
  assert.equal(await manifests(), 0);
  assert.equal(await manifests('--provenance=false', '--sbom=false', '--attest=type=sbom,disabled=true'), 0);
  assert.equal(await manifests('--provenance'), 2);
  assert.equal(await manifests('--sbom'), 2);
  assert.equal(await manifests('--sbom=true', '--provenance=mode=max'), 3);
  assert.equal(await manifests('--attest', 'type=provenance,mode=max'), 2);
  const refused: [string, RegExp][] = [
    ['--sbom=generator=image:1', /the generator image:1 is not run/],
    ['--provenance=mode=most', /invalid provenance mode "most"/],
    ['--provenance=version=v0.2', /provenance of version v0\.2 is not written/],
    ['--attest=type=other', /unknown attestation type "other"/],
    ['--attest=mode=max', /attestation type not specified/],
  ];
  for (const [flag, message] of refused) assert.match((await wharf('build', flag, dir)).stderr, message);
});
