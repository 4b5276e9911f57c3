// The version in a request's path, and image names with slashes in it.
import { invalid } from '#shared/errors.ts';

export const apiVersion = '1.51';
export const minApiVersion = '1.40';

const versioned = /^\/v([0-9][0-9.]*)(?=\/)/;

/** The version that a path begins with. */
export function versionIn(url: string): string | undefined {
  return versioned.exec(url)?.[1];
}

/** What follows the version. Throws `invalid`, with Docker's sentence, for one that is not spoken here. */
export function stripVersion(url: string): string {
  const version = versionIn(url);
  if (version === undefined) return url;
  if (isNewer(version, apiVersion)) {
    throw invalid(`client version ${version} is too new. Maximum supported API version is ${apiVersion}`);
  }
  if (isNewer(minApiVersion, version)) {
    throw invalid(
      `client version ${version} is too old. Minimum supported API version is ${minApiVersion}, ` +
        'please upgrade your client to a newer version',
    );
  }
  return url.slice(version.length + 2);
}

function isNewer(version: string, than: string): boolean {
  const theirs = version.split('.').map(Number);
  const ours = than.split('.').map(Number);
  for (let index = 0; index < Math.max(theirs.length, ours.length); index++) {
    const difference = (theirs[index] ?? 0) - (ours[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

const imageVerbs = new Set([
  'json',
  'history',
  'get',
  'tag',
  'push',
  'attestations',
  'layers',
  'files',
  'diff',
  'tags',
  'referrers',
]);
const roots = ['/images/', '/distribution/'];

/**
 * The path with an image's name as one segment (`/images/a/b:1/json` → `/images/a%2Fb:1/json`): clients send its
 * slashes as they are, a router matches segments.
 */
export function escapeImageName(method: string, url: string): string {
  const root = roots.find((start) => url.startsWith(start));
  if (root === undefined) return url;
  const queryAt = url.indexOf('?');
  const path = queryAt < 0 ? url : url.slice(0, queryAt);
  const segments = path.slice(root.length).split('/');
  if (segments.length < 2) return url;
  const last = segments.at(-1) ?? '';
  const hasVerb = method !== 'DELETE' && imageVerbs.has(last);
  const name = (hasVerb ? segments.slice(0, -1) : segments).join('%2F');
  return `${root}${name}${hasVerb ? `/${last}` : ''}${queryAt < 0 ? '' : url.slice(queryAt)}`;
}
