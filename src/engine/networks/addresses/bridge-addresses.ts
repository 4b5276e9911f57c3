// The host's own addresses on a bridge network.
import type { NetworkRecord } from '../record.ts';
import { parseCidr } from './cidr.ts';

/** As `address/length`; none where the host has no address on the network. */
export const bridgeAddressesOf = ({ blocks }: Pick<NetworkRecord, 'blocks'>): string[] =>
  blocks.flatMap(({ gateway, subnet, isBare }) =>
    gateway === undefined || isBare ? [] : [`${gateway}/${parseCidr(subnet).prefixLength}`],
  );
