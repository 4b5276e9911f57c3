// Platforms (`linux/amd64`, `linux/arm/v7`): parse, format, and choose from an image index.
import { invalid } from '#shared/errors.ts';
import type { Descriptor, Platform } from '#shared/oci/specs.ts';

const byNodeArch: Record<string, Platform> = {
  x64: { os: 'linux', architecture: 'amd64' },
  arm64: { os: 'linux', architecture: 'arm64', variant: 'v8' },
  arm: { os: 'linux', architecture: 'arm', variant: 'v7' },
  ia32: { os: 'linux', architecture: '386' },
  ppc64: { os: 'linux', architecture: 'ppc64le' },
};

const byAlias: Record<string, Partial<Platform> & { architecture: string }> = {
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  aarch64: { architecture: 'arm64' },
  i386: { architecture: '386' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
};

const architectures = new Set(
  'amd64 arm64 arm 386 ppc64le s390x riscv64 loong64 mips64le mips64 wasm'.split(' '),
);
const systems = new Set(['linux', 'windows', 'darwin', 'freebsd', 'wasip1']);
const partPattern = /^[A-Za-z0-9_.-]+$/;

/** The platform that containers have on a machine whose `process.arch` is `nodeArch`. */
export function platformOf(nodeArch: string): Platform {
  return { ...(byNodeArch[nodeArch] ?? { os: 'linux', architecture: nodeArch }) };
}

/** The platform of this machine. */
export function hostPlatform(): Platform {
  const host: { process?: { arch?: string } } = globalThis;
  return platformOf(host.process?.arch ?? 'x64');
}

/** The platform in `linux/arm64/v8`, `arm64` or `linux`; what is not said is this machine's. Throws `invalid`. */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  if (parts.length > 3 || !parts.every((part) => partPattern.test(part))) throw badPlatform(text);
  const [first = '', second, third] = parts;
  if (second === undefined) return parseSingle(first.toLowerCase(), text);
  return platformFrom(first.toLowerCase(), second.toLowerCase(), third);
}

function parseSingle(word: string, text: string): Platform {
  if (systems.has(word)) return { ...hostPlatform(), os: word };
  if (architectures.has(word) || Object.hasOwn(byAlias, word)) return platformFrom('linux', word, undefined);
  throw badPlatform(text);
}

function platformFrom(os: string, architecture: string, variant: string | undefined): Platform {
  const alias = Object.hasOwn(byAlias, architecture) ? byAlias[architecture] : undefined;
  const platform: Platform = { os, architecture, ...alias };
  if (variant !== undefined) platform.variant = variant;
  return platform;
}

function badPlatform(text: string): Error {
  return invalid(`"${text.slice(0, 100)}": unknown operating system or architecture: invalid argument`, {
    hint: 'a platform looks like linux/amd64, linux/arm64 or linux/arm/v7',
  });
}

/** The same platform in its shortest words: the variant that is meant anyhow goes, `arm` alone is v7. */
export function normalPlatform({ variant, ...platform }: Platform): Platform {
  const isPlain =
    (platform.architecture === 'arm64' && variant === 'v8') ||
    (platform.architecture === 'amd64' && variant === 'v1');
  if (platform.architecture === 'arm' && !variant) return { ...platform, variant: 'v7' };
  return variant === undefined || isPlain ? platform : { ...platform, variant };
}

/** `linux/arm/v7`. */
export function formatPlatform(platform: Platform): string {
  const variant = platform.variant ? `/${platform.variant}` : '';
  return `${platform.os}/${platform.architecture}${variant}`;
}

/**
 * The descriptor of an index that suits `platform` best, or undefined. Attestations (`unknown/unknown`) never
 * suit; a lone descriptor that names no platform does.
 */
export function pickPlatform<D extends Pick<Descriptor, 'platform'>>(
  descriptors: readonly D[],
  platform: Platform,
): D | undefined {
  let best: { descriptor: D; rank: number } | undefined;
  for (const descriptor of descriptors) {
    const rank = rankOf(descriptor.platform, platform);
    if (rank > 0 && (best === undefined || rank > best.rank)) best = { descriptor, rank };
  }
  if (best !== undefined) return best.descriptor;
  const [only] = descriptors;
  return descriptors.length === 1 && only?.platform === undefined ? only : undefined;
}

/** 0 does not run there; the higher, the nearer. */
function rankOf(offered: Platform | undefined, wanted: Platform): number {
  if (offered === undefined) return 0;
  if (offered.os !== wanted.os || offered.architecture !== wanted.architecture) return 0;
  const have = levelOf(offered);
  const want = levelOf(wanted);
  return have <= want ? 100 - (want - have) : 0;
}

/** The number of a variant; where none is said, that of the plainest processor of the kind. */
function levelOf(platform: Platform): number {
  const plainest: Record<string, number> = { arm64: 8, arm: platform.variant ? 0 : 7, amd64: 1 };
  const said = /^v(\d{1,2})/.exec(platform.variant ?? '');
  return said ? Number(said[1]) : (plainest[platform.architecture] ?? 0);
}
