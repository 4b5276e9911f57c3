// The bill of materials (sbom): packages that the image's own package managers know of, as an SPDX document (spdx.dev,
// version 2.3) beside the image in its index.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IndexImage } from '#engine/images/record-index.ts';
import type { Digest } from '#shared/oci/digest.ts';
import type { Snapshots } from '#storage/snapshots/snapshots.ts';
import { stackFiles } from '../tree/stack-files.ts';
import type { TreeFiles } from '../tree/tree-files.ts';
import { type Notes, statements } from './attestation.ts';

export const predicateType = 'https://spdx.dev/Document';

interface Package {
  /** As package URLs say it: deb, apk. */
  type: string;
  name: string;
  version: string;
  architecture: string;
  /** Of the whole package, as its author wrote it. */
  license?: string;
}

/** One statement for each image; `stacks` are their topmost layers, `created` their times (RFC 3339). */
export function materialNotes(
  images: readonly IndexImage[],
  given: {
    stacks: readonly { chainId: Digest | null; created: string }[];
    tags: readonly string[];
    snapshots: Pick<Snapshots, 'lowersOf'>;
  },
): Notes {
  const documents = given.stacks.map(({ chainId, created }) => {
    const lowers = given.snapshots.lowersOf(chainId);
    const files = lowers.length === 0 ? undefined : stackFiles(lowers);
    return documentOf(files, { name: given.tags[0] ?? chainId ?? 'scratch', created });
  });
  return statements({
    images,
    tags: given.tags,
    predicateType,
    predicate: (about) => documents[about] ?? {},
  });
}

// The largest database of packages that is read.
const mostBytes = 64 * 2 ** 20;

function textIn(files: TreeFiles, path: string): string {
  const stats = files.look(path);
  const content = stats?.isFile() === true && stats.size <= mostBytes ? files.content(path) : undefined;
  return typeof content === 'string' ? readFileSync(content, 'utf8') : '';
}

/** Paragraphs of `Name: value` lines; a line that begins with a blank goes on with the one before. */
function paragraphs(text: string): Map<string, string>[] {
  return text.split(/\n{2,}/).map((part) => {
    const fields = part.split('\n').flatMap((line): [string, string][] => {
      const at = line.indexOf(':');
      return at < 1 || /^\s/.test(line) ? [] : [[line.slice(0, at), line.slice(at + 1).trim()]];
    });
    return new Map(fields);
  });
}

/** dpkg(1): /var/lib/dpkg/status, and a file for each package in images that have no dpkg. */
function debs(files: TreeFiles): Package[] {
  const folder = 'var/lib/dpkg/status.d';
  const single = files.look(folder)?.isDirectory() === true ? files.list(folder) : [];
  const texts = [
    textIn(files, 'var/lib/dpkg/status'),
    ...single.filter((name) => !name.endsWith('.md5sums')).map((name) => textIn(files, `${folder}/${name}`)),
  ];
  return texts.flatMap(paragraphs).flatMap((fields): Package[] => {
    const [name, version, status] = ['Package', 'Version', 'Status'].map((key) => fields.get(key));
    if (!name || !version || (status !== undefined && !status.endsWith(' installed'))) return [];
    return [{ type: 'deb', name, version, architecture: fields.get('Architecture') ?? '' }];
  });
}

/** apk(5): /lib/apk/db/installed. */
function apks(files: TreeFiles): Package[] {
  return paragraphs(textIn(files, 'lib/apk/db/installed')).flatMap((fields): Package[] => {
    const [name, version, license] = ['P', 'V', 'L'].map((key) => fields.get(key));
    if (!name || !version) return [];
    const architecture = fields.get('A') ?? '';
    return [{ type: 'apk', name, version, architecture, ...(license ? { license } : {}) }];
  });
}

/** `ID` and `VERSION_ID` of os-release(5). */
function distributionOf(files: TreeFiles): { id: string; version: string } {
  const text = textIn(files, 'etc/os-release') || textIn(files, 'usr/lib/os-release');
  const field = (name: string): string =>
    new RegExp(`^${name}=["']?([^"'\\n]*)`, 'm').exec(text)?.[1]?.trim() ?? '';
  return { id: field('ID'), version: field('VERSION_ID') };
}

function documentOf(files: TreeFiles | undefined, about: { name: string; created: string }): object {
  const found = files === undefined ? [] : [...debs(files), ...apks(files)];
  const distribution = files === undefined ? { id: '', version: '' } : distributionOf(files);
  const packages = found.map((each, at) => packageOf(each, { at, distribution }));
  const sum = createHash('sha256')
    .update(JSON.stringify([about, packages]))
    .digest('hex');
  const document = 'SPDXRef-DOCUMENT';
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: document,
    name: about.name,
    documentNamespace: `https://spdx.org/spdxdocs/wharf-${sum}`,
    creationInfo: { created: about.created.replace(/\.\d+/, ''), creators: ['Tool: wharf'] },
    packages,
    relationships: packages.map(({ SPDXID }) => ({
      spdxElementId: document,
      relationshipType: 'DESCRIBES',
      relatedSpdxElement: SPDXID,
    })),
  };
}

function packageOf(
  { type, name, version, architecture, license }: Package,
  { at, distribution }: { at: number; distribution: { id: string; version: string } },
): { SPDXID: string } & Record<string, unknown> {
  const { id, version: release } = distribution;
  const words = [
    ...(architecture === '' ? [] : [`arch=${encodeURIComponent(architecture)}`]),
    ...(id === '' ? [] : [`distro=${encodeURIComponent(release === '' ? id : `${id}-${release}`)}`]),
  ];
  const vendor = id || (type === 'apk' ? 'alpine' : 'debian');
  const path = [vendor, name].map(encodeURIComponent).join('/');
  const query = words.length === 0 ? '' : `?${words.join('&')}`;
  return {
    SPDXID: `SPDXRef-Package-${type}-${name.replace(/[^A-Za-z0-9.-]/g, '-')}-${at}`,
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'NOASSERTION',
    ...(license === undefined ? {} : { licenseComments: license }),
    copyrightText: 'NOASSERTION',
    externalRefs: [
      {
        referenceCategory: 'PACKAGE-MANAGER',
        referenceType: 'purl',
        referenceLocator: `pkg:${type}/${path}@${encodeURIComponent(version)}${query}`,
      },
    ],
  };
}
