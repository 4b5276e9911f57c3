// Which end-point a path names (distribution-spec, "Endpoints"). A name may itself hold words like `blobs` or `tags`.
import { parseRepositoryName } from '../names.ts';

export type Route =
  | { kind: 'base' }
  | { kind: 'catalog' }
  | { kind: 'blob' | 'manifest' | 'referrers' | 'upload'; repository: string; target: string }
  | { kind: 'uploads' | 'tags'; repository: string };

const shapes: readonly { kind: 'blob' | 'manifest' | 'referrers' | 'upload'; pattern: RegExp }[] = [
  { kind: 'upload', pattern: /^(.+)\/blobs\/uploads\/([^/]+)$/s },
  { kind: 'blob', pattern: /^(.+)\/blobs\/([^/]+)$/s },
  { kind: 'manifest', pattern: /^(.+)\/manifests\/([^/]+)$/s },
  { kind: 'referrers', pattern: /^(.+)\/referrers\/([^/]+)$/s },
];
const lists: readonly { kind: 'uploads' | 'tags'; pattern: RegExp }[] = [
  { kind: 'uploads', pattern: /^(.+)\/blobs\/uploads\/?$/s },
  { kind: 'tags', pattern: /^(.+)\/tags\/list$/s },
];

/** The route of a path below `/v2/`, or undefined. Throws NAME_INVALID. */
export function findRoute(path: string): Route | undefined {
  if (path === '/v2/' || path === '/v2') return { kind: 'base' };
  if (!path.startsWith('/v2/')) return undefined;
  const rest = path.slice('/v2/'.length);
  if (rest === '_catalog') return { kind: 'catalog' };
  for (const { kind, pattern } of lists) {
    const name = pattern.exec(rest)?.[1];
    if (name !== undefined) return { kind, repository: parseRepositoryName(name) };
  }
  for (const { kind, pattern } of shapes) {
    const [, name, target] = pattern.exec(rest) ?? [];
    if (name !== undefined && target !== undefined) {
      return { kind, repository: parseRepositoryName(name), target };
    }
  }
  return undefined;
}
