// What a project looks like at the engine, as far as a plan needs to know. Plain data; who observes fills it.
import type { JsonMap } from '#compose/json.ts';

export type ContainerPhase = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

export interface ObservedContainer {
  id: string;
  /** Without the leading slash. */
  name: string;
  service: string;
  number: number;
  oneOff: boolean;
  phase: ContainerPhase;
  health?: 'starting' | 'healthy' | 'unhealthy';
  exitCode?: number;
  configHash: string;
  /** The id of the image it was made from. */
  imageId?: string;
  /** The service as it was when the container was made; nothing where another tool made it. */
  made?: JsonMap;
  /** Ids of the networks it is on. */
  networkIds: string[];
  /** Names of the volumes mounted in it, by where they are mounted. */
  volumes: Record<string, string>;
}

export interface ObservedNetwork {
  id: string;
  name: string;
  /** Nothing where it was not made by Compose. */
  project?: string;
  configHash?: string;
  /** What it was made from, as `thingMade` tells it; nothing where another tool made it. */
  made?: string;
}

export interface ObservedVolume {
  name: string;
  project?: string;
  configHash?: string;
  /** What it was made from, as `thingMade` tells it; nothing where another tool made it. */
  made?: string;
}

export interface ObservedState {
  containers: ObservedContainer[];
  networks: ObservedNetwork[];
  volumes: ObservedVolume[];
  /** Ids of images by the reference that the services name. */
  images: Record<string, string>;
  /** By the same references: milliseconds since it was pulled, or got its name; nothing where nobody knows. */
  imageAgesMs?: Record<string, number>;
}

export const nothingObserved: ObservedState = { containers: [], networks: [], volumes: [], images: {} };
