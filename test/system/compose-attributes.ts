// The project of compose-attributes.test.ts, and what of it is read back where.

export interface InsideCheck {
  /** As docs/compose-support.md names them. */
  attributes: string[];
  /** Run in the container. */
  sh: string;
  /** What that prints, without the space around it. */
  gives: string | RegExp;
}

export interface Told {
  attributes: string[];
  /** Of the Engine API. */
  path: string;
  /** Names on the way down; `~` stands for a dot of a name. */
  see: string;
  gives: unknown;
}

export const project = `
name: attr
services:
  web:
    image: busybox
    hostname: webhost
    entrypoint: [sh, -c]
    command: ["exec sleep 1000"]
    user: "1000:1000"
    group_add: ["2000"]
    working_dir: /somewhere
    environment: {SAID: here}
    env_file: vars.env
    dns_search: [example.test]
    dns_opt: ["ndots:3"]
    extra_hosts: ["over=10.1.2.3"]
    devices: ["/dev/null:/dev/mynull:rw"]
    sysctls: {net.core.somaxconn: 1024}
    ulimits: {nofile: {soft: 1000, hard: 2000}, nproc: 3000}
    tmpfs: ["/scratch:size=1m,mode=1777"]
    shm_size: 32m
    cap_add: [SYS_TIME]
    cap_drop: [MKNOD]
    security_opt: ["no-new-privileges:true"]
    oom_score_adj: 321
    networks: {front: {aliases: [w], ipv4_address: 10.213.7.9, mac_address: "02:42:0a:d5:07:09", interface_name: front7}}
    volumes:
      - "./bound:/bound:ro"
      - "kept:/kept"
      - {type: tmpfs, target: /quick, tmpfs: {size: 2m, mode: 01777}}
      - {type: bind, source: ./made, target: /made, bind: {create_host_path: true}}
    secrets: [whole, {source: token, target: mine, uid: "1000", gid: "7", mode: 0400}]
    configs: [{source: words, target: /etc/words, mode: 0444}]
    links: ["many:manifold"]
    post_start: [{command: [sh, -c, "echo $$HOOKED > /scratch/started"], environment: {HOOKED: yes}, working_dir: /}]
    stop_grace_period: 0s
  many:
    image: busybox
    command: sleep 1000
    init: true
    deploy: {replicas: 2, resources: {limits: {memory: 48m, cpus: "0.5", pids: 40}, reservations: {memory: 24m}}}
    networks: [front]
    depends_on: [told]
    use_api_socket: true
    volumes: ["kept:/kept"]
    pre_start:
      - {command: [sh, -c, "echo $$WHO $$(id -g) $$(pwd) >> /kept/before"], user: "0:7", environment: {WHO: me}, working_dir: /tmp}
      - {command: [sh, -c, "hostname >> /kept/each"], per_replica: true}
    stop_grace_period: 0s
  told:
    image: busybox
    container_name: told
    command: sleep 1000
    network_mode: none
    read_only: true
    tmpfs: [/run]
    secrets: [token]
    configs: [words]
    labels: {said: here}
    label_file: labels.txt
    annotations: {note: here}
    logging: {driver: local, options: {max-size: 1m}}
    healthcheck: {test: "true", interval: 200ms, timeout: 5s, retries: 7, start_period: 1s}
    restart: unless-stopped
    stop_signal: SIGINT
    stop_grace_period: 3s
    stdin_open: true
    tty: true
    privileged: true
    mem_limit: 64m
    mem_reservation: 32m
    memswap_limit: 128m
    cpus: 0.25
    cpu_shares: 512
    pids_limit: 50
    cpuset: "0"
    ipc: shareable
    uts: host
    cgroup: private
    device_cgroup_rules: ["c 1:3 rw"]
    dns: [10.9.8.7]
    expose: ["7000"]
    volumes: [{type: volume, source: kept, target: /also, read_only: true, volume: {nocopy: true}}]
  off: {image: busybox, profiles: [never]}
networks:
  front:
    name: attr-front
    driver: bridge
    labels: {said: front}
    internal: true
    ipam: {config: [{subnet: 10.213.7.0/24, gateway: 10.213.7.1, ip_range: 10.213.7.128/25}]}
volumes:
  kept: {name: attr-kept, labels: {said: kept}, driver: local}
secrets:
  whole: {file: secret.txt}
  token: {environment: TOKEN}
configs:
  words: {content: "some words"}
`;

const s = (names: string): string[] => names.split(' ').map((name) => `services.*.${name}`);

