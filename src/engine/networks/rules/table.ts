// The engine's nftables tables as text: fixed chains, and sets and maps that change. Pure. `inet` routes, translates
// and refuses; `bridge`, of the same name, keeps containers from speaking as each other.

import type { Steered } from '../names/steering.ts';
import { mostTurns } from '../names/turns.ts';
import type { Endpoint, PublishedPort } from '../record.ts';
import type { BridgeNetwork } from '../store.ts';
import {
  type Element,
  elementText,
  endpointElements,
  networkElements,
  openingElements,
  portElements,
  steeredElements,
} from './elements.ts';
import type { Openings } from './openings.ts';

export interface RuleView {
  table: string;
  bridges: BridgeNetwork[];
  endpoints: Endpoint[];
  ports: PublishedPort[];
  /** Networks whose name server at port 53 is not the one that is asked. */
  steered: Steered[];
  /** What links open between containers that are kept apart. */
  opened: Openings;
  /** Port of the standby name servers; the others' follow. */
  namesPort: number;
  /** Whether the kernel filters on bridges by nftables. */
  hasBridgeFilter: boolean;
  /** Whether connections from ::1 can be translated; else the engine copies them. */
  translatesLoopback6: boolean;
}

/** The administrator's chain: never flushed, and asked before our own rules. */
export const adminChain = 'admin';

const turnCounts = Array.from({ length: mostTurns - 1 }, (_, index) => index + 2);

const linkSets: Record<string, string> = {
  linked4: 'set { type ipv4_addr . ipv4_addr . inet_proto . inet_service; }',
  linked6: 'set { type ipv6_addr . ipv6_addr . inet_proto . inet_service; }',
};

const inetSets: Record<string, string> = {
  published4: 'map { type inet_proto . inet_service : ipv4_addr . inet_service; }',
  published6: 'map { type inet_proto . inet_service : ipv6_addr . inet_service; }',
  published4_at: 'map { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }',
  published6_at: 'map { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }',
  routed4: 'set { type ipv4_addr . inet_proto . inet_service; }',
  routed6: 'set { type ipv6_addr . inet_proto . inet_service; }',
  ...linkSets,
  direct4: 'set { type ipv4_addr . inet_proto . inet_service; }',
  direct6: 'set { type ipv6_addr . inet_proto . inet_service; }',
  trusted: 'set { type ifname . ifname; }',
  bridges: 'set { type ifname; }',
  internals: 'set { type ifname; }',
  open_links4: 'set { type ifname; }',
  open_links6: 'set { type ifname; }',
  same: 'set { type ifname . ifname; }',
  subnets4: 'set { type ipv4_addr; flags interval; }',
  subnets6: 'set { type ipv6_addr; flags interval; }',
  asked4: 'set { type ifname . ipv4_addr; }',
  asked6: 'set { type ifname . ipv6_addr; }',
  hosts4: 'map { type ipv4_addr : ipv4_addr; flags interval; }',
  hosts6: 'map { type ipv6_addr : ipv6_addr; flags interval; }',
  ...Object.fromEntries(
    ['names', 'aside', ...turnCounts.map((count) => `turns${count}_`)].flatMap((name) => [
      [`${name}4`, 'set { type ipv4_addr; }'],
      [`${name}6`, 'set { type ipv6_addr; }'],
    ]),
  ),
};

const inetChains: Record<string, string> = {
  raw: 'type filter hook prerouting priority raw; policy accept;',
  strangers: '',
  questions: '',
  answers: 'type filter hook output priority 225; policy accept;',
  publish: '',
  prerouting: 'type nat hook prerouting priority dstnat; policy accept;',
  output: 'type nat hook output priority -100; policy accept;',
  postrouting: 'type nat hook postrouting priority srcnat; policy accept;',
  forward: 'type filter hook forward priority filter - 5; policy accept;',
};

