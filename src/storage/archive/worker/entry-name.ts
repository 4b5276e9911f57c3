// Names in archives: made relative, checked, and quoted for messages.
import { invalid } from '#shared/errors.ts';

const maxNameBytes = 4096;

/**
 * `name` relative to the archive's root, without `.`, empty parts and a leading or trailing slash; '' is the root
 * itself. Throws `invalid` where it climbs out, or no file system takes it.
 */
export function cleanName(name: string): string {
  if (Buffer.byteLength(name) > maxNameBytes) throw invalid(`entry ${quoteName(name)}: its name is too long`);
  if (isClean(name)) return name;
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined)
      throw invalid(`entry ${quoteName(name)} leads outside of the archive's root`);
  }
  return parts.join('/');
}

// The usual case, without taking the name apart.
function isClean(name: string): boolean {
  return !/^\/|^\.{0,2}$|\/$|\/\/|(^|\/)\.\.?(\/|$)/.test(name);
}

/** The name in quotes, shortened so that a message stays readable. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}
