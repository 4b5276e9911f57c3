// Rules about FROM, the names of stages and the case of instructions.
import { isKind } from '#shared/errors.ts';
import { formatPlatform, parsePlatform } from '#shared/oci/platform.ts';
import { parseReference } from '#shared/oci/reference.ts';
import type { Platform } from '#shared/oci/specs.ts';
import { SyntaxProblem } from '../dockerfile/errors.ts';
import { expandWord } from '../dockerfile/expand.ts';
import type { Dockerfile, FromInstruction, Place, Stage } from '../dockerfile/instruction.ts';
import { didYouMean } from '../dockerfile/nearest.ts';
import { type BuildArgs, type Declared, globalVariables } from '../variables.ts';
import type { Report } from './report.ts';

const reserved = ['context', 'scratch'];
const lower = (text: string): boolean => text === text.toLowerCase();
const upper = (text: string): boolean => text === text.toUpperCase();
const keywordOf = ({ text }: Place): string => /^\S+/.exec(text)?.[0] ?? '';

/** Most of the instructions decide; those written in both cases do not count. */
export function checkCasing(file: Dockerfile, report: Report): void {
  const places = file.stages.flatMap((stage): Place[] => [stage.from, ...stage.steps]);
  const words = places.map(keywordOf);
  const lowerCount = words.filter(lower).length;
  const isLower = lowerCount > words.filter(upper).length;
  for (const place of places) {
    const word = keywordOf(place);
    if (isLower ? lower(word) : upper(word)) continue;
    const majority = isLower ? 'lowercase' : 'uppercase';
    report(
      'ConsistentInstructionCasing',
      place,
      `Command '${word}' should match the case of the command majority (${majority})`,
    );
  }
}

export function checkStageNames(stages: readonly Stage[], report: Report): void {
  const seen = new Set<string>();
  for (const { from, name } of stages) {
    const words = from.text.split(/\s+/).filter((word) => !word.startsWith('--'));
    const [keyword = '', , as = '', written = ''] = words;
    if (name === undefined) continue;
    if (!lower(written)) report('StageNameCasing', from, `Stage name '${written}' should be lowercase`);
    if ((lower(keyword) && !lower(as)) || (upper(keyword) && !upper(as)))
      report('FromAsCasing', from, `'${as}' and '${keyword}' keywords' casing do not match`);
    if (reserved.includes(name)) {
      const text = `Stage name should not use the same name as reserved stage ${JSON.stringify(name)}`;
      report('ReservedStageName', from, text);
    }
    if (seen.has(name)) {
      const text = `Duplicate stage name ${JSON.stringify(name)}, stage names should be unique`;
      report('DuplicateStageName', from, text);
    }
    seen.add(name);
  }
}

/** What was declared before the first FROM, with and without the arguments of the build. */
export interface FromScope {
  globals: Declared;
  host: Platform;
  noArgs: BuildArgs;
}

function unsetIn(text: string, globals: Declared, escapeChar: string): { value: string; unset: string[] } {
  const unset: string[] = [];
  const lookup = (name: string): string | undefined =>
    globals.get(name) ?? (globals.has(name) ? '' : undefined);
  const value = expandWord(text, { lookup, escape: escapeChar, onUnset: (name) => unset.push(name) });
  return { value, unset };
}

export function checkFroms(file: Dockerfile, scope: FromScope, report: Report): void {
  const { escape: escapeChar } = file.directives;
  const defaults = globalVariables(file.globalArgs, {
    buildArgs: scope.noArgs,
    host: scope.host,
    escape: escapeChar,
  });
  for (const stage of file.stages) {
    const { from } = stage;
    for (const text of [from.image, from.platform ?? '']) {
      for (const name of unsetIn(text, scope.globals, escapeChar).unset) {
        const near = didYouMean(name, [...scope.globals.keys()]);
        report('UndefinedArgInFrom', from, `FROM argument '${name}' is not declared${near}`);
      }
    }
    if (!isImageName(unsetIn(from.image, defaults, escapeChar).value)) {
      const text = `Default value for ARG ${from.image} results in empty or invalid base image name`;
      report('InvalidDefaultArgInFrom', from, text);
    }
    checkPlatform(from, stage.name ?? '', report);
  }
}

function isImageName(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch (thrown) {
    if (isKind(thrown, 'invalid')) return false;
    throw thrown;
  }
}

function checkPlatform(from: FromInstruction, stageName: string, report: Report): void {
  const { platform } = from;
  if (platform === undefined) return;
  if (/^\$(TARGETPLATFORM|\{TARGETPLATFORM\})$/.test(platform)) {
    const text = `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`;
    report('RedundantTargetPlatform', from, text);
    return;
  }
  if (platform.includes('$')) return;
  const { os, architecture } = parsedPlatform(platform);
  if (os === '' || stageName.includes(os) || stageName.includes(architecture)) return;
  const text = `FROM --platform flag should not use constant value ${JSON.stringify(platform)}`;
  report('FromPlatformFlagConstDisallowed', from, text);
}

function parsedPlatform(text: string): { os: string; architecture: string } {
  try {
    const parsed = parsePlatform(text);
    formatPlatform(parsed);
    return parsed;
  } catch (thrown) {
    if (isKind(thrown, 'invalid') || thrown instanceof SyntaxProblem) return { os: '', architecture: '' };
    throw thrown;
  }
}

/** The comment above a stage or argument describes it, and then begins with its name. */
export function checkDescriptions(file: Dockerfile, report: Report): void {
  const named = file.stages.flatMap(({ from, steps }) => [
    ...(from.stageName === undefined ? [] : [{ place: from as Place, names: [originalName(from)] }]),
    ...steps.flatMap((step) =>
      step.kind === 'arg' ? [{ place: step as Place, names: step.args.map(({ name }) => name) }] : [],
    ),
  ]);
  const globals = file.globalArgs.map((arg) => ({
    place: arg as Place,
    names: arg.args.map(({ name }) => name),
  }));
  for (const { place, names } of [...globals, ...named]) {
    const last = place.comments.at(-1);
    if (last === undefined || names.includes(last.split(' ')[0] ?? '')) continue;
    const example = names.length === 1 ? names[0] : '<arg_key>';
    const text = `Comment for ${place.keyword} should follow the format: \`# ${example} <description>\``;
    report('InvalidDefinitionDescription', place, text);
  }
}

const originalName = (from: FromInstruction): string => from.text.split(/\s+/).at(-1) ?? '';
