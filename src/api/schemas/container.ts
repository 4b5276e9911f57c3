// Schemas of what clients send about containers and exec sessions.

import { networkingConfig } from '#api/schemas/network.ts';
import { resources, restartPolicy } from '#api/schemas/resources.ts';
import {
  empty,
  filled,
  flag,
  list,
  mapOf,
  object,
  oneOf,
  oneOfOr,
  pair,
  text,
  whole,
  words,
} from '#api/wire/schema.ts';

export const healthcheck = object({
  Test: list(text),
  Interval: whole,
  Timeout: whole,
  StartPeriod: whole,
  StartInterval: whole,
  Retries: whole,
});

export const containerConfig = {
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: mapOf(empty),
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: list(text),
  Cmd: words,
  Healthcheck: healthcheck,
  ArgsEscaped: flag,
  Image: text,
  Volumes: mapOf(empty),
  WorkingDir: text,
  Entrypoint: words,
  NetworkDisabled: flag,
  MacAddress: text,
  OnBuild: list(text),
  Labels: mapOf(text),
  StopSignal: text,
  StopTimeout: whole,
  Shell: words,
} as const;

const mount = filled(['Type', 'Target'], {
  Type: oneOfOr(
    'invalid mount config for type "%": mount type unknown',
    'bind',
    'volume',
    'tmpfs',
    'image',
    'npipe',
    'cluster',
  ),
  Source: text,
  Target: text,
  ReadOnly: flag,
  Consistency: text,
  BindOptions: object({
    Propagation: text,
    NonRecursive: flag,
    CreateMountpoint: flag,
    ReadOnlyNonRecursive: flag,
    ReadOnlyForceRecursive: flag,
  }),
  VolumeOptions: object({
    NoCopy: flag,
    Labels: mapOf(text),
    Subpath: text,
    DriverConfig: object({ Name: text, Options: mapOf(text) }),
  }),
  TmpfsOptions: object({ SizeBytes: whole, Mode: whole, Options: list(list(text)) }),
  ImageOptions: object({ Subpath: text }),
  Owner: oneOf('chown', 'map'),
});

export const hostConfig = object({
  ...resources,
  Binds: list(text),
  ContainerIDFile: text,
  LogConfig: filled(['Type'], { Type: text, Config: mapOf(text) }),
  NetworkMode: text,
  PortBindings: mapOf(list(object({ HostIp: text, HostPort: text }))),
  RestartPolicy: restartPolicy,
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: list(text),
  Mounts: list(mount),
  ConsoleSize: pair,
  Annotations: mapOf(text),
  CapAdd: words,
  CapDrop: words,
  CgroupnsMode: text,
  Dns: list(text),
  DnsOptions: list(text),
  DnsSearch: list(text),
  ExtraHosts: list(text),
  GroupAdd: list(text),
  IpcMode: text,
  Cgroup: text,
  Links: list(text),
  OomScoreAdj: whole,
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: list(text),
  StorageOpt: mapOf(text),
  Tmpfs: mapOf(text),
  UTSMode: text,
  UsernsMode: text,
  ShmSize: whole,
  Sysctls: mapOf(text),
  Runtime: text,
  Isolation: text,
  Init: flag,
  MaskedPaths: list(text),
  ReadonlyPaths: list(text),
});

export const containerCreate = object({
  ...containerConfig,
  HostConfig: hostConfig,
  NetworkingConfig: networkingConfig,
});

/** Body of `POST /commit`: all of it replaces the container's own. */
export const commitConfig = object(containerConfig);

export const execCreate = object({
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ConsoleSize: pair,
  DetachKeys: text,
  Tty: flag,
  Env: list(text),
  Cmd: words,
  Privileged: flag,
  User: text,
  WorkingDir: text,
});

export const execStart = object({ Detach: flag, Tty: flag, ConsoleSize: pair });
