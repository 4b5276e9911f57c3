// What of the networks is not as the records say, and what of the host stands in their way.
import { observeForwardDrops } from '#kernel/firewall.ts';
import { observeLinks } from '#kernel/links.ts';
import { isNetns } from '#kernel/netns.ts';
import { readSysctl } from '#kernel/sysctl.ts';
import type { CheckFinding } from '#shared/contract/network.ts';
import { familyOf } from './addresses/cidr.ts';
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
    ...(await otherDrops(room)),
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
    .flatMap(({ gateway }) => gateway ?? [])
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

/** What the host's own firewall refuses stays refused; that may be meant. */
async function otherDrops(room: NetworkRoom): Promise<CheckFinding[]> {
  const [bridge = 'wharf0'] = room.store.bridges().map((each) => each.bridge.device);
  return (await observeForwardDrops()).map((chain) => ({
    Subject: 'firewall',
    Problem: `the chain ${chain} drops forwarded packets that it does not accept: containers may not get out, nor be reached`,
    Hint: `If that is not meant: allow forwarding from and to ${bridge} there (docs/firewall.md).`,
    Severe: false,
  }));
}
