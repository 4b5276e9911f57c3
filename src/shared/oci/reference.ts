// Image references: Docker's familiar form in, the full name out (distribution-spec names; Docker's short forms).
import { invalid } from '#shared/errors.ts';
import { type Digest, isDigest } from '#shared/oci/digest.ts';

/** A normalised name: `python` is registry `docker.io`, repository `library/python`, tag `latest`. */
export interface Reference {
  /** Host, and port where it has one. */
  registry: string;
  repository: string;
  tag?: string;
  digest?: Digest;
}

const defaultRegistry = 'docker.io';
const hostPattern =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]{1,5})?$/;
const componentPattern = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const hexIdPattern = /^[a-f0-9]{64}$/;
const longestName = 255;

const badFormat = (text: string, why = '') =>
  invalid(`invalid reference format${why}`, {
    hint: `${JSON.stringify(text.slice(0, 120))} is not an image name; names look like python:3.11-slim or registry.example.org/team/app:1.0`,
  });

/**
 * The reference in `text`. Without a tag and a digest the tag is `latest`.
 * Throws `invalid` with Docker's sentence.
 */
export function parseReference(text: string): Reference {
  if (hexIdPattern.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { name, tag, digest } = splitReference(text);
  const { registry, repository } = splitName(name);
  checkName(text, registry, repository);
  if (tag !== undefined && !tagPattern.test(tag)) throw badFormat(text);
  const reference: Reference = { registry, repository };
  if (tag !== undefined) reference.tag = tag;
  if (digest !== undefined) {
    if (!isDigest(digest)) throw badFormat(text);
    reference.digest = digest;
  }
  if (tag === undefined && digest === undefined) reference.tag = 'latest';
  return reference;
}

function splitReference(text: string): { name: string; tag?: string; digest?: string } {
  const at = text.indexOf('@');
  const rest = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? {} : { digest: text.slice(at + 1) };
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  return colon < 0
    ? { name: rest, ...digest }
    : { name: rest.slice(0, colon), tag: rest.slice(colon + 1), ...digest };
}

function splitName(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  if (!looksLikeHost(first)) return { registry: defaultRegistry, repository: underLibrary(name) };
  const rest = name.slice(slash + 1);
  if (first !== defaultRegistry && first !== 'index.docker.io') return { registry: first, repository: rest };
  return { registry: defaultRegistry, repository: underLibrary(rest) };
}

/** Docker's rule for whether the part before the first slash is a registry. */
function looksLikeHost(first: string): boolean {
  return /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
}

function underLibrary(name: string): string {
  return name.includes('/') ? name : `library/${name}`;
}

function checkName(text: string, registry: string, repository: string): void {
  if (!hostPattern.test(registry)) throw badFormat(text);
  if (registry.length + 1 + repository.length > longestName) {
    throw badFormat(text, `: repository name must not be more than ${longestName} characters`);
  }
  if (repository.split('/').every((part) => componentPattern.test(part))) return;
  const lower = repository.toLowerCase();
  if (lower !== repository && lower.split('/').every((part) => componentPattern.test(part))) {
    throw badFormat(text, `: repository name (${repository}) must be lowercase`);
  }
  throw badFormat(text);
}

/** The full name: `docker.io/library/python:3.11-slim`. */
export function formatReference(reference: Reference): string {
  return repositoryOf(reference) + suffixOf(reference);
}

/** The name as people write it: `python:3.11-slim`. */
export function familiarReference(reference: Reference): string {
  return familiarRepository(reference) + suffixOf(reference);
}

/** The full name without tag and digest: `docker.io/library/python`. */
export function repositoryOf(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`;
}

/** The name as people write it, without tag and digest: `python`, `team/app`, `ghcr.io/team/app`. */
export function familiarRepository(reference: Reference): string {
  if (reference.registry !== defaultRegistry) return repositoryOf(reference);
  const short = reference.repository.replace(/^library\/(?=[^/]*$)/, '');
  const slash = short.indexOf('/');
  // `0.a/b` alone would be read as a repository of the registry 0.a.
  return slash > 0 && looksLikeHost(short.slice(0, slash)) ? repositoryOf(reference) : short;
}

function suffixOf(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  return reference.digest === undefined ? tag : `${tag}@${reference.digest}`;
}