// Containers may not speak to the host's loopback, or as if they were on it, although route_localnet is on for their
// bridges, and nobody from outside reaches ports published on 127.0.0.1 or ::1. Neighbours who are kept apart may ask
// each other's link addresses, as they can with ARP: with all hops left these come by the bridge, and no router sends
// them on. A network's name server is there for its own containers only, also where a container publishes port 53. Our
// forward chain comes before the common priority, and an accept here is not final for other tables: what the host's
// own firewall refuses stays refused.
const inetRules = (view: RuleView): string => `
  chain raw {
    iifname @bridges ip daddr 127.0.0.0/8 drop
    iifname @bridges ip6 daddr ::1 drop
    iifname @bridges ip saddr 127.0.0.0/8 drop
    iifname != "lo" meta l4proto { tcp, udp } th dport { 53, ${nameServers(view)} } jump strangers
    iifname != "lo" udp dport 53 jump questions
  }
  chain strangers {
    ip daddr @names4 iifname . ip daddr != @asked4 drop
    ip6 daddr @names6 iifname . ip6 daddr != @asked6 drop
  }
  chain questions {
${questionRules(view.namesPort)}
  }
  chain answers {
    udp sport ${nameServers(view)} ip saddr @names4 udp sport set 53
    udp sport ${nameServers(view)} ip6 saddr @names6 udp sport set 53
  }
  chain publish {
    meta l4proto { tcp, udp } th dport 53 ip daddr @names4 return
    meta l4proto { tcp, udp } th dport 53 ip6 daddr @names6 return
    meta nfproto ipv4 meta l4proto { tcp, udp, sctp } dnat ip to ip daddr . meta l4proto . th dport map @published4_at
    meta nfproto ipv4 meta l4proto { tcp, udp, sctp } fib daddr type local dnat ip to meta l4proto . th dport map @published4
    meta nfproto ipv6 meta l4proto { tcp, udp, sctp } dnat ip6 to ip6 daddr . meta l4proto . th dport map @published6_at
    meta nfproto ipv6 meta l4proto { tcp, udp, sctp } fib daddr type local dnat ip6 to meta l4proto . th dport map @published6
  }
  chain prerouting {
    iifname != "lo" ip daddr 127.0.0.0/8 return
    iifname != "lo" ip6 daddr ::1 return
    jump publish
  }
  chain output {${view.translatesLoopback6 ? '' : '\n    ip6 daddr ::1 return'}
    jump publish
  }
  chain postrouting {
    ip saddr 127.0.0.0/8 oifname @bridges masquerade
    ip6 saddr ::1 oifname @bridges masquerade
    ct status dnat ip saddr @subnets4 ip daddr @subnets4 masquerade
    ct status dnat ip6 saddr @subnets6 ip6 daddr @subnets6 masquerade
    oifname != @bridges snat ip to ip saddr map @hosts4
    oifname != @bridges snat ip6 to ip6 saddr map @hosts6
    ip saddr @subnets4 oifname != @bridges masquerade
    ip6 saddr @subnets6 oifname != @bridges masquerade
  }
  chain forward {
    iifname @bridges jump ${adminChain}
    iifname != @bridges oifname @bridges jump ${adminChain}
    iifname . oifname @same accept
    iifname @internals drop
    oifname @internals drop
    oifname @bridges ct state established,related accept
    oifname @bridges ct status dnat accept
    oifname @bridges ip daddr . meta l4proto . th dport @routed4 accept
    oifname @bridges ip6 daddr . meta l4proto . th dport @routed6 accept
    iifname . oifname @trusted ip daddr . meta l4proto . th dport @direct4 accept
    iifname . oifname @trusted ip6 daddr . meta l4proto . th dport @direct6 accept
    oifname @bridges ip saddr . ip daddr . meta l4proto . th dport @linked4 accept
    oifname @bridges ip6 saddr . ip6 daddr . meta l4proto . th dport @linked6 accept
    oifname @bridges icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept
    oifname @open_links4 meta nfproto ipv4 accept
    oifname @open_links6 meta nfproto ipv6 accept
    oifname @bridges drop
  }
`;

const nameServers = ({ namesPort }: RuleView): string => `${namesPort}-${namesPort + mostTurns - 1}`;

// Which server is asked is decided anew for every question: a translation of connections would go on sending a client
// to where it once sent it. So ports are changed before the kernel looks for a connection, and back after the last
// look. The last byte of the port that a question comes from decides: clients get these ports at random.
function questionRules(firstPort: number): string {
  const lines = (name: string, port: string): string[] => [
    `    ip daddr @${name}4 udp dport set ${port}`,
    `    ip6 daddr @${name}6 udp dport set ${port}`,
  ];
  const shares = (count: number): string => {
    const start = (turn: number): number => Math.round((turn * 256) / count);
    const share = (_: unknown, turn: number): string =>
      `${start(turn)}-${start(turn + 1) - 1} : ${turn === 0 ? 53 : firstPort + turn}`;
    return `@th,8,8 map { ${Array.from({ length: count }, share).join(', ')} }`;
  };
  return [
    ...lines('aside', String(firstPort)),
    ...turnCounts.flatMap((count) => lines(`turns${count}_`, shares(count))),
  ].join('\n');
}

const bridgeSets: Record<string, string> = {
  links: 'set { type ifname; }',
  own_mac: 'set { type ifname . ether_addr; }',
  own4: 'set { type ifname . ether_addr . ipv4_addr; }',
  own6: 'set { type ifname . ether_addr . ipv6_addr; }',
  own_target: 'set { typeof iifname . @th,64,128; }',
  taken_mac: 'set { type ether_addr; }',
  taken4: 'set { type ipv4_addr; }',
  taken6: 'set { type ipv6_addr; }',
  taken_target: 'set { typeof @th,64,128; }',
  unlocked: 'set { type ifname; }',
  ...linkSets,
};

const bridgeChains: Record<string, string> = {
  guard: 'type filter hook prerouting priority -300; policy accept;',
  linked: 'type filter hook forward priority filter; policy accept;',
};

