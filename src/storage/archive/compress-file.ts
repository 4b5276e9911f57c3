// Writing a compressed file through a program: a job writes plain bytes into a pipe, the program the file.
import { closeSync, openSync } from 'node:fs';
import { startProgram } from '#kernel/spawn.ts';
import { internal } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { compressorFor } from './compression.ts';
import { openPipe } from './pipe.ts';
import { runJob } from './pool.ts';

export interface CompressRequest {
  output: string;
  compress: 'gzip' | 'zstd';
  signal?: AbortSignal | undefined;
}

/** Runs `write` with a descriptor that takes plain bytes; afterwards `output` holds them compressed. */
export async function compressFile<T>(
  { output, compress, signal }: CompressRequest,
  write: (fd: number) => Promise<T>,
): Promise<{ result: T; digest: Digest; sizeBytes: number }> {
  const { program, args } = compressorFor(compress);
  const file = openSync(output, 'w', 0o600);
  const { readFd, writeFd } = openPipe();
  const child = startProgram(program, args, { stdio: [readFd, file, 'pipe'] });
  closeSync(readFd);
  closeSync(file);
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(0, 500);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(internal(`${program}: ${words.trim() || `exit code ${code}`}`));
    });
  });
  const [written] = await Promise.allSettled([write(writeFd).finally(() => closeSync(writeFd))]);
  const [closed] = await Promise.allSettled([ended]);
  if (closed.status === 'rejected') throw noSpace(words) ? noSpaceFault(closed.reason) : closed.reason;
  if (written.status === 'rejected') throw written.reason;
  return { result: written.value, ...(await runJob({ kind: 'hash', path: output }, { signal })) };
}

const noSpace = (words: string): boolean => /no space left/i.test(words);

const noSpaceFault = (cause: unknown): Error =>
  Object.assign(new Error('no space left on device', { cause }), { code: 'ENOSPC' });
