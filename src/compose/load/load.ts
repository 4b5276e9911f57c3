// The door of loading: options → one normalised, checked project.
import { assembleProject, type LoadOptions } from '#compose/load/assemble.ts';
import { readYaml } from '#compose/load/yaml.ts';
import type { Project } from '#compose/model.ts';

/**
 * The project that the options name. Throws EngineErrors whose messages say file, line and column: `not-found`
 * where there is no file, `invalid` for all that is wrong in one. Reads files, and writes nothing.
 */
export function loadProject(options: LoadOptions): Project {
  return assembleProject(options, readYaml);
}
