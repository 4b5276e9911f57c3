// The corpus beside dockerd's builders, the old one and BuildKit: the same files and the same config where they can do it.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import type { ImageRecord } from '#engine/images/record.ts';
import type { ImageHistoryEntry, ImageInspect } from '#shared/contract/image.ts';
import type { ImageRunConfig } from '#shared/oci/specs.ts';
import { type CorpusCase, type Peer, path } from '../build-corpus/case.ts';
import { corpus, requestOf } from '../build-corpus/corpus.ts';
import { type BuildLab, openBuildLab } from './build-room.ts';
import { PeerDockerd, whyNoPeer } from './peer-dockerd.ts';

/** The last client that speaks to both builders without a plugin. */
const client = join(import.meta.dirname, '../../.cache/peers/usr/bin/docker');

function whyNot(): string | undefined {
  const reason = whyNoPeer();
  if (reason !== undefined) return reason;
  if (!existsSync(client)) return 'no docker client here: scripts/test/peers.sh fetches one';
  const [, major = ''] = /version (\d+)\./.exec(execFileSync(client, ['--version']).toString()) ?? [];
  return Number(major) < 23 ? undefined : `docker ${major} speaks to BuildKit by a plugin only`;
}

const skip = whyNot();
const work = mkdtempSync(join(tmpdir(), 'wharf-peer-build-'));
let lab: BuildLab;
let peer: PeerDockerd;

/** What this engine made of each case, before the other one is there. */
const ours = new Map<CorpusCase, Awaited<ReturnType<BuildLab['run']>>>();