export const inside: Record<string, InsideCheck[]> = {
  'attr-web-1': [
    { attributes: s('hostname'), sh: 'hostname', gives: 'webhost' },
    { attributes: s('entrypoint command'), sh: "tr '\\0' ' ' < /proc/1/cmdline", gives: 'sleep 1000' },
    { attributes: s('networks.*.interface_name'), sh: 'ls /sys/class/net', gives: /^front7$/m },
    { attributes: s('user'), sh: 'echo $(id -u) $(id -g)', gives: '1000 1000' },
    { attributes: s('group_add'), sh: 'id -G', gives: /\b2000\b/ },
    { attributes: s('working_dir'), sh: 'pwd', gives: '/somewhere' },
    { attributes: s('environment env_file'), sh: 'echo $SAID $FROM_FILE', gives: 'here file' },
    { attributes: s('dns_search'), sh: 'cat /etc/resolv.conf', gives: /search example\.test/ },
    { attributes: s('dns_opt'), sh: 'cat /etc/resolv.conf', gives: /ndots:3/ },
    { attributes: s('extra_hosts'), sh: 'grep over /etc/hosts', gives: /^10\.1\.2\.3\s+over$/ },
    { attributes: s('devices'), sh: 'ls -lL /dev/mynull', gives: /^c.* 1, +3 / },
    { attributes: s('sysctls'), sh: 'cat /proc/sys/net/core/somaxconn', gives: '1024' },
    {
      attributes: s('ulimits ulimits.*.soft ulimits.*.hard'),
      sh: 'echo $(ulimit -Sn) $(ulimit -Hn); grep processes /proc/self/limits',
      gives: /^1000 2000\nMax processes +3000 +3000 /,
    },
    { attributes: s('tmpfs'), sh: "grep ' /scratch ' /proc/mounts", gives: /^tmpfs .*size=1024k/ },
    { attributes: s('shm_size'), sh: "grep ' /dev/shm ' /proc/mounts", gives: /size=32768k/ },
    {
      attributes: s('cap_add cap_drop'),
      sh: 'b=$((0x$(grep CapBnd /proc/self/status | cut -f2))); echo $((b >> 25 & 1)) $((b >> 27 & 1))',
      gives: '1 0',
    },
    { attributes: s('security_opt'), sh: 'grep NoNewPrivs /proc/self/status', gives: /\s1$/ },
    { attributes: s('oom_score_adj'), sh: 'cat /proc/1/oom_score_adj', gives: '321' },
    {
      attributes: s('networks networks.*.ipv4_address networks.*.mac_address'),
      sh: 'ip addr show front7',
      gives: /02:42:0a:d5:07:09[\s\S]* 10\.213\.7\.9\/24 /,
    },
    { attributes: s('links'), sh: 'ping -c 1 -W 5 manifold || nslookup manifold', gives: /10\.213\.7\.\d+/ },
    {
      attributes: s('volumes volumes.type volumes.source volumes.target'),
      sh: 'cat /bound/seen; touch /bound/x; grep -c " /kept " /proc/mounts',
      gives: /^seen\ntouch: \/bound\/x: Read-only file system\n1$/,
    },
    {
      attributes: s('volumes.tmpfs volumes.tmpfs.size volumes.tmpfs.mode'),
      sh: "grep ' /quick ' /proc/mounts; stat -c %a /quick",
      gives: /^tmpfs .*size=2048k[\s\S]*\n1777$/,
    },
    {
      attributes: s('volumes.bind volumes.bind.create_host_path'),
      sh: 'test -d /made && echo made',
      gives: 'made',
    },
    {
      attributes: [...s('secrets secrets.source secrets.target secrets.uid secrets.gid secrets.mode')],
      sh: 'stat -c "%u %g %a" /run/secrets/mine; cat /run/secrets/mine; echo; cat /run/secrets/whole',
      gives: '1000 7 400\nhush\nplain secret',
    },
    { attributes: ['secrets.*.file', 'secrets.*.environment'], sh: 'ls /run/secrets', gives: 'mine\nwhole' },
    {
      attributes: [...s('configs configs.source configs.target configs.mode'), 'configs.*.content'],
      sh: 'stat -c %a /etc/words; cat /etc/words',
      gives: '444\nsome words',
    },
    {
      attributes: s('post_start post_start.command post_start.environment'),
      sh: 'cat /scratch/started',
      gives: /^(?:yes|true)$/,
    },
  ],
  told: [
    { attributes: s('read_only'), sh: "grep ' / ' /proc/mounts", gives: /^overlay \/ overlay ro,/ },
    // Copies, in a read-only root and above a tmpfs of its own.
    {
      attributes: [...s('secrets configs'), 'secrets.*.environment'],
      sh: 'cat /run/secrets/token; echo; cat /words; grep -c "^tmpfs /run tmpfs" /proc/mounts',
      gives: 'hush\nsome words1',
    },
  ],
  'attr-many-2': [
    { attributes: s('networks.*.aliases'), sh: 'ping -c 1 -W 5 w', gives: /^PING w \(10\.213\.7\.9\)/ },
    {
      attributes: s(
        'pre_start pre_start.command pre_start.environment pre_start.per_replica pre_start.user pre_start.working_dir',
      ),
      sh: 'cat /kept/before; wc -l < /kept/each',
      gives: 'me 7 /tmp\n2',
    },
    {
      attributes: s('use_api_socket'),
      sh: 'test -S /var/run/docker.sock && cat $DOCKER_CONFIG/config.json',
      gives: '{"auths":{}}',
    },
    { attributes: s('init'), sh: "tr '\\0' ' ' < /proc/1/cmdline", gives: /init|tini/ },
    { attributes: s('deploy deploy.replicas'), sh: 'echo there', gives: 'there' },
  ],
};

