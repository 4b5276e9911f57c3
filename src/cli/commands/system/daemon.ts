// wharf daemon
import { resolve } from 'node:path';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { invalid } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    'allow-direct-routing': toggle('Let published ports be reached at containers’ own addresses too'),
    'allow-insecure-tcp': toggle('Let tcp:// listen beyond this machine: whoever reaches the port is root'),
    bip: text('Address and subnet of the bridge', 'CIDR'),
    bip6: text('Address and subnet of the bridge, of IPv6', 'CIDR'),
    bridge: text('Bridge of the default network (wharf0)', 'NAME', { short: 'b' }),
    'config-file': text('Settings, as dockerd’s daemon.json (/etc/wharf/daemon.json)', 'FILE'),
    debug: toggle('Say more', 'D'),
    host: many('Listen here (unix:///run/wharf/wharf.sock)', 'URL', { short: 'H' }),
    'certs-dir': many(
      'Certificates of registries, DIR/HOST:PORT/*.crt|cert|key (/etc/wharf/certs.d, /etc/docker/certs.d)',
      'DIR',
    ),
    'http-proxy': text('Proxy to http registries (HTTP_PROXY)', 'URL'),
    'https-proxy': text('Proxy to https registries (HTTPS_PROXY)', 'URL'),
    'default-address-pool': many('Subnets for networks that name none', 'base=CIDR,size=N'),
    'default-gateway': text('Router of the default network in place of the bridge', 'IP'),
    'default-gateway-v6': text('As --default-gateway, of IPv6', 'IP'),
    'default-network-opt': many('Options of networks that do not give them', 'DRIVER=NAME=VALUE'),
    dns: many('Name servers of containers that name none (the host’s)', 'IP'),
    'dns-opt': many('Resolver options of containers that give none', 'OPTION'),
    'dns-search': many('Search domains of containers that give none', 'DOMAIN'),
    'fixed-cidr': text('Part of the bridge’s subnet that containers get addresses of', 'CIDR'),
    'fixed-cidr-v6': text('As --fixed-cidr, of IPv6', 'CIDR'),
    'host-gateway-ip': many('What host-gateway means (the bridge’s addresses)', 'IP'),
    icc: toggle('Let containers of the default network speak to each other (true)', undefined, { on: true }),
    'ip-forward': toggle('Have the host forward packets (true)', undefined, { on: true }),
    ipv6: toggle('Give the default network IPv6'),
    'ip-masq': toggle('Give what leaves the default network the host’s address (true)', undefined, {
      on: true,
    }),
    mtu: text('MTU of the default network (1500)', 'COUNT'),
    ip: text('Publish ports that name no address here (every address)', 'IP'),
    'insecure-registry': many('Registry where plain HTTP will do, and TLS is not verified', 'HOST[:PORT]'),
    'keep-cache': text('Room for the build cache; what was used longest ago goes', 'BYTES'),
    'keep-unused-images': text('Room for images without a container; the oldest go', 'BYTES'),
    'max-concurrent-downloads': text('Layers that pulls bring at a time (3)', 'COUNT'),
    'max-concurrent-uploads': text('Layers that pushes send at a time (5)', 'COUNT'),
    'no-proxy': text('Hosts reached without a proxy, with commas between (NO_PROXY)', 'HOSTS'),
    pidfile: text('Write the process id to this file', 'FILE', { short: 'p' }),
    'registry-mirror': many('Ask this place before Docker Hub, or before REGISTRY', '[REGISTRY=]URL'),
    'trash-keep': text('How long removed things can come back (168h); 0: not at all', 'DURATION'),
    root: text('What must outlive a reboot (/var/lib/wharf)', 'DIR', { also: ['data-root'] }),
    run: text('What need not (/run/wharf)', 'DIR', { also: ['exec-root'] }),
  },
  args: [0, 0],
  examples: [
    'wharf daemon',
    'wharf daemon --root /srv/wharf --run /run/wharf2 --host unix:///run/wharf2.sock --bridge wharf2',
    'wharf daemon --registry-mirror http://127.0.0.1:5000',
    'wharf daemon --registry-mirror ghcr.io=https://mirror.example.org/ghcr',
  ],
  async run({ flags, given }) {
    const { runDaemon } = await import('#daemon/run.ts');
    const path = (value: string | undefined) => (value === undefined ? undefined : resolve(value));
    const chosen = {
      root: path(flags.root),
      run: path(flags.run),
      bridge: flags.bridge,
      bip: flags.bip,
      ip: flags.ip,
      fixedCidr: flags['fixed-cidr'],
      ipv6: given.has('ipv6') ? flags.ipv6 : undefined,
      bip6: flags.bip6,
      fixedCidr6: flags['fixed-cidr-v6'],
      gateway: flags['default-gateway'],
      gateway6: flags['default-gateway-v6'],
      directRouting: given.has('allow-direct-routing') ? flags['allow-direct-routing'] : undefined,
      ipForward: given.has('ip-forward') ? flags['ip-forward'] : undefined,
      mtu: flags.mtu,
      icc: given.has('icc') ? flags.icc : undefined,
      ipMasq: given.has('ip-masq') ? flags['ip-masq'] : undefined,
      configFile: path(flags['config-file']),
      pidfile: path(flags.pidfile),
      trashKeep: flags['trash-keep'],
      keepCache: flags['keep-cache'],
      keepUnusedImages: flags['keep-unused-images'],
      maxConcurrentDownloads: countOf(flags['max-concurrent-downloads'], 'max-concurrent-downloads'),
      maxConcurrentUploads: countOf(flags['max-concurrent-uploads'], 'max-concurrent-uploads'),
    };
    await runDaemon({
      ...Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined)),
      hosts: flags.host,
      addressPools: flags['default-address-pool'],
      hostGateways: flags['host-gateway-ip'],
      dns: flags.dns,
      dnsSearch: flags['dns-search'],
      dnsOptions: flags['dns-opt'],
      networkOptions: flags['default-network-opt'],
      registryMirrors: flags['registry-mirror'],
      insecureRegistries: flags['insecure-registry'],
      certsDirs: flags['certs-dir'].map((dir) => resolve(dir)),
      proxies: {
        httpProxy: flags['http-proxy'],
        httpsProxy: flags['https-proxy'],
        noProxy: flags['no-proxy'],
      },
      allowInsecureTcp: flags['allow-insecure-tcp'],
      ...(flags.debug ? { debug: true } : {}),
    });
  },
});

function countOf(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw invalid(`invalid --${flag} "${text}": give a whole number above zero`);
  return Number(text);
}
