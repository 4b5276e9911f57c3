// What is not simply supported, and why: the reasons that docs/api-support.md gives. Everything else is what the
// routes take.

export type State = 'accepted without effect' | 'refused';

export interface Note {
  state: State;
  reason: string;
}

const noEffect = (reason: string): Note => ({ state: 'accepted without effect', reason });
const refused = (reason: string): Note => ({ state: 'refused', reason });

const windows = noEffect('Windows only');
const noBuildKit = refused('501: the BuildKit protocol is not spoken; clients build by POST /build');
const noManifests = noEffect('as in Docker’s own image store: an image is of one platform, there is no list');
const clusterOnly = refused('503: the engine is not in a swarm');

/** By endpoint, and by endpoint and parameter (`query.`, `filter.`, `header.` or `body.` and its name). */
export const notes: Readonly<Record<string, Note>> = {
  'POST /session': noBuildKit,
  'PUT /volumes/:name': clusterOnly,
  'PUT /volumes/:name query.version': clusterOnly,
  'PUT /volumes/:name body.Spec': clusterOnly,
  'GET /containers/json filter.isolation': windows,
  'GET /containers/json filter.is-task': noEffect(
    'a truth value, as checked; there are no tasks without a swarm',
  ),
  'POST /containers/:id/start query.detachKeys': noEffect('as in Docker: the keys count at attach'),
  'GET /images/json query.digests': noEffect('as in Docker: digests are always told'),
  'GET /images/json query.manifests': noManifests,
  'GET /images/:name/json query.manifests': noManifests,
  'POST /build query.rm': noEffect('steps leave no containers'),
  'POST /build query.forcerm': noEffect('steps leave no containers'),
  'POST /build query.squash': noEffect('experimental in Docker'),
  'POST /build query.outputs': noEffect('BuildKit only'),
  'POST /build query.version': refused('400 for 2 (BuildKit); 1 is what is spoken'),
  'POST /build header.Content-type': noEffect('the archive’s compression is seen in its bytes'),
  'POST /build/prune query.min-free-space': noEffect('the space that may be used is max-used-space'),
  'POST /build/prune filter.parent': noEffect('no entry tells a parent, so none matches'),
  'GET /events filter.config': noEffect('no such events without a swarm, so none matches'),
  'GET /events filter.node': noEffect('no such events without a swarm, so none matches'),
  'GET /events filter.secret': noEffect('no such events without a swarm, so none matches'),
  'GET /events filter.service': noEffect('no such events without a swarm, so none matches'),
  'GET /events filter.plugin': noEffect('no such events without plugins, so none matches'),
  'GET /networks/:id query.verbose': noEffect('it shows what a swarm knows of a network'),
  'GET /networks/:id query.scope': noEffect('every network is local'),
  'POST /networks/create body.Scope': noEffect('every network is local; another scope is refused (403)'),
  'POST /networks/create body.Ingress': noEffect('Swarm only'),
  'POST /volumes/create body.ClusterVolumeSpec': noEffect('Swarm only'),
};

/** By the last words of a body’s field, in whatever endpoint it is. */
export const bodyNotes: Readonly<Record<string, Note>> = {
  ArgsEscaped: windows,
  CpuCount: windows,
  CpuPercent: windows,
  IOMaximumIOps: windows,
  IOMaximumBandwidth: windows,
  Isolation: noEffect('Windows only; anything but `default` is refused'),
  ContainerIDFile: noEffect('written by the client; kept for inspect'),
  Cgroup: noEffect('a name that Docker keeps for inspect only'),
  KernelMemoryTCP: noEffect('gone from cgroup v2'),
  StorageOpt: refused('400: layers are on overlayfs without quotas'),
  DeviceRequests: refused('400: no device driver is registered; give devices one by one'),
  'DeviceRequests[].Driver': refused('see DeviceRequests'),
  'DeviceRequests[].Count': refused('see DeviceRequests'),
  'DeviceRequests[].DeviceIDs': refused('see DeviceRequests'),
  'DeviceRequests[].Capabilities': refused('see DeviceRequests'),
  'DeviceRequests[].Options': refused('see DeviceRequests'),
  'Mounts[].Consistency': noEffect('macOS only'),
  email: noEffect('registries no longer ask for it'),
  DriverOpts: noEffect('kept for inspect; the bridge driver has none per endpoint'),
  NetworkID: noEffect('an answer’s field: the engine decides it'),
  EndpointID: noEffect('an answer’s field: the engine decides it'),
  Gateway: noEffect('an answer’s field: the engine decides it'),
  IPAddress: noEffect('an answer’s field: ask by IPAMConfig'),
  IPPrefixLen: noEffect('an answer’s field: the engine decides it'),
  IPv6Gateway: noEffect('an answer’s field: the engine decides it'),
  GlobalIPv6Address: noEffect('an answer’s field: the engine decides it'),
  GlobalIPv6PrefixLen: noEffect('an answer’s field: the engine decides it'),
  DNSNames: noEffect('an answer’s field: the engine decides it'),
};

/** Fields that `update` takes and does not change, as create does. */
export const updateTakesNoNotice = [
  'CgroupParent',
  'BlkioWeightDevice',
  'BlkioDeviceReadBps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteIOps',
  'Devices',
  'DeviceCgroupRules',
  'MemorySwappiness',
  'OomKillDisable',
  'Init',
  'Ulimits',
];
export const updateNote = noEffect('as in Docker: set when the container is made, update leaves it');
