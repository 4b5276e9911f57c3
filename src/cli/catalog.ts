// Every command: its names, what it does, and where its file is. Files are loaded only when their command is run.
import { composeItself, composeSections } from '#cli/catalog/compose.ts';
import { containerSections } from '#cli/catalog/containers.ts';
import { engineSections } from '#cli/catalog/engine.ts';
import type { Entry, Section } from '#cli/catalog/entry.ts';
import { hubSections } from '#cli/catalog/hub.ts';
import { imageSections } from '#cli/catalog/images.ts';

export const sections: Section[] = [
  ...containerSections,
  ...imageSections,
  ...composeSections,
  ...hubSections,
  ...engineSections,
];

export const groups: Record<string, string> = {
  container: 'Manage containers.',
  image: 'Manage images.',
  network: 'Manage networks.',
  volume: 'Manage volumes.',
  system: 'Manage the engine.',
  trash: 'Things that were removed and can come back.',
  why: 'Say why something is as it is.',
  builder: 'Build, and manage the build cache.',
  buildx: 'The same, under the name of Docker’s plugin.',
  manifest: 'Lists of images of several platforms, in a registry.',
  hub: 'A registry server of one’s own.',
  compose: 'Many containers from one file.',
  context: 'Manage contexts: engines by name.',
};

export interface Found {
  entry: Entry;
  /** How many words of the line are the command's name. */
  words: number;
}

/** The command that the line begins with. */
export function findEntry(line: readonly string[]): Found | undefined {
  const [first = '', second = ''] = line;
  // Flags may stand before the command of Compose: it reads them itself.
  if (first === 'compose' && (second.startsWith('-') || second === 'help' || second === ''))
    return { entry: composeItself, words: 1 };
  // `build` is a command and has some below it.
  const isGroup = Object.hasOwn(groups, first) || (second !== '' && isBelow(`${first} ${second}`));
  const wanted = isGroup ? `${first} ${second}` : first;
  for (const { entries } of sections) {
    const found = entries.find((each) => each.name === wanted || each.also.includes(wanted));
    if (found !== undefined) return { entry: found, words: isGroup ? 2 : 1 };
  }
  return undefined;
}

function isBelow(name: string): boolean {
  return sections.some(({ entries }) => entries.some((each) => each.name === name));
}

/** Every name that may follow `wharf`, or `wharf GROUP`. */
export function namesUnder(group: string | undefined): string[] {
  const all = sections.flatMap(({ entries }) => entries.flatMap((each) => [each.name, ...each.also]));
  if (group === undefined) return [...all.filter((name) => !name.includes(' ')), ...Object.keys(groups)];
  return all.flatMap((name) => (name.startsWith(`${group} `) ? [name.slice(group.length + 1)] : []));
}
