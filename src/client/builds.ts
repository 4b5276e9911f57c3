// Builds that are over, over the wire: what they did, and the files of their steps.
import type { Readable } from 'node:stream';
import type { Wire } from '#client/wire.ts';
import type { FileDifference, ListedFile } from '#shared/contract/build.ts';
import type { StepName } from '#shared/notation/build-step.ts';

export interface BuildRow {
  id: string;
  /** Its first tag, else the path of its Dockerfile. */
  subject: string;
  started: string;
  status: 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';
  tookMs?: number;
  steps: number;
  cached: number;
  imageId?: string;
  error?: string;
  failedStep?: number;
  canEnterFailed: boolean;
}

export interface BuildStep {
  number: number;
  stage: string;
  position: number;
  line: number;
  text: string;
  cached: boolean;
  failed?: boolean;
  cause?: string;
  /** Milliseconds since the build began. */
  startMs: number;
  endMs: number;
  waits?: { for: string; ms: number }[];
}

export interface BuildPage extends BuildRow {
  timeline: BuildStep[];
  phases: { name: string; startMs: number; endMs: number }[];
  /** How our command line was called. */
  call?: { cwd: string; args: string[] };
}

export class Builds {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** The newest first. */
  list(): Promise<BuildRow[]> {
    return this.#wire.json('/build/history');
  }

  /** By tag or the beginning of its id; the last one without. */
  page(build?: string): Promise<BuildPage> {
    return this.#wire.json('/build/history/page', { query: { build } });
  }

  files({ build, step }: StepName, path: string): Promise<ListedFile[]> {
    return this.#wire.json('/build/history/files', { query: { build, step, path } });
  }

  /** Without `from`: what the step itself changed. */
  diff({ build, step }: StepName, from?: StepName): Promise<FileDifference[]> {
    const base = from === undefined ? {} : { from: from.step, fromBuild: from.build };
    return this.#wire.json('/build/history/diff', { query: { build, step, ...base } });
  }

  /** Makes an image without a name from the step; who asked removes it. */
  image({ build, step }: StepName): Promise<{ Id: string; build: string; step: BuildStep }> {
    return this.#wire.json('/build/history/image', { method: 'POST', query: { build, step } });
  }

  /** Whether the engine takes contexts by content. */
  async takesContexts(): Promise<boolean> {
    return /^Wharf\//.test(await this.#wire.server());
  }

  /** Tells what a context has; answers with the digests of files that are to be sent. */
  offerContext(index: Buffer): Promise<{ id: string; missing: string[] }> {
    return this.#wire.json('/build/contexts', { method: 'POST', body: index });
  }

  /** Sends a tar of files that are named by their digests. */
  async sendFiles(id: string, tar: Readable): Promise<void> {
    await this.#wire.done(`/build/contexts/${id}/files`, { method: 'POST', body: tar });
  }
}
