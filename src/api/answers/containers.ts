// What is answered about containers and exec sessions.
import { endpoint, portMap } from '#api/answers/networks.ts';
import {
  type AnswerSchema,
  anything,
  decimal,
  dictionary,
  flag,
  keys,
  labels,
  moment,
  oneOf,
  orNull,
  pruned,
  rows,
  shape,
  text,
  texts,
  whole,
} from '#api/answers/shape.ts';

const status = oneOf('created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead');

const mountPoint = shape(
  {
    Type: oneOf('bind', 'volume', 'tmpfs', 'image'),
    Source: text,
    Destination: text,
    Mode: text,
    RW: flag,
    Propagation: text,
  },
  { Name: text, Driver: text },
);

const port = shape(
  { PrivatePort: whole, Type: oneOf('tcp', 'udp', 'sctp') },
  { IP: text, PublicPort: whole },
);

export const containerSummary = shape(
  {
    Id: text,
    Names: texts,
    Image: text,
    ImageID: text,
    Command: text,
    Created: whole,
    Ports: rows(port),
    Labels: labels,
    State: status,
    Status: text,
    HostConfig: shape({ NetworkMode: text }, { Annotations: labels }),
    NetworkSettings: shape({ Networks: dictionary(endpoint) }),
    Mounts: rows(mountPoint),
  },
  { SizeRw: whole, SizeRootFs: whole },
);

export const healthcheck = shape(
  {},
  {
    Test: texts,
    Interval: whole,
    Timeout: whole,
    StartPeriod: whole,
    StartInterval: whole,
    Retries: whole,
  },
);

const health = shape({
  Status: oneOf('none', 'starting', 'healthy', 'unhealthy'),
  FailingStreak: whole,
  Log: rows(shape({ Start: moment, End: moment, ExitCode: whole, Output: text })),
});

const state = shape(
  {
    Status: status,
    Running: flag,
    Paused: flag,
    Restarting: flag,
    OOMKilled: flag,
    Dead: flag,
    Pid: whole,
    ExitCode: whole,
    Error: text,
    StartedAt: moment,
    FinishedAt: moment,
  },
  { Health: health },
);

const config = shape(
  {
    Hostname: text,
    Domainname: text,
    User: text,
    AttachStdin: flag,
    AttachStdout: flag,
    AttachStderr: flag,
    Tty: flag,
    OpenStdin: flag,
    StdinOnce: flag,
    Env: orNull(texts),
    Cmd: orNull(texts),
    Image: text,
    Volumes: orNull(keys),
    WorkingDir: text,
    Entrypoint: orNull(texts),
    OnBuild: orNull(texts),
    Labels: orNull(labels),
  },
  {
    ExposedPorts: keys,
    Healthcheck: healthcheck,
    ArgsEscaped: flag,
    NetworkDisabled: flag,
    MacAddress: text,
    StopSignal: text,
    StopTimeout: whole,
    Shell: texts,
  },
);

/** Its fields are those of the request; all of Docker's are told. */
const hostConfig: AnswerSchema = {
  type: 'object',
  required: [
    'Binds',
    'LogConfig',
    'NetworkMode',
    'PortBindings',
    'RestartPolicy',
    'Memory',
    'NanoCpus',
    'ShmSize',
  ],
  properties: {
    Binds: orNull(texts),
    LogConfig: shape({ Type: text, Config: labels }),
    NetworkMode: text,
    PortBindings: orNull(portMap),
    RestartPolicy: shape({ Name: text, MaximumRetryCount: whole }),
    AutoRemove: flag,
    Privileged: flag,
    Memory: whole,
    NanoCpus: whole,
    ShmSize: whole,
    Mounts: rows(anything),
  },
};

