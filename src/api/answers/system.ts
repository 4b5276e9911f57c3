// What is answered about the engine itself.
import { containerSummary } from '#api/answers/containers.ts';
import { imageSummary } from '#api/answers/images.ts';
import { volume } from '#api/answers/networks.ts';
import {
  type AnswerSchema,
  anything,
  dictionary,
  flag,
  labels,
  lines,
  moment,
  nothing,
  oneOf,
  orNull,
  rows,
  shape,
  text,
  texts,
  whole,
} from '#api/answers/shape.ts';

const version = shape({
  Platform: shape({ Name: text }),
  Components: rows(shape({ Name: text, Version: text, Details: labels })),
  Version: text,
  ApiVersion: text,
  MinAPIVersion: text,
  GitCommit: text,
  GoVersion: text,
  Os: text,
  Arch: text,
  KernelVersion: text,
  BuildTime: text,
});

const commit = shape({ ID: text });

const registryConfig = shape({
  Mirrors: texts,
  InsecureRegistryCIDRs: texts,
  IndexConfigs: dictionary(shape({ Name: text, Mirrors: texts, Secure: flag, Official: flag })),
});

const infoTexts = [
  'ID',
  'Driver',
  'LoggingDriver',
  'CgroupDriver',
  'CgroupVersion',
  'KernelVersion',
  'OperatingSystem',
  'OSVersion',
  'OSType',
  'Architecture',
  'DockerRootDir',
  'Name',
  'ServerVersion',
  'DefaultRuntime',
  'InitBinary',
  'IndexServerAddress',
  'Isolation',
  'HttpProxy',
  'HttpsProxy',
  'NoProxy',
];
const infoFlags = [
  'MemoryLimit',
  'SwapLimit',
  'CpuCfsPeriod',
  'CpuCfsQuota',
  'CPUShares',
  'CPUSet',
  'PidsLimit',
  'IPv4Forwarding',
  'OomKillDisable',
  'Debug',
  'LiveRestoreEnabled',
  'ExperimentalBuild',
];
const infoNumbers = [
  'Containers',
  'ContainersRunning',
  'ContainersPaused',
  'ContainersStopped',
  'Images',
  'NCPU',
  'MemTotal',
  'NFd',
  'NGoroutines',
  'NEventsListener',
];

const all = (names: readonly string[], schema: AnswerSchema): Record<string, AnswerSchema> =>
  Object.fromEntries(names.map((name) => [name, schema]));

const info = shape(
  {
    ...all(infoTexts, text),
    ...all(infoFlags, flag),
    ...all(infoNumbers, whole),
    DriverStatus: rows(texts),
    Plugins: shape({ Volume: texts, Network: texts, Authorization: orNull(texts), Log: texts }),
    SystemTime: moment,
    SecurityOptions: texts,
    Runtimes: dictionary(shape({ path: text })),
    RegistryConfig: registryConfig,
    GenericResources: nothing,
    ContainerdCommit: commit,
    RuncCommit: commit,
    InitCommit: commit,
    FirewallBackend: shape({ Driver: text }),
    CDISpecDirs: texts,
    Swarm: anything,
    Labels: texts,
    Warnings: texts,
  },
  { KernelMemoryTCP: flag },
);

const cacheEntry = shape({
  ID: text,
  Type: text,
  Description: text,
  InUse: flag,
  Shared: flag,
  Size: whole,
  CreatedAt: moment,
  LastUsedAt: moment,
  UsageCount: whole,
});

const event = shape(
  {
    Type: oneOf('container', 'image', 'network', 'volume', 'builder', 'daemon'),
    Action: text,
    Actor: shape({ ID: text, Attributes: labels }),
    scope: text,
    time: whole,
    timeNano: { type: 'number' },
  },
  { status: text, id: text, from: text },
);

export const systemAnswers: Readonly<Record<string, AnswerSchema>> = {
  'GET /version': version,
  'GET /info': info,
  'GET /system/df': shape({
    LayersSize: whole,
    Images: rows(imageSummary),
    Containers: rows(containerSummary),
    Volumes: rows(volume),
    BuildCache: rows(cacheEntry),
  }),
  'POST /auth': shape({ Status: text, IdentityToken: text }),
  'GET /events': lines(event),
};
