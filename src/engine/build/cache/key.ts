// Cache keys: sha256 over the canonical JSON of everything a step's result depends on.
import { hash } from 'node:crypto';
import type { Digest } from '#shared/oci/digest.ts';

/** What a step's result depends on. Kept, so that what changed between two builds can be told. */
export interface Preimage {
  /** Changes when keys of older versions must not be met again. */
  version: 3;
  /** Key of the step before, or the image it starts from. */
  parent: string;
  /** The file system it starts from. */
  on: Digest | null;
  /** The instruction, expanded, as in the image's history. */
  instruction: string;
  /** Declared ARGs with their values, where the step can see them. */
  args?: Record<string, string>;
  /** Sources by their name in the destination, each with its fingerprint. */
  files?: Record<string, string>;
  /** SOURCE_DATE_EPOCH. */
  epoch?: number;
  /** Whatever else counts. */
  more?: Record<string, string>;
}

/** JSON with the keys of every object in order: the same value is the same text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(',')}}`;
}

const filesDigests = new WeakMap<object, string>();

/** One text for all files: there may be thousands, and the same object comes again with the next build. */
function digestOfFiles(files: Readonly<Record<string, string>>): string {
  const known = filesDigests.get(files);
  if (known !== undefined) return known;
  const digest = hash('sha256', canonicalJson(files));
  filesDigests.set(files, digest);
  return digest;
}

/** 64 hex digits. `preimage.files` must not change afterwards. */
export function keyOf({ files, ...preimage }: Preimage): string {
  const digest = files === undefined ? undefined : digestOfFiles(files);
  return hash('sha256', canonicalJson({ ...preimage, files: digest }));
}
