// What every step of a stage is given, and what it must say before it runs.

import type { Preimage } from '../cache/key.ts';
import type { Scope } from '../dockerfile/expand.ts';
import type { ImageState, StepLayer } from '../image-state.ts';
import type { Lane } from '../lanes.ts';
import type { BuildSession } from '../session.ts';
import type { SourceTree } from '../tree/source-tree.ts';
import type { StepFiles } from '../why/explain-file.ts';

/** A file system that is there to be read; `release` once nobody reads it. */
export interface MountedTree {
  tree: SourceTree;
  /** Files of a client, that belong to root in the image. */
  isContext?: boolean;
  /** The directory of the host with all of it, mounted when it is first asked for; absent for what a client sent. */
  folder?(): string;
  release(): void;
}

export interface StageContext {
  session: BuildSession;
  /** Name of the Dockerfile, for messages. */
  file: string;
  lane: Lane;
  state: ImageState;
  /** The variables as they are before the step. */
  scope: Scope;
  escapeChar: string;
  /** SOURCE_DATE_EPOCH in seconds. */
  epoch?: number;
  /** Time of folders that come from nowhere, in seconds. */
  fixedTime: number;
  /** The build context. */
  context(): Promise<SourceTree>;
  /** The files of a stage (by name or index) or of an image. */
  treeOf(reference: string): Promise<MountedTree>;
  /** The network of RUN steps; the same for the whole stage. */
  network(mode: string): Promise<StageNetwork>;
}

export interface StageNetwork {
  choice: 'host' | { path: string };
  resolvConf: string;
  hosts: string;
}

/** A step that is ready to be looked up or run. */
export interface PreparedStep {
  /** Line of history, and part of the key. */
  createdBy: string;
  /** What the key says in place of the line of history, where that tells more than the result depends on. */
  keyText?: string;
  /** The image's history does not tell of it. */
  isUntold?: boolean;
  /** The layer does not depend on the steps before; it is laid on them. */
  link?: boolean;
  /** What is known of the files in `inputs`. */
  known?: StepFiles;
  /** What else the result depends on. */
  inputs: Partial<Pick<Preimage, 'args' | 'files' | 'epoch' | 'more'>>;
  /** Makes the layer; null: no file changes. Absent: it never has one. */
  make?(): Promise<StepLayer | null>;
  /** Gives back what preparing took; called in any case. */
  release?(): void;
}
