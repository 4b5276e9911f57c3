// All Dockerfiles of the corpus, and how one is asked of the engine.
import type { BuildLab } from '../system/build-room.ts';
import type { CorpusCase } from './case.ts';
import { copyCases } from './copy.ts';
import { ignoreCases } from './ignore.ts';
import { placeCases } from './places.ts';
import { runCases } from './run.ts';
import { settingCases } from './settings.ts';
import { stageCases } from './stages.ts';
import { syntaxCases } from './syntax.ts';
import { variableCases } from './variables.ts';

export const corpus: readonly CorpusCase[] = [
  ...stageCases,
  ...variableCases,
  ...settingCases,
  ...syntaxCases,
  ...copyCases,
  ...placeCases,
  ...ignoreCases,
  ...runCases,
];

export function requestOf(each: CorpusCase, lab: BuildLab): Parameters<BuildLab['run']>[0] {
  const { buildArgs = {}, labels = {}, secrets = {}, contexts = {}, allow = [], target, platform } = each;
  const bytes = Object.entries(secrets).map(([id, value]) => [id, Buffer.from(value)] as const);
  const dirs = Object.entries(contexts).map(([name, files]) => [name, { dir: lab.context(files) }] as const);
  return {
    files: { Dockerfile: each.dockerfile, ...each.files },
    buildArgs,
    labels,
    allow,
    secrets: Object.fromEntries(bytes),
    contexts: Object.fromEntries(dirs),
    ...(target === undefined ? {} : { target }),
    ...(platform === undefined ? {} : { platform }),
  };
}
