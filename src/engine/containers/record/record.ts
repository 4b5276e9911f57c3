// What is known of a container: the record that lies in the state database.
import type {
  ContainerConfig,
  HealthState,
  HostConfig,
  MountOwner,
  MountPoint,
} from '#shared/contract/container.ts';
import type { EndpointSettings, PortMap } from '#shared/contract/network.ts';
import type { Digest } from '#shared/oci/digest.ts';
import type { Shape } from '#storage/state/shape.ts';

/**
 * Where a container is in its life. `creating`, `starting` and `removing` are intents, put before the deed: found
 * after a crash, they say what may be half done. `restarting` waits for its restart policy's next try.
 */
export type Phase =
  | 'creating'
  | 'created'
  | 'starting'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'exited'
  | 'removing'
  | 'dead';

/** A mount of the container, resolved at create: volumes exist, image volumes have names. */
export interface ContainerMount extends MountPoint {
  /** Made for this container alone: `rm -v` and `--rm` take it away. */
  anonymous?: boolean;
  /** Filled from the image's content when empty. */
  copyUp?: boolean;
  /** Mount options in fstab's words, such as `rbind`, `ro`, `rshared`, `size=64m`. */
  options: string[];
  /** A place inside the volume or the image. */
  subpath?: string;
  owner?: MountOwner;
  /** The layers of an image mount. */
  chainId?: Digest | null;
}

/** What a start got from its networks; gone when the container ends. */
export interface Wiring {
  networks: Record<string, EndpointSettings>;
  ports: PortMap;
  sandboxKey: string;
  /** What its resolv.conf was given; where that says something else, it was edited inside. */
  resolvConf?: string;
}

/** Durable. Never changed in place: `ContainerStore.update` puts a new one. */
export interface ContainerRecord {
  id: string;
  /** Without the slash that the API puts in front. */
  name: string;
  /** RFC 3339 with nanoseconds. */
  createdAt: string;
  imageId: Digest;
  chainId: Digest | null;
  platform: string;
  /** Merged with the image's. */
  config: ContainerConfig;
  /** As asked for, with Docker's defaults filled in. */
  hostConfig: HostConfig;
  path: string;
  args: string[];
  /** Networks as asked for, by the name that was used. */
  endpoints: Record<string, EndpointSettings | null>;
  mounts: ContainerMount[];
  phase: Phase;
  pid: number;
  exitCode: number;
  error: string;
  oomKilled: boolean;
  startedAt: string;
  finishedAt: string;
  restartCount: number;
  /** `stop` or `kill` was asked for: `unless-stopped` stays down, `always` until the next engine start. */
  stopRequested: boolean;
  wiring?: Wiring;
  health?: HealthState;
}

export const containerShape: Shape = {
  id: 'text',
  name: 'text',
  createdAt: 'text',
  imageId: 'text',
  config: 'map',
  hostConfig: 'map',
  path: 'text',
  args: 'list',
  endpoints: 'map',
  mounts: [{ Type: 'text', Destination: 'text', options: 'list' }],
  phase: 'text',
  startedAt: 'text',
  finishedAt: 'text',
};

/** A process of the container is there, maybe frozen. */
export function isUp(record: ContainerRecord): boolean {
  return record.phase === 'running' || record.phase === 'paused';
}

/** The id that people see, and the default host name. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** What events tell of a container: its labels, image and name. */
export function eventAttributes(record: ContainerRecord): Record<string, string> {
  return { ...(record.config.Labels ?? {}), image: record.config.Image, name: record.name };
}
