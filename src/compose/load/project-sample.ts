// Projects for tests: one file, given as text.
import type { Project } from '#compose/model.ts';
import { loadProject } from './load.ts';

/** The project `app` of this file, in a folder that is not there. */
export const sampleProject = (text: string, environment: Record<string, string> = {}): Project =>
  loadProject({ directory: '/nowhere', environment, files: ['-'], projectName: 'app', stdin: () => text });
