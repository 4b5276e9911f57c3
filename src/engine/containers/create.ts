// Create: a container's record, folder, snapshot and volumes; nothing runs yet.
import { existsSync, mkdirSync } from 'node:fs';
import { availableParallelism, hostname as hostName } from 'node:os';
import type {
  ContainerConfig,
  ContainerCreateAnswer,
  ContainerCreateRequest,
  HostConfig,
} from '#shared/contract/container.ts';
import { invalid, isKind, messageOf, notFound } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { newId } from '#shared/notation/id.ts';
import { assertName, randomName } from '#shared/notation/name.ts';
import { nowRfc3339Nano, zeroTime } from '#shared/notation/time.ts';
import { formatPlatform, parsePlatform } from '#shared/oci/platform.ts';
import type { ImageConfig } from '#shared/oci/specs.ts';
import { Scope } from '#shared/scope.ts';
import { fillHostConfig, warningsOf } from './config/host-config.ts';
import { parseLink } from './config/links.ts';
import { commandOf, mergeConfig } from './config/merge.ts';
import { type PlannedMount, planMounts } from './config/mounts.ts';
import { askedEndpoints, endpointsOf } from './config/network-request.ts';
import { validateRequest } from './config/validate.ts';
import { realiseMounts } from './config/volumes.ts';
import { type ContainerRecord, shortId } from './record/record.ts';
import { destroyThings } from './remove.ts';
import { announce, holderOf, pathsOf, type Room } from './room.ts';

export interface CreateOptions {
  /** With or without a slash; absent: a made-up one. */
  name?: string;
  /** `os/arch[/variant]`, kept for inspect. */
  platform?: string;
}

/**
 * Afterwards the container exists in phase `created`, its image, layers and volumes are leased, and its id is
 * announced. Throws `not-found` where the image is not here, `conflict` where the name is taken.
 */
export async function createContainer(
  room: Room,
  request: ContainerCreateRequest,
  options: CreateOptions,
): Promise<ContainerCreateAnswer> {
  const record = planRecord(room, request, options);
  assertEndpoints(room, record);
  room.runtime.expectStart();
  await using attempt = new Scope();
  room.state.transaction(() => {
    room.store.add(record);
    // From here on there is something to take back, should the rest of the transaction fail too.
    attempt.undo(() => discard(room, record));
    room.leases.hold(`image:${record.imageId}`, holderOf(record.id));
  });
  makeFolders(mkdirSync, pathsOf(room, record.id).dir, 0o710);
  room.snapshots.create(record.id, record.chainId);
  const mounts = await realiseMounts(room, record);
  const created = room.store.update(record.id, { phase: 'created', mounts });
  attempt.keep();
  announce(room, created, 'create');
  return { Id: created.id, Warnings: warningsOf(request.HostConfig ?? {}) };
}

/** Networks that are not there yet may come until it starts; of the others it asks nothing that cannot be. */
function assertEndpoints(room: Room, record: ContainerRecord): void {
  for (const [name, settings] of Object.entries(endpointsOf(record))) {
    const network = room.networks.find(name);
    if (network !== undefined) room.networks.assertAskable(network, settings);
  }
}

async function discard(room: Room, record: ContainerRecord): Promise<void> {
  await destroyThings(room, record, { anonymousVolumes: true });
  room.store.delete(record.id);
  room.live.forget(record.id);
}

