// The program of an archive worker thread: takes one job at a time and does it with synchronous calls.
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { cancelled, codeOf, EngineError, messageOf } from '#shared/errors.ts';
import type { Control, Failure, Job, JobAnswer, JobMessage, JobResults } from '../jobs.ts';
import { hashFile } from '../tar/hash-file.ts';
import { ByteSource, type SourceOptions } from '../tar/source.ts';
import { confined } from './confine.ts';
import { extractContext, extractTree } from './extract-jobs.ts';
import { unpackLayer } from './layer-entries.ts';
import { packLayer, packTree, statTree } from './pack-jobs.ts';
import { spoolFiles } from './spool-files.ts';

// OpenSSL reads its configuration at first use: that must not happen inside a layer.
createHash('sha256').update('').digest();

function perform(job: Job, control: Control): JobResults[Job['kind']] {
  switch (job.kind) {
    case 'unpack-layer':
      return confined(job.target, () =>
        unpackLayer(
          new ByteSource(job.fd, { ...watch(control, job.maxBytes), hashed: job.diffId === undefined }),
          job.diffId,
        ),
      );
    case 'pack-layer':
      return confined(job.dir, () => packLayer('', job.fd, () => assertGoing(control)));
    case 'pack-tree':
      return confined(job.root, () => packTree(job, () => assertGoing(control)));
    case 'extract-tree':
      return confined(job.root, () =>
        extractTree(job, new ByteSource(job.fd, { ...watch(control), hashed: false })),
      );
    case 'extract-context':
      return confined(job.target, () =>
        extractContext(new ByteSource(job.fd, { ...watch(control, job.maxBytes), hashed: false })),
      );
    case 'spool-files':
      return confined(job.target, () =>
        spoolFiles(job, new ByteSource(job.fd, { ...watch(control), hashed: false })),
      );
    case 'stat-tree':
      return confined(job.root, () => statTree(job));
    case 'hash':
      return hashFile(job.path, watch(control));
    case 'remove':
      rmSync(job.path, { recursive: true, force: true, maxRetries: 1 });
      return undefined;
  }
}

function watch(control: Control, maxBytes?: number): SourceOptions {
  const onRead = (totalBytes: number): void => {
    Atomics.store(control, 1, Math.floor(totalBytes / 1024));
    assertGoing(control);
  };
  return maxBytes === undefined ? { onRead } : { onRead, maxBytes };
}

function assertGoing(control: Control): void {
  if (Atomics.load(control, 0) !== 0) throw cancelled('cancelled');
}

function failureOf(thrown: unknown): Failure {
  const ours = thrown instanceof EngineError ? thrown : undefined;
  return { kind: ours?.kind, hint: ours?.hint, code: codeOf(thrown), message: messageOf(thrown) };
}

function answer({ job, control }: JobMessage): JobAnswer {
  try {
    return { ok: true, result: perform(job, control) };
  } catch (thrown) {
    return { ok: false, failure: failureOf(thrown) };
  }
}

parentPort?.on('message', (message: JobMessage) => parentPort?.postMessage(answer(message)));
