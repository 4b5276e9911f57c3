// What of the networks is not as the records say, and what of the host stands in their way.
import { observeDrops } from '#kernel/firewall.ts';
import { observeLinks } from '#kernel/links.ts';
import { isNetns } from '#kernel/netns.ts';
import { readSysctl } from '#kernel/sysctl.ts';
import type { CheckFinding } from '#shared/contract/network.ts';
import { familyOf } from './addresses/cidr.ts';
import { resolvesNames } from './record.ts';
import { takenMeanwhile } from './recover.ts';
import type { NetworkRoom } from './room.ts';
import { isBridge, type JoinableNetwork } from './store.ts';

/** Looks without changing anything. */
export async function checkNetworks(room: NetworkRoom): Promise<CheckFinding[]> {
  const links = new Map(observeLinks().map((link) => [link.name, link]));
  return [
    ...room.store.joinables().flatMap((network) => checkDevice(network, links)),
    ...checkMembers(room, links),
    ...checkSettings(room),
    ...(room.firewall.isDamaged() ? [damagedRules] : []),
    ...(await forwardDrops(room)),
    ...(await inputDrops(room)),
    ...(await unanswered(room)),
  ];
}

const severe = (Subject: string, Problem: string, Hint: string): CheckFinding => ({
  Subject,
  Problem,
  Hint,
  Severe: true,
});

const damagedRules = severe(
  'firewall',
  'rules of the engine are missing',
  'They are made anew within a second; find out who removes them.',
);

type Links = Map<string, ReturnType<typeof observeLinks>[number]>;

function checkDevice(network: JoinableNetwork, links: Links): CheckFinding[] {
  const subject = `network ${network.name}`;
  const taken = takenMeanwhile(network);
  if (taken !== undefined) {
    return [
      severe(subject, taken, 'Remove that device or give it other addresses, or make the network anew.'),
    ];
  }
  const device = isBridge(network) ? network.bridge.device : network.parent.device;
  const link = links.get(device);
  const repair = 'It is made anew when the next container starts on the network.';
  if (link === undefined) return [severe(subject, `its device ${device} is gone`, repair)];
  if (!link.up) return [severe(subject, `its device ${device} is down`, repair)];
  if (!isBridge(network)) return [];
  const has = link.addresses.map((each) => each.split('/')[0]);
  const missing = network.blocks
    .flatMap(({ gateway, isBare }) => (isBare ? [] : (gateway ?? [])))
    .filter((each) => !has.includes(each));
  return missing.map((address) =>
    severe(subject, `its device ${device} has lost the address ${address}`, repair),
  );
}

/** Containers whose link or namespace somebody took away. */
function checkMembers(room: NetworkRoom, links: Links): CheckFinding[] {
  return room.store.sandboxes().flatMap((sandbox) => {
    const subject = `container ${sandbox.name}`;
    if (sandbox.mode !== 'host' && !isNetns(sandbox.netnsPath)) {
      return [severe(subject, 'its network namespace is gone', `wharf restart ${sandbox.name}`)];
    }
    return sandbox.endpoints.flatMap(({ hostLink, networkName, networkId }) => {
      const network = room.store.byId(networkId);
      if (hostLink === '' || network?.bridge === undefined) return [];
      const bridge = links.get(network.bridge.device);
      const link = links.get(hostLink);
      if (link === undefined) {
        return [
          severe(subject, `its link to network ${networkName} is gone`, `wharf restart ${sandbox.name}`),
        ];
      }
      if (bridge === undefined || link.master === bridge.index) return [];
      return [
        severe(
          subject,
          `its link is not on network ${networkName} any more`,
          `wharf restart ${sandbox.name}`,
        ),
      ];
    });
  });
}

function checkSettings(room: NetworkRoom): CheckFinding[] {
  const isDual = room.store
    .bridges()
    .some(({ blocks }) => blocks.some(({ subnet }) => familyOf(subnet) === 6));
  const keys = ['net.ipv4.ip_forward', ...(isDual ? ['net.ipv6.conf.all.forwarding'] : [])];
  return keys
    .filter((key) => readSysctl(key) === '0')
    .map((key) => severe('kernel', `${key} is off: containers reach nothing outside`, `sysctl -w ${key}=1`));
}

const warning = (Subject: string, Problem: string, Hint: string): CheckFinding => ({
  ...severe(Subject, Problem, Hint),
  Severe: false,
});

/** What the host's own firewall refuses stays refused; that may be meant. */
async function forwardDrops(room: NetworkRoom): Promise<CheckFinding[]> {
  const [bridge = 'wharf0'] = room.store.bridges().map((each) => each.bridge.device);
  return (await observeDrops('forward')).map((chain) =>
    warning(
      'firewall',
      `the chain ${chain} drops forwarded packets that it does not accept: containers may not get out, nor be reached`,
      `If that is not meant: allow forwarding from and to ${bridge} there (docs/firewall.md).`,
    ),
  );
}

/** Containers of user networks ask the host for names. */
async function inputDrops({ store, names }: NetworkRoom): Promise<CheckFinding[]> {
  const bridges = store.bridges().filter(resolvesNames);
  if (bridges.length === 0) return [];
  const ports = `UDP ports 53 and ${names.firstPort}-${names.lastPort}`;
  const devices = bridges.map(({ bridge }) => bridge.device).join(', ');
  return (await observeDrops('input')).map((chain) =>
    warning(
      'firewall',
      `the chain ${chain} drops what comes to the host and it does not accept: containers may not find each other by name`,
      `If that is not meant: allow ${ports} from ${devices} there (docs/firewall.md).`,
    ),
  );
}

async function unanswered({ store, names }: NetworkRoom): Promise<CheckFinding[]> {
  return (await names.unanswered()).map((id) =>
    severe(
      `network ${store.byId(id)?.name ?? id}`,
      'its containers get no answer when they ask for names',
      "Let the host's firewall accept what comes to UDP port 53 from its device (docs/firewall.md).",
    ),
  );
}