// What is nobody else's may be said: containers with addresses of their own making (tunnels, virtual addresses) work.
// A container that announces itself as a router would draw everyone's packets. Where the bridge keeps neighbours apart, it
// does not with those that others are linked to: there the rules do. Bridges may have no connections to be told by, so an
// answer is what comes from an exposed port and begins no connection.
// What is tagged as of a virtual LAN without a number is received as if it were not, but seen here as of no other kind.
const bridgeRules = `
  chain guard {
    ether type ip iifname . ether saddr . ip saddr @own4 accept
    iifname != @links accept
    ether type 8021q vlan id 0 drop
    ether type 8021ad vlan id 0 drop
    iifname . ether saddr != @own_mac ether saddr @taken_mac drop
    ether type ip ip saddr @taken4 drop
    ether type arp iifname . arp saddr ether . arp saddr ip != @own4 arp saddr ip @taken4 drop
    icmpv6 type nd-router-advert drop
    icmpv6 type nd-neighbor-advert iifname . @th,64,128 != @own_target @th,64,128 @taken_target drop
    ether type ip6 iifname . ether saddr . ip6 saddr != @own6 ip6 saddr @taken6 drop
  }
  chain linked {
    iifname != @unlocked oifname != @unlocked accept
    iifname != @links accept
    oifname != @links accept
    ether type arp accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip saddr . ip daddr . meta l4proto . th dport @linked4 accept
    ip6 saddr . ip6 daddr . meta l4proto . th dport @linked6 accept
    tcp flags & (syn | ack) == syn drop
    ip daddr . ip saddr . meta l4proto . th sport @linked4 accept
    ip6 daddr . ip6 saddr . meta l4proto . th sport @linked6 accept
    drop
  }
`;

type Definitions = { sets: Record<string, string>; chains: Record<string, string> };

const inetParts: Definitions = { sets: inetSets, chains: inetChains };
const bridgeParts: Definitions = { sets: bridgeSets, chains: bridgeChains };

// Sets that are there keep their place: rules of the administrator may name them.
function frame(family: string, table: string, { sets, chains }: Definitions, rules: string): string {
  const setLines = Object.entries(sets).map(([name, text]) => text.replace(' ', ` ${name} `));
  const chainLines = Object.entries(chains).map(([name, text]) => `chain ${name} { ${text} }`);
  if (family === 'inet') chainLines.unshift(`chain ${adminChain} { }`);
  const flushes = [
    ...Object.keys(chains).map((name) => `flush chain ${family} ${table} ${name}`),
    ...Object.entries(sets).map(([name, text]) => `flush ${text.slice(0, 3)} ${family} ${table} ${name}`),
  ];
  const declared = [...setLines, ...chainLines].map((line) => `  ${line}\n`).join('');
  return `table ${family} ${table} {\n${declared}}\n${flushes.join('\n')}\ntable ${family} ${table} {${rules}}\n`;
}

/** Everything that is in sets and maps. */
export const allElements = (view: Pick<RuleView, 'bridges' | 'steered' | 'opened'> & Things): Element[] => [
  ...view.bridges.flatMap(networkElements),
  ...view.steered.flatMap(steeredElements),
  ...openingElements(view.opened),
  ...thingElements(view),
];

/** A script after which the tables are exactly as the view says, but for the administrator's chain, in one transaction. */
export function renderTable(view: RuleView): string {
  const { table } = view;
  const elements = allElements(view);
  const inet = frame('inet', table, inetParts, inetRules(view));
  const bridge = view.hasBridgeFilter ? frame('bridge', table, bridgeParts, bridgeRules) : '';
  const wanted = view.hasBridgeFilter ? elements : elements.filter(({ family }) => family === 'inet');
  return inet + bridge + renderElements('add', table, wanted);
}

/** A script that takes everything of ours away but the administrator's chain. */
export function renderBare(table: string): string {
  const { sets, chains } = inetParts;
  return [
    `table inet ${table} { chain ${adminChain} { }\n }`,
    ...Object.entries(chains).map(([name, text]) => `add chain inet ${table} ${name} { ${text} }`),
    ...Object.entries(sets).map(([name, text]) => `add ${text.replace(' ', ` inet ${table} ${name} `)}`),
    ...Object.keys(chains).map((name) => `flush chain inet ${table} ${name}`),
    ...Object.keys(chains).map((name) => `delete chain inet ${table} ${name}`),
    ...Object.entries(sets).map(([name, text]) => `delete ${text.slice(0, 3)} inet ${table} ${name}`),
    '',
  ].join('\n');
}

export interface Things {
  endpoints?: Endpoint[];
  ports?: PublishedPort[];
}

/** What containers put into sets. */
export const thingElements = ({ endpoints = [], ports = [] }: Things): Element[] => [
  ...endpoints.flatMap(endpointElements),
  ...ports.flatMap(portElements),
];

/** Lines that add elements or take them away. */
export function renderElements(verb: 'add' | 'delete', table: string, elements: Element[]): string {
  const byHolder = Map.groupBy(elements, ({ family, holder }) => `${family} ${table} ${holder}`);
  return [...byHolder]
    .map(([holder, each]) => {
      const texts = new Set(each.map(elementText));
      return `${verb} element ${holder} { ${[...texts].join(', ')} }\n`;
    })
    .join('');
}
