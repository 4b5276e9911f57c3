// A Compose project in TypeScript: `export default defineProject({ services: … })` in a `compose.ts`, which
// `wharf compose` takes like a `compose.yaml`. A program imports this as `wharf/compose`.
import type { ComposeFile } from './file-types.ts';

export type { ComposeFile } from './file-types.ts';
export type { Build, Deploy, Develop } from './part-types.ts';
export type { Service } from './service-types.ts';

/** The project as it is written, checked by its types: unknown keys and wrong values are errors of the compiler. */
export function defineProject(project: ComposeFile): ComposeFile {
  return project;
}
