// The engine's nftables table as text: one table, fixed chains, and sets and maps that change. Pure.
import { formatCidr, parseCidr } from '../addresses/cidr.ts';
import type { PublishedPort } from '../record.ts';
import type { BridgeNetwork } from '../store.ts';

export interface RuleView {
  table: string;
  bridges: BridgeNetwork[];
  ports: PublishedPort[];
}

// Containers may not speak to the host's loopback although route_localnet is on for their bridges, and nobody
// from outside reaches ports published on 127.0.0.1. Our forward chain comes before the common priority, and an
// accept here is not final for other tables: what the host's own firewall refuses stays refused.
const skeleton = (table: string): string => `
table ip ${table} {
  map published { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map published_at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  set bridges { type ifname; }
  set internals { type ifname; }
  set same { type ifname . ifname; }
  set subnets { type ipv4_addr; flags interval; }
  chain raw { type filter hook prerouting priority raw; policy accept; }
  chain publish { }
  chain prerouting { type nat hook prerouting priority dstnat; policy accept; }
  chain output { type nat hook output priority -100; policy accept; }
  chain postrouting { type nat hook postrouting priority srcnat; policy accept; }
  chain forward { type filter hook forward priority filter - 5; policy accept; }
}
flush table ip ${table}
flush map ip ${table} published
flush map ip ${table} published_at
flush set ip ${table} bridges
flush set ip ${table} internals
flush set ip ${table} same
flush set ip ${table} subnets
table ip ${table} {
  chain raw {
    iifname @bridges ip daddr 127.0.0.0/8 drop
  }
  chain publish {
    meta l4proto { tcp, udp } dnat ip to ip daddr . meta l4proto . th dport map @published_at
    meta l4proto { tcp, udp } fib daddr type local dnat ip to meta l4proto . th dport map @published
  }
  chain prerouting {
    iifname != "lo" ip daddr 127.0.0.0/8 return
    jump publish
  }
  chain output {
    jump publish
  }
  chain postrouting {
    ip saddr 127.0.0.0/8 oifname @bridges masquerade
    ct status dnat ip saddr @subnets ip daddr @subnets masquerade
    ip saddr @subnets oifname != @bridges masquerade
  }
  chain forward {
    iifname . oifname @same accept
    iifname @internals drop
    oifname @internals drop
    oifname @bridges ct state established,related accept
    oifname @bridges ct status dnat accept
    oifname @bridges drop
  }
}
`;

/** A script after which the table is exactly as the view says, in one transaction. */
export function renderTable(view: RuleView): string {
  const elements = [...view.bridges.flatMap(networkElements), ...view.ports.map(portElement)];
  return skeleton(view.table) + changes('add', view.table, elements);
}

/** A script that adds what networks and ports need to a table that is there. */
export function renderAdditions(table: string, things: Partial<Omit<RuleView, 'table'>>): string {
  return changes('add', table, elementsOf(things));
}

/** A script that takes networks and ports away; it does not mind when they are away already. */
export function renderRemovals(table: string, things: Partial<Omit<RuleView, 'table'>>): string {
  const elements = elementsOf(things);
  return changes('add', table, elements) + changes('delete', table, elements);
}

const elementsOf = (things: Partial<Omit<RuleView, 'table'>>): Element[] => [
  ...(things.bridges ?? []).flatMap(networkElements),
  ...(things.ports ?? []).map(portElement),
];

interface Element {
  holder: string;
  text: string;
}

function networkElements(network: BridgeNetwork): Element[] {
  const device = `"${network.bridge.device}"`;
  const masquerade = network.options['com.docker.network.bridge.enable_ip_masquerade'] !== 'false';
  const subnet = formatCidr(parseCidr(network.bridge.subnet));
  return [
    { holder: 'bridges', text: device },
    ...(network.options['com.docker.network.bridge.enable_icc'] === 'false'
      ? []
      : [{ holder: 'same', text: `${device} . ${device}` }]),
    ...(network.internal ? [{ holder: 'internals', text: device }] : []),
    ...(network.internal || !masquerade ? [] : [{ holder: 'subnets', text: subnet }]),
  ];
}

function portElement(port: PublishedPort): Element {
  const key = `${port.protocol} . ${port.hostPort}`;
  const to = `${port.containerAddress} . ${port.containerPort}`;
  if (port.hostAddress === '0.0.0.0') return { holder: 'published', text: `${key} : ${to}` };
  return { holder: 'published_at', text: `${port.hostAddress} . ${key} : ${to}` };
}

function changes(verb: 'add' | 'delete', table: string, elements: Element[]): string {
  const byHolder = Map.groupBy(elements, ({ holder }) => holder);
  return [...byHolder]
    .map(([holder, each]) => {
      const texts = each.map(({ text }) => text).join(', ');
      return `${verb} element ip ${table} ${holder} { ${texts} }\n`;
    })
    .join('');
}
