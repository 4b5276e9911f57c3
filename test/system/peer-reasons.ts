// Where an answer differs from dockerd's on purpose, and why.

export interface Reason {
  /** Of which requests; of all where it is absent. */
  ask?: RegExp;
  /** Which differences, as `path: ours, theirs`. */
  line: RegExp;
  why: string;
}

/** A path to a field, however deep, that ends so. */
const field = (ends: string): RegExp => new RegExp(`^(\\[\\])?(\\.[^.: ]+(\\[\\])*)*\\.(${ends}): `);

const everywhere: readonly Reason[] = [
  { line: /^\.hint: .*, absent$/, why: 'ours say what to do next' },
  { line: /^status: 4\d\d .*, 500 /s, why: 'what the request did wrong is no failure of the engine' },
  { line: /^\.message: invalid JSON: .*, invalid JSON: /, why: 'ours name the field' },
  { line: field('Pid|SandboxKey|LogPath|ResolvConfPath|HostnamePath|HostsPath'), why: 'of this host' },
  { line: /\.GraphDriver\.Data/, why: 'places of this engine’s store; an image’s has no mount point' },
  { line: field('Size|VirtualSize|SizeRootFs|SharedSize|LayersSize'), why: 'folders are counted otherwise' },
  { line: field('CgroupnsMode'), why: 'private on cgroup v1 too' },
  { line: field('Runtime'), why: 'crun, not runc' },
  { line: field('\\w+Deleted'), why: 'an empty list, not null: nothing was deleted' },
  {
    line: /\.(Ports(\.80\/tcp)?|\d+\/tcp): .*"HostIp":"::"|\.Ports: .*"IP":"::"/,
    why: 'published on IPv4 only',
  },
  { line: field('IPPrefixLen|Subnet|IPv4Address'), why: 'another subnet' },
  {
    ask: /^GET .*\/containers\/json|\/system\/df/,
    line: /\.Mounts\[\]\.Source: \/.*, $/,
    why: 'ours tell the place',
  },
];

const ofTheEngine: readonly Reason[] = [
  { ask: /_ping/, line: /builder-version/, why: 'the BuildKit protocol is not spoken' },
  {
    ask: /\/version$/,
    line: field('Version|GitCommit|GoVersion|BuildTime|MinAPIVersion|Name'),
    why: 'another program',
  },
  { ask: /\/version$/, line: /\.Components/, why: 'other parts' },
  {
    ask: /\/info$/,
    line: field(
      'ID|DriverStatus(\\[\\])*|Log(\\[\\])?|Network(\\[\\])?|NFd|NGoroutines|NEventsListener|OperatingSystem|OSVersion',
    ),
    why: 'of the host and the program',
  },
  {
    ask: /\/info$/,
    line: field(
      'ServerVersion|Expected|DefaultRuntime|LiveRestoreEnabled|Driver|CDISpecDirs|Containerd|Mirrors|Warnings|crun|path|status|ID|KernelMemoryTCP',
    ),
    why: 'another program with other parts',
  },
  {
    line: /^header (api-version|ostype|docker-experimental): [^,]*, undefined$/,
    why: 'told with every answer',
  },
];

const ofImages: readonly Reason[] = [
  { line: field('DockerVersion'), why: 'another program' },
  { line: /^\.message: No such image: nope:latest, No such image: nope$/, why: 'the whole name' },
  { ask: /platform=nonsense/, line: /^\.message/, why: 'linux/amd64 is read too, not only JSON' },
  { ask: /tag\?repo=$/, line: /^status: 400/, why: 'a tag without a name did nothing' },
  { ask: /\/push/, line: /^status: 404 .*, 200 /s, why: 'as its API’s page says: told before the stream' },
  {
    ask: /made:1|\/system\/df/,
    line: /\.(Parent|ParentId|RootFS\.Layers|Id|Labels|RepoDigests)(\[\])?: /,
    why: 'an image knows no parents; a commit has a layer of its own',
  },
  { ask: /made:1\/history/, line: /\.(Id: <missing>|Tags: null)/, why: 'an image knows no parents' },
];