function planRecord(room: Room, request: ContainerCreateRequest, options: CreateOptions): ContainerRecord {
  const { HostConfig: askedHost, NetworkingConfig: networking, ...askedConfig } = request;
  if (!askedConfig.Image) throw invalid('no command specified', { hint: 'name an image: Image is empty' });
  const name = nameFor(room, options.name);
  const image = room.images.resolve(askedConfig.Image);
  if (options.platform) assertSamePlatform(askedConfig.Image, image.config, options.platform);
  const host = fillHostConfig(askedHost ?? {}, askedConfig);
  validateRequest(askedConfig, host, { cpus: availableParallelism() });
  const id = newId();
  const merged = mergeConfig(askedConfig, image.config.config ?? {});
  const config = { ...merged, Hostname: hostnameFor(room, id, merged, host) };
  const mounts = planMounts(config, host, {
    mountsOf: (other) => asInvalid(() => room.store.resolve(other).mounts),
    newName: newId,
  });
  assertSources(mounts);
  const Links = host.Links?.map((link) => foundLink(room, link));
  return {
    id,
    name,
    createdAt: nowRfc3339Nano(),
    imageId: image.id,
    chainId: image.chainId,
    platform: options.platform ?? 'linux',
    config,
    hostConfig: resolveModes(room, Links === undefined ? host : { ...host, Links }),
    ...commandOf(config),
    endpoints: askedEndpoints(networking),
    mounts,
    phase: 'creating',
    pid: 0,
    exitCode: 0,
    error: '',
    oomKilled: false,
    startedAt: zeroTime,
    finishedAt: zeroTime,
    restartCount: 0,
    stopRequested: false,
  };
}

function nameFor(room: Room, asked: string | undefined): string {
  if (asked !== undefined && asked !== '') {
    const name = asked.startsWith('/') ? asked.slice(1) : asked;
    assertName('container', name);
    room.store.assertNameFree(name);
    return name;
  }
  for (let attempt = 0; ; attempt++) {
    const name = randomName(attempt);
    if (room.store.byName(name) === undefined) return name;
  }
}

function hostnameFor(room: Room, id: string, config: ContainerConfig, host: HostConfig): string {
  if (config.Hostname) return config.Hostname;
  const mode = host.NetworkMode ?? '';
  if (mode === 'host' || host.UTSMode === 'host') return hostName();
  if (mode.startsWith('container:')) return room.store.resolve(mode.slice(10)).config.Hostname ?? '';
  return shortId(id);
}

/** `container:NAME` becomes `container:ID`, so that a rename does not break it. Throws `not-found`. */
function resolveModes(room: Room, host: HostConfig): HostConfig {
  const resolved = { ...host };
  for (const field of ['NetworkMode', 'IpcMode', 'PidMode'] as const) {
    const mode = host[field] ?? '';
    if (!mode.startsWith('container:')) continue;
    const find = (): string => `container:${room.store.resolve(mode.slice(10)).id}`;
    resolved[field] = field === 'NetworkMode' ? find() : asInvalid(find);
  }
  return resolved;
}

/** A container that the request only mentions: that it is not there makes the request wrong. */
function asInvalid<T>(find: () => T): T {
  try {
    return find();
  } catch (thrown) {
    if (!isKind(thrown, 'not-found')) throw thrown;
    throw invalid(messageOf(thrown), { cause: thrown });
  }
}

/** The link as it is kept: to a name, or to a full id where the beginning of one was told. */
function foundLink(room: Room, link: string): string {
  const { target, alias } = parseLink(link);
  if (room.store.byName(target) !== undefined) return link;
  try {
    return `${room.store.resolve(target).id}:${alias}`;
  } catch (cause) {
    throw invalid(`could not get container for ${target}: ${messageOf(cause)}`, { cause });
  }
}

/** `--mount type=bind` wants its source to be there; `-v` has it made at the start. */
function assertSources(mounts: readonly PlannedMount[]): void {
  for (const { missingSource, Source } of mounts) {
    if (missingSource !== 'refuse' || existsSync(Source)) continue;
    throw invalid(`invalid mount config for type "bind": bind source path does not exist: ${Source}`);
  }
}

function assertSamePlatform(name: string, config: ImageConfig, text: string): void {
  const wanted = parsePlatform(text);
  const own = { os: config.os, architecture: config.architecture, variant: config.variant };
  const sameVariant = !wanted.variant || !own.variant || wanted.variant === own.variant;
  if (own.os === wanted.os && own.architecture === wanted.architecture && sameVariant) return;
  throw notFound(
    `image with reference ${name} was found but its platform (${formatPlatform(own)}) does not match the specified platform (${formatPlatform(wanted)})`,
  );
}
