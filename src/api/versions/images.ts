// Images for clients of older API versions, and the fields of the newest one that Docker always tells.
import type { ImageInspect, ImageSummary } from '#shared/contract/image.ts';

/** Counts of containers by image id, of which 1.51 tells. */
export type Users = ReadonlyMap<string, number>;

export function imageSummaryOf(minor: number, row: ImageSummary, users: Users): object {
  const { VirtualSize, Containers, ...newest } = row;
  return {
    ...newest,
    Containers: minor >= 51 ? (users.get(row.Id) ?? 0) : Containers,
    ...(minor < 44 ? { VirtualSize } : {}),
    ...(minor < 43 ? namelessOf(row) : {}),
  };
}

/** An image without a name had one made of these until 1.43, and one without digests no list of them. */
function namelessOf({ RepoTags, RepoDigests }: ImageSummary): object {
  if (RepoDigests.length > 0) return {};
  if (RepoTags.length > 0) return { RepoDigests: null };
  return { RepoTags: ['<none>:<none>'], RepoDigests: ['<none>@<none>'] };
}

const emptyRunConfig = {
  User: '',
  Env: null,
  Cmd: null,
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
};

/** What an image's configuration had of a container's until 1.50. */
const emptyContainerConfig = {
  Hostname: '',
  Domainname: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: '',
};

export function imageInspectOf(minor: number, inspect: ImageInspect): object {
  const { VirtualSize, Config, ...newest } = inspect;
  const config = { ...emptyRunConfig, ...withoutEmptyMaps(Config) };
  return {
    ...newest,
    Config: minor < 50 ? { ...emptyContainerConfig, ...config } : config,
    ...(minor < 44 ? { VirtualSize } : {}),
    ...(minor < 45 ? { ContainerConfig: { ...emptyContainerConfig, ...emptyRunConfig } } : {}),
  };
}

function withoutEmptyMaps(config: ImageInspect['Config']): object {
  const told = Object.entries(config ?? {}).filter(
    ([name, value]) =>
      name === 'Labels' || typeof value !== 'object' || value === null || Object.keys(value).length > 0,
  );
  return Object.fromEntries(told);
}
