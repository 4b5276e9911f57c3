// The bytes of one upload: appended, hashed as they come, and counted. The digest may be known only at the end.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { BlobDigest, DigestAlgorithm } from '#shared/oci/digest.ts';
import { diskFault } from '#storage/disk-faults.ts';

// Chunks from a socket are some 64 KiB: fewer, larger writes cost fewer trips to the thread pool.
const batchBytes = 1 << 20;

/** One writer at a time. After a failed write it must be opened anew: the file knows best what arrived. */
export class UploadFile {
  readonly path: string;
  #hash: Hash;
  #offset: number;
  #flushed: number;
  #file: FileHandle | undefined;
  #batch: Buffer[] = [];
  #batched = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, hash: Hash, offset: number) {
    this.path = path;
    this.#hash = hash;
    this.#offset = offset;
    this.#flushed = offset;
  }

  /** Bytes that were accepted. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes that are in the file and can be read there. */
  get flushedBytes(): number {
    return this.#flushed;
  }

  /** Appends bytes; the caller must not change `chunk` afterwards. Hashing goes on while earlier bytes are written. */
  async write(chunk: Buffer): Promise<void> {
    this.#hash.update(chunk);
    this.#offset += chunk.length;
    this.#batch.push(chunk);
    this.#batched += chunk.length;
    if (this.#batched >= batchBytes) await this.#send();
  }

  /** Everything accepted is in the file (not yet on the disk), and the file is closed. */
  async rest(): Promise<void> {
    try {
      await this.#send();
      await this.#writing;
    } finally {
      await this.#file?.close();
      this.#file = undefined;
    }
  }

  /** Of all bytes so far: at once by sha256, which is hashed as they come, by others after reading the file again. */
  async digest(algorithm: DigestAlgorithm): Promise<BlobDigest> {
    if (algorithm === 'sha256') return `sha256:${this.#hash.copy().digest('hex')}`;
    await this.rest();
    const hash = createHash(algorithm);
    await pipeline(createReadStream(this.path, { highWaterMark: batchBytes }), hash);
    return `${algorithm}:${hash.digest('hex')}`;
  }

  /** The bytes are on the disk under `target`, and this file is no more. */
  async moveTo(target: string): Promise<void> {
    try {
      await this.rest();
      const file = await open(this.path, 'r+');
      try {
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(this.path, target);
    } catch (thrown) {
      throw diskFault('writing an uploaded blob', thrown);
    }
  }

  /** Waits for the write before, then starts the next without waiting for it. */
  async #send(): Promise<void> {
    await this.#writing;
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#batched = 0;
    this.#file ??= await open(this.path, 'a', 0o600);
    this.#writing = this.#append(this.#file, batch);
    // A failure is thrown to whoever waits next; until then it must not count as unhandled.
    this.#writing.catch(() => {});
  }

  async #append(file: FileHandle, batch: Buffer[]): Promise<void> {
    const total = batch.reduce((sum, each) => sum + each.length, 0);
    try {
      const { bytesWritten } = await file.writev(batch);
      if (bytesWritten < total) await writeRest(file, Buffer.concat(batch).subarray(bytesWritten));
    } catch (thrown) {
      throw diskFault('writing an uploaded blob', thrown);
    }
    this.#flushed += total;
  }
}

/** Opens (or creates) the file and hashes what is in it already. */
export async function openUploadFile(path: string): Promise<UploadFile> {
  const hash = createHash('sha256');
  const file = await open(path, 'a+', 0o600).catch((thrown) => {
    throw diskFault('writing an uploaded blob', thrown);
  });
  try {
    const buffer = Buffer.allocUnsafe(batchBytes);
    for (let offset = 0; ; ) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
      if (bytesRead === 0) return new UploadFile(path, hash, offset);
      hash.update(buffer.subarray(0, bytesRead));
      offset += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function writeRest(file: FileHandle, bytes: Buffer): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray((await file.write(rest)).bytesWritten);
}
