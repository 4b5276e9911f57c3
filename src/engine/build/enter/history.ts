// The door to builds that are over: what they did, and the files that each of their steps left.
import type { FileDifference, ListedFile } from '#shared/contract/build.ts';
import { invalid, notFound } from '#shared/errors.ts';
import { KeyedLock } from '#shared/lock.ts';
import type { StepName } from '#shared/notation/build-step.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { packLayer } from '#storage/archive/archive.ts';
import { chainIdOn } from '#storage/snapshots/chain-id.ts';
import type { BuildDetail, BuildRecord, StepRecord } from '../record/record.ts';
import { type BuildRecords, holderOf } from '../record/records.ts';
import type { BuildDeps } from '../request.ts';
import { compareFiles } from './compare.ts';
import { listFiles } from './list-files.ts';
import { layersOf, stepImageConfig } from './step-image.ts';

export interface BuildRow extends Omit<BuildRecord, 'kept'> {
  id: string;
  /** Its failed step can be entered. */
  canEnterFailed: boolean;
}

export interface BuildPage extends BuildRow, Omit<BuildDetail, 'environments' | 'ignore' | 'steps'> {
  timeline: StepRecord[];
}

interface FoundStep {
  id: string;
  record: BuildRecord;
  detail: BuildDetail;
  step: StepRecord;
  chainId: Digest;
}

export class BuildHistory {
  readonly #deps: BuildDeps;
  readonly #records: BuildRecords;
  readonly #lock = new KeyedLock();

  constructor(deps: BuildDeps, records: BuildRecords) {
    this.#deps = deps;
    this.#records = records;
  }

  /** Every build that is known, the newest first. */
  list(): BuildRow[] {
    return this.#records.list().map(({ id, record }) => rowOf(id, record));
  }

  /** All about one build, times included. Throws `not-found`. */
  page(build?: string): BuildPage {
    const { id, record } = this.#records.find(build);
    const { environments: _, ignore: __, steps, ...detail } = this.#records.detail(id);
    return { ...rowOf(id, record), ...detail, timeline: steps };
  }

  /** What lies at a path of the step's files. Throws `not-found`. */
  async files(name: StepName, path: string): Promise<ListedFile[]> {
    const { chainId } = await this.#find(name);
    return listFiles(this.#deps.snapshots.lowersOf(chainId), path);
  }

  /** What is different in `to`; without `from`, against the step before it. Throws `not-found`. */
  async diff(to: StepName, from?: StepName): Promise<FileDifference[]> {
    const after = await this.#find(to);
    const before = from === undefined ? this.#chainBefore(after) : (await this.#find(from)).chainId;
    const { snapshots } = this.#deps;
    if (before !== null) this.#assertThere(after.step, before);
    return await compareFiles(snapshots.lowersOf(before), snapshots.lowersOf(after.chainId));
  }

  /** An image without a name, of the step's files and environment; its command is the step's shell. */
  async image(name: StepName): Promise<{ Id: Digest; step: StepRecord; build: string }> {
    const { id, record, detail, step, chainId } = await this.#find(name);
    const environment = detail.environments[step.environment];
    if (environment === undefined) throw notFound(`the environment of step ${step.number} is not known`);
    const layers = layersOf(this.#deps.snapshots, chainId);
    const title = `${id}@${step.number}`;
    const { id: Id } = await this.#deps.images.record({
      config: stepImageConfig(environment, layers, { created: record.started, title }),
      layers: layers.map(({ diffId, sizeBytes }) => ({ diffId, size: sizeBytes })),
    });
    return { Id, step, build: id };
  }

  async #find({ build, step: wanted }: StepName): Promise<FoundStep> {
    const isFailed = (record: BuildRecord): boolean => record.failedStep !== undefined;
    const { id, record } =
      wanted === 'failed' ? this.#findFailed(build, isFailed) : this.#records.find(build);
    const detail = this.#records.detail(id);
    const number = wanted === 'failed' ? record.failedStep : wanted;
    const step = detail.steps.findLast((each) => each.number === number);
    if (step === undefined) throw notFound(`build ${id} has no step ${number}`, stepsHint(detail));
    const chainId = step.failed === true ? await this.#failedFiles(id, step) : step.chainId;
    if (chainId === null) throw invalid(`step ${step.number} has no files yet`);
    this.#assertThere(step, chainId);
    return { id, record, detail, step, chainId };
  }

  #findFailed(build: string | undefined, isFailed: (record: BuildRecord) => boolean) {
    try {
      return this.#records.find(build, isFailed);
    } catch (cause) {
      throw notFound(`no failed step of ${build || 'any build'} is known`, { cause });
    }
  }

  #assertThere({ number }: StepRecord, chainId: Digest): void {
    if (this.#deps.snapshots.hasLayer(chainId)) return;
    throw notFound(`the files of step ${number} are gone: the build cache was pruned`, {
      hint: 'Build it again.',
    });
  }

  #chainBefore({ detail, step }: FoundStep): Digest | null {
    // The files of a failed step stand on what the record of it has: those of the step before.
    if (step.failed === true) return step.chainId;
    const earlier = detail.steps.filter(
      (each) => each.stage === step.stage && each.position < step.position && each.failed !== true,
    );
    return earlier.length === 0 ? step.chainId : (earlier.at(-1)?.chainId ?? null);
  }

  /** The first who asks makes a layer of what the failed step left. */
  async #failedFiles(id: string, { number }: StepRecord): Promise<Digest> {
    return await this.#lock.run(id, async () => {
      const { snapshots, leases, state } = this.#deps;
      const record = this.#records.get(id);
      const kept = record?.kept;
      if (kept?.layer !== undefined && snapshots.hasLayer(kept.layer)) return kept.layer;
      const active = kept?.snapshot === undefined ? undefined : snapshots.find(kept.snapshot);
      if (record === undefined || kept === undefined || active === undefined)
        throw notFound(`the files of failed step ${number} are no longer kept`, {
          hint: 'Build it again: the last five that failed are kept, unless the disk is full.',
        });
      const { diffId, contentBytes: sizeBytes } = await packLayer({ dir: snapshots.freeze(active.id) });
      const layer = chainIdOn(active.chainId, diffId);
      state.transaction(() => {
        leases.hold(`layer:${layer}`, holderOf(id));
        this.#records.put(id, { ...record, kept: { ...kept, layer } });
      });
      snapshots.commit(active.id, { chainId: layer, diffId, sizeBytes });
      return layer;
    });
  }
}

function rowOf(id: string, { kept, ...record }: BuildRecord): BuildRow {
  return { id, ...record, canEnterFailed: kept !== undefined };
}

function stepsHint({ steps }: BuildDetail): { hint: string } {
  const numbers = [...new Set(steps.map(({ number }) => number))];
  const [first, last] = [numbers[0], numbers.at(-1)];
  return { hint: first === undefined ? 'It did no step.' : `It has steps ${first} to ${last}.` };
}
