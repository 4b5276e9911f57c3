// What a record must have, so that a program can work with it: one of another version, or edited by hand, is told by name.

type Kind = 'text' | 'number' | 'flag' | 'map' | 'list';
/** A kind for each part that must be there; a shape for a part that is a map, one in a list for a list of such maps. */
export interface Shape {
  readonly [part: string]: Kind | Shape | readonly [Shape];
}

const kinds: Record<Kind, (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  flag: (value) => typeof value === 'boolean',
  map: isMap,
  list: Array.isArray,
};

/** What the value lacks, such as `blocks[0].subnet is missing`; undefined where it lacks nothing. */
export function misfitOf(value: unknown, shape: Shape, at = ''): string | undefined {
  if (!isMap(value)) return `${at.replace(/\.$/, '') || 'the value'} is no map`;
  for (const [part, wanted] of Object.entries(shape)) {
    const misfit = misfitOfPart(value[part], wanted, `${at}${part}`);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
}

function misfitOfPart(found: unknown, wanted: Shape[string], at: string): string | undefined {
  if (found === undefined) return `${at} is missing`;
  if (typeof wanted === 'string') return kinds[wanted](found) ? undefined : `${at} is no ${wanted}`;
  if (!isList(wanted)) return misfitOf(found, wanted, `${at}.`);
  if (!Array.isArray(found)) return `${at} is no list`;
  for (const [index, each] of found.entries()) {
    const misfit = misfitOf(each, wanted[0], `${at}[${index}].`);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
}

const isList = (wanted: Shape | readonly [Shape]): wanted is readonly [Shape] => Array.isArray(wanted);

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
