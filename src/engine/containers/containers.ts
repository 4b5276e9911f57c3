// The door of the room: everything that can be done with containers. Changes hold the container's lock.
import type {
  ContainerCreateAnswer,
  ContainerCreateRequest,
  ContainerInspect,
  ContainerSummary,
  ExecCreateRequest,
  ExecInspect,
  FileChange,
  HostConfig,
  Readiness,
  TopAnswer,
  WaitAnswer,
} from '#shared/contract/container.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { conflict } from '#shared/errors.ts';
import type { Filters } from '#shared/notation/filter.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { connectContainer, disconnectContainer } from './connect.ts';
import { type CreateOptions, createContainer } from './create.ts';
import {
  exportTree,
  getArchive,
  type PathStat,
  type PutOptions,
  putArchive,
  statPath,
} from './files/archive.ts';
import { type CommitOptions, commitContainer } from './files/commit.ts';
import { type GrantOptions, grantFiles } from './files/granted.ts';
import { readyVolumes } from './files/view.ts';
import { type AttachOptions, attachContainer } from './io/attach.ts';
import { createExec, type ExecStartOptions, findExec, startExec } from './io/exec.ts';
import { inspectOf } from './io/exec-record.ts';
import { forwardLogs } from './io/log-forward.ts';
import { rotateLogs } from './io/log-rotation.ts';
import { type LogOptions, type Logs, readLogs } from './io/logs.ts';
import type { ContainerStream } from './io/stream.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import { pruneContainers } from './prune.ts';
import { readinessOf } from './readiness/ready.ts';
import { startAtBoot } from './readiness/start-at-boot.ts';
import { type ContainerRecord, isUp } from './record/record.ts';
import { planAll, type RecoveryPlan, recoverContainers } from './recover.ts';
import { type RemoveOptions, removeContainer } from './remove.ts';
import { removeLink } from './remove-link.ts';
import { renameContainer } from './rename.ts';
import { type ContainerDeps, newRoom, type Room } from './room.ts';
import {
  discardShelved,
  type ShelvedContainer,
  shelveContainer,
  shelvedBytes,
  unshelveContainer,
} from './shelve.ts';
import { startContainer } from './start.ts';
import { killContainer, restartContainer, stopContainer } from './stop.ts';
import { superviseExits } from './supervise.ts';
import type { StopOptions } from './terminate.ts';
import { updateContainer } from './update.ts';
import { inspectContainer } from './view/inspect.ts';
import { type ListOptions, listContainers } from './view/list.ts';
import { type StatsOptions, statsOf } from './view/stats.ts';
import { topOf } from './view/top.ts';
import { type WaitCondition, waitFor } from './wait.ts';

/**
 * A container is named by its name, id, or a prefix of the id that no other has. What is not there throws
 * `not-found`. Disposing ends supervision; the containers run on.
 */
export class Containers implements AsyncDisposable {
  readonly #room: Room;
  #endings: (() => void)[] = [];

  constructor(deps: ContainerDeps) {
    this.#room = newRoom(deps);
  }

