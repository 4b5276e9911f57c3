// What is kept of every build: who asked for it, what each step did and took, and what it left.
import type { Digest } from '#shared/oci/digest.ts';
import type { ImageRunConfig, Platform } from '#shared/oci/specs.ts';

/** `interrupted`: the engine ended before the build did. */
export type BuildStatus = 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';

/** Something that a step could not go on without, and how long it was not there. */
export interface Wait {
  /** Name of a stage, or its number. */
  for: string;
  ms: number;
}

export interface StepRecord {
  /** As in `Step 3/7`; what a base image triggers has the number of its FROM. */
  number: number;
  /** Name of the stage, or its number. */
  stage: string;
  /** In the stage; 0 is FROM. */
  position: number;
  line: number;
  /** As in the Dockerfile. */
  text: string;
  key: string;
  cached: boolean;
  failed?: boolean;
  /** Why it ran, in words; absent where it was cached, or nothing is known of an earlier build. */
  cause?: string;
  /** Milliseconds since the build began. */
  startMs: number;
  endMs: number;
  waits?: Wait[];
  /** The files after it; null: none. */
  chainId: Digest | null;
  /** Index into the environments of the build. */
  environment: number;
}

/** What a step leaves to the next one besides files. */
export interface StepEnvironment {
  config: ImageRunConfig;
  /** Declared ARGs that have a value. */
  args: Record<string, string>;
  platform: Platform;
}

/** A part of the build that is no step. */
export interface Phase {
  name: string;
  startMs: number;
  endMs: number;
}

/** How the command line was called, so that it can be called once more. */
export interface BuildCall {
  cwd: string;
  args: string[];
}

/** What a failed step leaves: a snapshot, and once somebody looked into it a layer. */
export interface Kept {
  snapshot?: string;
  layer?: Digest;
  sizeBytes: number;
}

export interface BuildRecord {
  /** Its first tag, else the path of its Dockerfile: what two builds have in common that are of the same thing. */
  subject: string;
  /** RFC 3339. */
  started: string;
  status: BuildStatus;
  tookMs?: number;
  /** Steps that were begun, and how many of them were cached. */
  steps: number;
  cached: number;
  imageId?: Digest;
  error?: string;
  /** Number of the step that failed. */
  failedStep?: number;
  kept?: Kept;
}

export interface BuildDetail {
  steps: StepRecord[];
  environments: StepEnvironment[];
  phases: Phase[];
  /** The rules of .dockerignore. */
  ignore?: string;
  call?: BuildCall;
}