const ofContainers: readonly Reason[] = [
  {
    ask: /^POST \/containers\/create$/,
    line: /got EOF while reading request body$/,
    why: 'no body is an empty one',
  },
  { ask: /exec\/\{one\}\/start/, line: /^status: 409 .* has already run/s, why: 'a conflict is told as one' },
  {
    ask: /exec\/\{one\}\/resize/,
    line: /^status: 200 , (404|500)/s,
    why: 'a resize that comes too late does nothing',
  },
  {
    ask: /exec\/\{two\}\/start/,
    line: /^: .*executable file .* not found in \$PATH/s,
    why: 'crun’s own words',
  },
  {
    ask: /exec\/\{(three|five)\}/,
    line: /^\.message: OCI runtime exec failed/,
    why: 'runc’s words, or crun’s',
  },
  { ask: /exec$/, line: /^status: 201 .*unable to find user/s, why: 'the user is looked up at the start' },
  { ask: /exec\/\{four\}/, line: /^status: .*301/s, why: 'follows from the one before' },
  { ask: /create/, line: /^status: 40[04] .*, 201 /s, why: 'refused at once, not when it starts' },
  { ask: /top/, line: /\.Processes/, why: 'process ids, times and the host’s user names' },
  {
    ask: /stats/,
    line: /\.(memory_stats|cpu_stats|precpu_stats|networks|throttling_data)\./,
    why: 'what is used',
  },
  { ask: /stats/, line: /^\.(name|id): .*, absent$/, why: 'told in every answer' },
  { ask: /archive/, line: /^: etc/, why: 'times in the tar' },
  { ask: /archive/, line: /pathcannot be empty/, why: 'a slip of the pen' },
  { ask: /attach/, line: /^header content-type|^: |^header/, why: 'an error is JSON here too' },
  {
    ask: /\/containers\/json|\/system\/df/,
    line: /\.Status: .*\(health: starting\), .*\(unhealthy\)$/,
    why: 'a paused container keeps its health',
  },
  {
    ask: /rich\/json/,
    line: /Health\.Status: starting, unhealthy$/,
    why: 'a paused container keeps its health',
  },
  { ask: /stop\?signal/, line: /^status: 400/, why: 'a signal that is none is told, whatever the state' },
];

const ofOthers: readonly Reason[] = [
  { ask: /networks\/bridge/, line: /bridge\.name: /, why: 'a bridge of its own' },
  { ask: /networks\/none/, line: /^\.Containers/, why: 'nobody has an endpoint on none' },
  { line: /Networks\.none\.EndpointID/, why: 'nobody has an endpoint on none' },
  { ask: /system\/df/, line: /^\.Volumes/, why: 'volumes with options have a size too' },
  { ask: /dangling%22/, line: /^\.message/, why: 'one sentence for all flags' },
  { ask: /volumes\/prune/, line: field('SpaceReclaimed'), why: 'a folder has a size' },
  { ask: /images\/made/, line: /^: .*"Deleted"/, why: 'a commit has a layer of its own' },
  { ask: /build\/prune/, line: /failed to prune build cache/, why: 'the sentence of the other filters' },
  { ask: /session/, line: /^status: 501/, why: 'the BuildKit protocol is not spoken' },
  {
    ask: /filters=/,
    line: /^\.message: invalid value for time: .*, failed to parse value as time/,
    why: 'one sentence for all times',
  },
  { ask: /exited|all%22/, line: /^\.message: .*strconv\./, why: 'no names of Go’s functions' },
  { ask: /networks\//, line: /\.Gateway: .*, absent$/, why: 'a gateway that was not asked for is told too' },
  { ask: /networks\/create/, line: /^\.message: invalid .*invalid network config:/s, why: 'in our words' },
  {
    ask: /networks\/create/,
    line: /^status: 201 .*it should be 10\.88\.8\.0\/24/s,
    why: 'a subnet may be named by any of its addresses',
  },
];

export const deliberate: readonly Reason[] = [
  ...everywhere,
  ...ofTheEngine,
  ...ofImages,
  ...ofContainers,
  ...ofOthers,
];
