// Pulls and pushes of a whole repository: each of its tags in turn.
import { notFound } from '#shared/errors.ts';
import {
  familiarRepository,
  formatReference,
  parseReference,
  type Reference,
  repositoryOf,
} from '#shared/oci/reference.ts';
import type { ImageRecord } from '../record.ts';
import type { ImageRoom } from '../room.ts';
import type { Puller, PullRequest } from './pull.ts';
import { type PushRequest, pushImage } from './push.ts';

const pageOf = 500;

/** True where the text names a repository, and neither a tag nor a digest of it. */
export function isRepository(text: string): boolean {
  return !text.includes('@') && !/:[^/]*$/.test(text);
}

/** Every tag that the registry has of `request.reference`. The first failure ends it; what was pulled stays. */
export async function pullEveryTag(
  { registry }: Pick<ImageRoom, 'registry'>,
  puller: Puller,
  request: PullRequest,
): Promise<ImageRecord[]> {
  const { auth, signal } = request;
  const { tag: _, ...repository } = parseReference(request.reference);
  const tags = new Set<string>();
  for (let last: string | undefined = ''; last !== undefined; ) {
    const page = await registry.tags(
      repository,
      { count: pageOf, last: last || undefined },
      { auth, signal },
    );
    const before = tags.size;
    for (const tag of page.tags) tags.add(tag);
    // A registry that goes round in circles has nothing more.
    last = tags.size > before ? page.next : undefined;
  }
  if (tags.size === 0) throw notFound(`no tags of ${familiarRepository(repository)} in its registry`);
  const pulled: ImageRecord[] = [];
  for (const tag of [...tags].sort()) {
    pulled.push(await puller.pull({ ...request, reference: withTag(repository, tag) }));
  }
  return pulled;
}

/** Every tag that is here of `request.reference`. Throws `not-found` with Docker's sentence where there is none. */
export async function pushEveryTag(room: ImageRoom, request: PushRequest): Promise<void> {
  const repository = parseReference(request.reference);
  const tags = room.store
    .all()
    .flatMap((image) => image.tags.map(parseReference))
    .flatMap((name) => (repositoryOf(name) === repositoryOf(repository) ? (name.tag ?? []) : []));
  if (tags.length === 0) {
    throw notFound(`An image does not exist locally with the tag: ${familiarRepository(repository)}`);
  }
  for (const tag of tags.sort()) await pushImage(room, { ...request, reference: withTag(repository, tag) });
}

const withTag = ({ registry, repository }: Reference, tag: string): string =>
  formatReference({ registry, repository, tag });
