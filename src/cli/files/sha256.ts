// sha256 for commands that mostly do without: loading what computes it takes longer than all they do besides.
import type { Hash } from 'node:crypto';

const crypto = () => process.getBuiltinModule('node:crypto');

/** In hex. */
export function sha256Of(bytes: string | Buffer): string {
  return crypto().hash('sha256', bytes);
}

/** The same in pieces. */
export function openSha256(): Hash {
  return crypto().createHash('sha256');
}