const web = '/containers/attr-web-1/json';
const many = '/containers/attr-many-1/json';
const own = '/containers/told/json';
const front = '/networks/attr-front';
const MiB = 1024 * 1024;

function tells(
  path: string,
  rows: readonly (readonly [names: string, see: string, gives: unknown])[],
): Told[] {
  return rows.map(([names, see, gives]) => ({ attributes: names.split(' '), path, see, gives }));
}

export const told: Told[] = [
  ...tells(web, [['services.*.image', 'Config.Image', 'busybox']]),
  ...tells(many, [
    ['services.*.deploy.resources.limits.memory', 'HostConfig.Memory', 48 * MiB],
    ['services.*.deploy.resources.limits.cpus', 'HostConfig.NanoCpus', 5e8],
    ['services.*.deploy.resources.limits.pids', 'HostConfig.PidsLimit', 40],
    ['services.*.deploy.resources.reservations.memory', 'HostConfig.MemoryReservation', 24 * MiB],
    ['services.*.depends_on', 'Config.Labels.com~docker~compose~depends_on', 'told:service_started:false'],
  ]),
  ...tells(own, [
    ['services.*.container_name', 'Name', '/told'],
    ['services.*.network_mode', 'HostConfig.NetworkMode', 'none'],
    ['services.*.labels', 'Config.Labels.said', 'here'],
    ['services.*.label_file', 'Config.Labels.from~file', 'yes'],
    ['services.*.annotations', 'HostConfig.Annotations.note', 'here'],
    ['services.*.logging services.*.logging.driver', 'HostConfig.LogConfig.Type', 'local'],
    ['services.*.logging.options', 'HostConfig.LogConfig.Config.max-size', '1m'],
    ['services.*.healthcheck services.*.healthcheck.test', 'Config.Healthcheck.Test', ['CMD-SHELL', 'true']],
    ['services.*.healthcheck.interval', 'Config.Healthcheck.Interval', 2e8],
    ['services.*.healthcheck.timeout', 'Config.Healthcheck.Timeout', 5e9],
    ['services.*.healthcheck.retries', 'Config.Healthcheck.Retries', 7],
    ['services.*.healthcheck.start_period', 'Config.Healthcheck.StartPeriod', 1e9],
    ['services.*.restart', 'HostConfig.RestartPolicy.Name', 'unless-stopped'],
    ['services.*.stop_signal', 'Config.StopSignal', 'SIGINT'],
    ['services.*.stop_grace_period', 'Config.StopTimeout', 3],
    ['services.*.stdin_open', 'Config.OpenStdin', true],
    ['services.*.tty', 'Config.Tty', true],
    ['services.*.privileged', 'HostConfig.Privileged', true],
    ['services.*.mem_limit', 'HostConfig.Memory', 64 * MiB],
    ['services.*.mem_reservation', 'HostConfig.MemoryReservation', 32 * MiB],
    ['services.*.memswap_limit', 'HostConfig.MemorySwap', 128 * MiB],
    ['services.*.cpus', 'HostConfig.NanoCpus', 25e7],
    ['services.*.cpu_shares', 'HostConfig.CpuShares', 512],
    ['services.*.pids_limit', 'HostConfig.PidsLimit', 50],
    ['services.*.cpuset', 'HostConfig.CpusetCpus', '0'],
    ['services.*.ipc', 'HostConfig.IpcMode', 'shareable'],
    ['services.*.uts', 'HostConfig.UTSMode', 'host'],
    ['services.*.cgroup', 'HostConfig.CgroupnsMode', 'private'],
    ['services.*.device_cgroup_rules', 'HostConfig.DeviceCgroupRules', ['c 1:3 rw']],
    ['services.*.dns', 'HostConfig.Dns', ['10.9.8.7']],
    ['services.*.expose', 'Config.ExposedPorts', { '7000/tcp': {} }],
    ['services.*.volumes.read_only', 'Mounts.0.RW', false],
    [
      'services.*.volumes.volume services.*.volumes.volume.nocopy',
      'HostConfig.Mounts.0.VolumeOptions.NoCopy',
      true,
    ],
  ]),
  ...tells(front, [
    ['networks.*.name', 'Name', 'attr-front'],
    ['networks.*.driver', 'Driver', 'bridge'],
    ['networks.*.labels', 'Labels.said', 'front'],
    ['networks.*.internal', 'Internal', true],
    [
      'networks.*.ipam networks.*.ipam.config networks.*.ipam.config.subnet',
      'IPAM.Config.0.Subnet',
      '10.213.7.0/24',
    ],
    ['networks.*.ipam.config.gateway', 'IPAM.Config.0.Gateway', '10.213.7.1'],
    ['networks.*.ipam.config.ip_range', 'IPAM.Config.0.IPRange', '10.213.7.128/25'],
  ]),
  ...tells('/volumes/attr-kept', [
    ['volumes.*.name', 'Name', 'attr-kept'],
    ['volumes.*.labels', 'Labels.said', 'kept'],
    ['volumes.*.driver', 'Driver', 'local'],
  ]),
];