const networkSettings = shape({
  Bridge: text,
  SandboxID: text,
  SandboxKey: text,
  Ports: portMap,
  HairpinMode: flag,
  LinkLocalIPv6Address: text,
  LinkLocalIPv6PrefixLen: whole,
  SecondaryIPAddresses: orNull(rows(anything)),
  SecondaryIPv6Addresses: orNull(rows(anything)),
  EndpointID: text,
  Gateway: text,
  GlobalIPv6Address: text,
  GlobalIPv6PrefixLen: whole,
  IPAddress: text,
  IPPrefixLen: whole,
  IPv6Gateway: text,
  MacAddress: text,
  Networks: dictionary(endpoint),
});

const inspect = shape(
  {
    Id: text,
    Created: moment,
    Path: text,
    Args: texts,
    State: state,
    Image: text,
    ResolvConfPath: text,
    HostnamePath: text,
    HostsPath: text,
    LogPath: text,
    Name: text,
    RestartCount: whole,
    Driver: text,
    Platform: text,
    MountLabel: text,
    ProcessLabel: text,
    AppArmorProfile: text,
    ExecIDs: orNull(texts),
    HostConfig: hostConfig,
    GraphDriver: shape({ Name: text, Data: labels }),
    Mounts: rows(mountPoint),
    Config: config,
    NetworkSettings: networkSettings,
  },
  { SizeRw: whole, SizeRootFs: whole },
);

const cpu = shape(
  {
    cpu_usage: shape(
      { total_usage: whole, usage_in_kernelmode: whole, usage_in_usermode: whole },
      { percpu_usage: rows(whole) },
    ),
    throttling_data: shape({ periods: whole, throttled_periods: whole, throttled_time: whole }),
  },
  { system_cpu_usage: whole, online_cpus: whole },
);

const blockRows = orNull(rows(shape({ major: whole, minor: whole, op: text, value: whole })));

const stats = shape(
  {
    name: text,
    id: text,
    read: moment,
    preread: moment,
    num_procs: whole,
    storage_stats: { type: 'object' },
    pids_stats: shape({}, { current: whole, limit: whole }),
    blkio_stats: shape({
      io_service_bytes_recursive: blockRows,
      io_serviced_recursive: blockRows,
      io_queue_recursive: blockRows,
      io_service_time_recursive: blockRows,
      io_wait_time_recursive: blockRows,
      io_merged_recursive: blockRows,
      io_time_recursive: blockRows,
      sectors_recursive: blockRows,
    }),
    cpu_stats: cpu,
    precpu_stats: cpu,
    memory_stats: shape(
      {},
      { usage: whole, max_usage: whole, failcnt: whole, limit: whole, stats: dictionary(decimal) },
    ),
  },
  { networks: dictionary(dictionary(whole)) },
);

const execInspect = shape({
  ID: text,
  Running: flag,
  ExitCode: orNull(whole),
  ProcessConfig: shape({ tty: flag, entrypoint: text, arguments: texts, privileged: flag }, { user: text }),
  OpenStdin: flag,
  OpenStderr: flag,
  OpenStdout: flag,
  CanRemove: flag,
  ContainerID: text,
  DetachKeys: text,
  Pid: whole,
});

export const containerAnswers: Readonly<Record<string, AnswerSchema>> = {
  'GET /containers/json': rows(containerSummary),
  'POST /containers/create': shape({ Id: text, Warnings: texts }),
  'GET /containers/:id/json': inspect,
  'GET /containers/:id/top': shape({ Titles: texts, Processes: rows(texts) }),
  'GET /containers/:id/changes': rows(shape({ Path: text, Kind: whole })),
  'GET /containers/:id/stats': stats,
  'POST /containers/:id/update': shape({ Warnings: orNull(texts) }),
  'POST /containers/:id/wait': shape({ StatusCode: whole }, { Error: shape({ Message: text }) }),
  'POST /containers/prune': pruned('ContainersDeleted'),
  'POST /containers/:id/exec': shape({ Id: text }),
  'GET /exec/:id/json': execInspect,
};