  /** What the records and the kernel say, before anything is changed. First step of recovery. */
  planRecovery(): RecoveryPlan {
    return planAll(this.#room);
  }

  /** Second step, with the rooms below recovered: acts on the plan, then supervises. */
  async recover(plan: RecoveryPlan): Promise<void> {
    const wanted = await recoverContainers(this.#room, plan);
    this.#endings = [superviseExits(this.#room), rotateLogs(this.#room), forwardLogs(this.#room)];
    startAtBoot(this.#room, wanted);
  }

  /** The record behind a name; read only. */
  find(ref: string): ContainerRecord {
    return this.#room.store.resolve(ref);
  }

  all(): ContainerRecord[] {
    return this.#room.store.all();
  }

  /** How many containers each image has, by its id. */
  countByImage(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { imageId } of this.all()) counts.set(imageId, (counts.get(imageId) ?? 0) + 1);
    return counts;
  }

  create(request: ContainerCreateRequest, options: CreateOptions = {}): Promise<ContainerCreateAnswer> {
    return createContainer(this.#room, request, options);
  }

  /** False where it runs already. */
  async start(ref: string): Promise<boolean> {
    return await this.#locked(ref, async (id) => (await startContainer(this.#room, id)) === 'started');
  }

  /** False where it does not run. */
  async stop(ref: string, options: StopOptions = {}): Promise<boolean> {
    return await this.#locked(ref, (id) => stopContainer(this.#room, id, options));
  }

  async restart(ref: string, options: StopOptions = {}): Promise<void> {
    await this.#locked(ref, (id) => restartContainer(this.#room, id, options));
  }

  /** `number` of the signal. Not behind the lock: a kill must reach a container that is being stopped. */
  async kill(ref: string, number: number): Promise<void> {
    const record = this.find(ref);
    if (record.phase !== 'restarting' && !isUp(record)) {
      throw conflict(`cannot kill container: ${ref}: container ${record.id} is not running`);
    }
    await killContainer(this.#room, record.id, number);
  }

  async pause(ref: string): Promise<void> {
    await this.#locked(ref, (id) => pauseContainer(this.#room, id));
  }

  async unpause(ref: string): Promise<void> {
    await this.#locked(ref, (id) => unpauseContainer(this.#room, id));
  }

  async rename(ref: string, newName: string): Promise<void> {
    await this.#locked(ref, (id) => renameContainer(this.#room, id, newName));
  }

  async remove(ref: string, options: RemoveOptions = {}): Promise<void> {
    await this.#locked(ref, (id) => removeContainer(this.#room, id, options));
  }

  /** As `remove`, but it can come back; see `shelveContainer`. Gives the names of its anonymous volumes. */
  async shelve(ref: string, options: Parameters<typeof shelveContainer>[2]): Promise<string[]> {
    return await this.#locked(ref, (id) => shelveContainer(this.#room, id, options));
  }

  async unshelve(shelved: ShelvedContainer, forget: () => void): Promise<void> {
    const back = async () => unshelveContainer(this.#room, shelved, forget);
    await this.#room.locks.run(shelved.record.id, back);
  }

  async discardShelved(shelved: ShelvedContainer): Promise<void> {
    await discardShelved(this.#room, shelved);
  }

  async shelvedBytes(shelved: ShelvedContainer): Promise<number> {
    return await shelvedBytes(this.#room, shelved);
  }

  /** `PARENT/ALIAS` as in `rm --link`. */
  removeLink(path: string): Promise<void> {
    return removeLink(this.#room, path);
  }

  async update(ref: string, asked: HostConfig): Promise<{ Warnings: string[] | null }> {
    return await this.#locked(ref, (id) => updateContainer(this.#room, id, asked));
  }

  async prune(
    filters: Filters = new Map(),
  ): Promise<{ ContainersDeleted: string[]; SpaceReclaimed: number }> {
    return await pruneContainers(this.#room, filters);
  }

  /** Throws at once where there is no such container; watching begins with the call. */
  wait(ref: string, condition: WaitCondition = 'not-running', signal?: AbortSignal): Promise<WaitAnswer> {
    return waitFor(this.#room, this.find(ref), condition, signal);
  }

  list(options: ListOptions = {}): Promise<ContainerSummary[]> {
    return listContainers(this.#room, options);
  }

  async inspect(ref: string, options: { size?: boolean | undefined } = {}): Promise<ContainerInspect> {
    return await inspectContainer(this.#room, this.find(ref), options);
  }

  /** Asks its service once, over its network. `probe` as `http:8080/health`. Throws `conflict` where it does not run. */
  async ready(ref: string, probe?: string): Promise<Readiness> {
    return await readinessOf(this.#room, this.find(ref), probe);
  }

  async top(ref: string, psArgs?: string): Promise<TopAnswer> {
    return await topOf(this.#room, this.find(ref), psArgs);
  }

  /** One answer a second, or one. Throws at once where there is no such container. */
  stats(ref: string, options: StatsOptions = {}): AsyncIterable<object> {
    return statsOf(this.#room, this.find(ref).id, options);
  }

  /** Throws at once where there is nothing to read. */
  logs(ref: string, options: LogOptions): Logs {
    return readLogs(this.#room, this.find(ref), options);
  }

  async attach(ref: string, options: AttachOptions): Promise<ContainerStream> {
    return await attachContainer(this.#room, this.find(ref), options);
  }

  /** Sets the size of the terminal, in characters. */
  async resize(ref: string, size: { width: number; height: number }): Promise<void> {
    const record = this.find(ref);
    if (isUp(record) && (await this.#room.runtime.resize(record.id, size))) return;
    throw conflict(`container ${record.id} is not running`);
  }

  /** The id of a session that can be started once. */
  execCreate(ref: string, request: ExecCreateRequest): string {
    return createExec(this.#room, this.find(ref), request);
  }

  async execStart(execId: string, options: ExecStartOptions = {}): Promise<ContainerStream> {
    return await startExec(this.#room, findExec(this.#room, execId), options);
  }

  execInspect(execId: string): ExecInspect {
    return inspectOf(findExec(this.#room, execId));
  }

  async execResize(execId: string, size: { width: number; height: number }): Promise<void> {
    await findExec(this.#room, execId).session?.resize(size);
  }

  async changes(ref: string): Promise<FileChange[]> {
    return await this.#room.snapshots.changes(this.find(ref).id);
  }

  async statArchive(ref: string, path: string): Promise<PathStat> {
    await readyVolumes(this.#room, this.find(ref));
    return statPath(this.#room, this.find(ref), path);
  }

  async getArchive(ref: string, path: string): Promise<ReturnType<typeof getArchive>> {
    await readyVolumes(this.#room, this.find(ref));
    return getArchive(this.#room, this.find(ref), path);
  }

  async putArchive(ref: string, options: PutOptions): Promise<void> {
    await readyVolumes(this.#room, this.find(ref));
    await putArchive(this.#room, this.find(ref), options);
  }

  /** Wharf's own: files that are mounted into it when it starts. Throws `conflict` where it runs. */
  async grantFiles(ref: string, options: GrantOptions): Promise<void> {
    await this.#locked(ref, (id) => grantFiles(this.#room, this.#room.store.require(id), options));
  }

  exportTree(ref: string): ReturnType<typeof exportTree> {
    return exportTree(this.#room, this.find(ref));
  }

  async commit(ref: string, options: CommitOptions = {}): Promise<Digest> {
    return await this.#locked(ref, (id) =>
      commitContainer(this.#room, this.#room.store.require(id), options),
    );
  }

  async connect(ref: string, network: string, settings?: EndpointSettings | null): Promise<void> {
    await this.#locked(ref, (id) =>
      connectContainer(this.#room, id, { network, settings: settings ?? null }),
    );
  }

  async disconnect(ref: string, network: string, options: { force?: boolean } = {}): Promise<void> {
    // Nothing of a network is left to force: a dead endpoint went with its namespace.
    void options;
    await this.#locked(ref, (id) => disconnectContainer(this.#room, id, { network }));
  }

  /** Resolves once nothing goes on in the background. */
  async settle(): Promise<void> {
    while (this.#room.background.size > 0) await Promise.all(this.#room.background);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#room.closing = true;
    for (const end of this.#endings) end();
    for (const live of this.#room.live.all()) {
      live.cancelRestart();
      live.runEnded.abort();
    }
    await this.settle();
  }

  async #locked<T>(ref: string, work: (id: string) => Promise<T>): Promise<T> {
    const { id } = this.find(ref);
    return await this.#room.locks.run(id, () => work(id));
  }
}

/** Does nothing yet: `planRecovery` and `recover` come next. */
export function openContainers(deps: ContainerDeps): Containers {
  return new Containers(deps);
}
