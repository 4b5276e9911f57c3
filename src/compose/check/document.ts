// Checks one file against the schema.
import { fileSchema } from '#compose/check/schema/file.ts';
import { validate } from '#compose/check/validate.ts';
import type { Located } from '#compose/load/located.ts';
import { inOrder, problems } from '#compose/load/place.ts';

/** Throws `invalid` with all that is wrong in the file, a line each with its place. */
export function checkDocument(root: Located): void {
  const found = validate(root, fileSchema);
  if (found.length > 0) throw problems(inOrder(found));
}
