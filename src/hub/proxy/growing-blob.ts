// A blob that is still on its way from another registry, sent on to clients while it grows.
import { type FileHandle, open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { UploadFile } from '../store/upload-file.ts';
import type { Span } from '../wire/ranges.ts';
import { writePiece } from '../wire/send-file.ts';

/** Many readers, one writer. Its last byte is held back until the whole was verified: nothing wrong looks complete. */
export class GrowingBlob {
  readonly sizeBytes: number;
  /** Resolves once the blob is in the store; rejects where it could not be had. */
  readonly stored: Promise<void>;
  #file: UploadFile;
  #isStored = false;
  #failure: unknown;
  #waiting: (() => void)[] = [];

  constructor(file: UploadFile, sizeBytes: number, stored: Promise<void>) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
    this.stored = stored.then(
      () => {
        this.#isStored = true;
        this.wake();
      },
      (thrown) => {
        this.#failure = thrown ?? new Error('the download failed');
        this.wake();
        throw thrown;
      },
    );
    // Clients may all be gone by then; those that are not hear of it from `availableBytes`.
    this.stored.catch(() => {});
  }

  /** More bytes may have come. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** The file as it is now: it stays readable when it is renamed. */
  openFile(): Promise<FileHandle> {
    return open(this.#file.path, 'r');
  }

  /** Resolves to the end of what may be sent, once that is beyond `at`. Throws where the download failed. */
  async availableBytes(at: number): Promise<number> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const end = this.#isStored ? this.sizeBytes : Math.min(this.#file.flushedBytes, this.sizeBytes - 1);
      if (end > at) return end;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

/** Sends the span of the blob as the rest of the answer and ends it. */
export async function sendGrowing(
  response: ServerResponse,
  { blob, file }: { blob: GrowingBlob; file: FileHandle },
  span: Span,
): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(256 * 1024);
  for (let at = span.start; at < span.end; ) {
    const end = Math.min(span.end, await blob.availableBytes(at));
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) throw new Error('the file is shorter than its record says');
    await writePiece(response, buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  response.end();
}