before(async () => {
  if (skip !== undefined) return;
  lab = await openBuildLab();
  for (const each of corpus)
    if (each.error === undefined) ours.set(each, await lab.run(requestOf(each, lab)));
  peer = new PeerDockerd();
  await peer.start();
  const base = await buffer(lab.images.save(['busybox:latest']));
  const loaded = await peer.ask('POST', '/images/load', base);
  assert.equal(loaded.status, 200, loaded.body);
});
after(async () => {
  if (skip === undefined) {
    await peer[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  }
  rmSync(work, { recursive: true, force: true });
});

interface Built {
  code: number | null;
  output: string;
}

async function buildThere(each: CorpusCase, by: Peer, tag: string): Promise<Built> {
  const dir = lab.context({ Dockerfile: each.dockerfile, ...each.files });
  const pairs = (flag: string, values: Record<string, string> = {}): string[] =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
  const secrets = Object.entries(each.secrets ?? {}).flatMap(([id, value]) => {
    const file = join(work, `secret-${id}`);
    writeFileSync(file, value);
    return ['--secret', `id=${id},src=${file}`];
  });
  const flags = [
    ...pairs('--build-arg', each.buildArgs),
    ...pairs('--label', each.labels),
    ...secrets,
    ...(each.target === undefined ? [] : ['--target', each.target]),
    ...(each.platform === undefined ? [] : ['--platform', each.platform]),
    // The old builder takes steps of other Dockerfiles that are not quite the same.
    ...(by === 'classic' ? ['--no-cache'] : []),
  ];
  mkdirSync(join(work, 'config'), { recursive: true });
  const child = spawn(client, ['build', '-t', tag, ...flags, dir], {
    env: {
      ...process.env,
      DOCKER_HOST: `unix://${peer.socket}`,
      DOCKER_BUILDKIT: by === 'buildkit' ? '1' : '0',
      DOCKER_CONFIG: join(work, 'config'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, output: stdout + stderr };
}

/** Of an image, as either engine tells it. */
interface Told {
  config: ImageRunConfig;
  author: string;
  architecture: string;
}

/** Fields that say nothing are as those that are not there. */
function fieldsOf({ config, author, architecture }: Told, by: Peer): Record<string, unknown> {
  const { User, ExposedPorts, Entrypoint, Cmd, Volumes, WorkingDir } = config;
  const { Labels, StopSignal, Shell, Healthcheck, OnBuild, ArgsEscaped } = config;
  // The old builder leaves it to the engine.
  const Env = (config.Env ?? []).filter((entry) => by === 'buildkit' || entry !== path);
  const fields = {
    User,
    ExposedPorts,
    Env,
    Entrypoint,
    Cmd,
    Volumes,
    Labels,
    StopSignal,
    Shell,
    Healthcheck,
    OnBuild,
  };
  const more = {
    ...(by === 'buildkit' ? { ArgsEscaped } : {}),
    // BuildKit kept a slash at the end up to its version 0.26; the old one says nothing of the root.
    WorkingDir: WorkingDir?.replace(by === 'buildkit' ? /(?<=.)\/$/ : /\/$/, ''),
  };
  return Object.fromEntries(
    Object.entries({ ...fields, ...more, author, architecture }).filter(([, value]) => {
      const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
      return value !== undefined && value !== null && value !== '' && value !== false && !isEmpty;
    }),
  );
}

/** The files of an image of theirs with what is in them; none where it has no layer, which they cannot save. */
async function filesThere(tag: string): Promise<Record<string, string>> {
  const saved = await peer.open('GET', `/images/${tag}/get`);
  if (saved.statusCode !== 200) {
    assert.match(await text(saved), /empty export/);
    return {};
  }
  const [image] = await lab.images.load(saved, { untagged: true });
  return image === undefined ? {} : filesOf(image);
}

/** Type, mode, owner and content of each file. */
function filesOf(image: ImageRecord): Record<string, string> {
  const contents = lab.contents(image);
  return Object.fromEntries(
    Object.entries(lab.files(image)).map(([name, told]) => [name, `${told} ${contents[name] ?? ''}`.trim()]),
  );
}

/** What these clients have no flag for. */
function unlike(each: CorpusCase, by: Peer): string | undefined {
  const own = each.unlike?.[by];
  if (own !== undefined) return own;
  if (each.contexts !== undefined) return 'the client has no --build-context';
  if (each.allow !== undefined) return 'the client has no --allow';
  const beyond =
    /--mount=|--parents|--exclude|--link|--chmod|--network|--security|--unpack|--checksum|<<|--start-interval/;
  return by === 'classic' && beyond.test(each.dockerfile) ? 'the old builder has no such flag' : undefined;
}

/** Their steps leave the places in the image where a box has its mounts. */
function withoutPlaces({
  dev: _,
  proc: __,
  sys: ___,
  ...files
}: Record<string, string>): Record<string, string> {
  return files;
}

async function compare(each: CorpusCase, by: Peer, tag: string): Promise<void> {
  const theirs = await buildThere(each, by, tag);
  if (each.error !== undefined) {
    assert.notEqual(theirs.code, 0, `it is no error there:\n${theirs.output}`);
    return;
  }
  assert.equal(theirs.code, 0, theirs.output);
  const own = ours.get(each);
  assert.ok(own?.image, own?.output);
  assert.deepEqual(withoutPlaces(filesOf(own.image)), withoutPlaces(await filesThere(tag)));
  const { config = {}, architecture, author = '' } = own.image.config;
  const told: ImageInspect = JSON.parse((await peer.ask('GET', `/images/${tag}/json`)).body);
  const there = { config: told.Config, author: told.Author, architecture: told.Architecture };
  assert.deepEqual(fieldsOf({ config, architecture, author }, by), fieldsOf(there, by));
  if (by !== 'buildkit') return;
  const lines: ImageHistoryEntry[] = JSON.parse((await peer.ask('GET', `/images/${tag}/history`)).body);
  const written = (own.image.config.history ?? []).map((entry) => entry.created_by ?? '');
  // Up to its version 0.26 it wrote the first in another way, the second in the order of numbers, the third as given.
  const comparable = (all: string[]): string[] =>
    all
      .filter((line) => !line.startsWith('HEALTHCHECK ') && !line.startsWith('EXPOSE '))
      .map((line) => line.replace(/^(WORKDIR .+)\/$/, '$1'));
  assert.deepEqual(comparable(written), comparable(lines.map(({ CreatedBy }) => CreatedBy).reverse()));
}

for (const by of ['buildkit', 'classic'] as const) {
  describe(by, { concurrency: 3, ...(skip === undefined ? {} : { skip }) }, () => {
    for (const [index, each] of corpus.entries()) {
      const reason = unlike(each, by);
      test(each.name, { timeout: 180_000, ...(reason === undefined ? {} : { skip: reason }) }, () =>
        compare(each, by, `corpus-${by}:${index}`),
      );
    }
  });
}
