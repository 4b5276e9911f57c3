// Where published ports of a container lead: its addresses on the networks that its default routes go by.
import type { Endpoint } from '../record.ts';
import type { NetworkRoom } from '../room.ts';
import { bindingAddressOf, modeOf, trustedLinksOf } from '../rules/options.ts';
import { isBridge } from '../store.ts';
import type { PortTarget } from './publish.ts';

/** Undefined where no network of the container publishes ports. */
export function targetOf(room: NetworkRoom, endpoints: Endpoint[]): PortTarget | undefined {
  const bridged = endpoints.filter(({ networkId }) => {
    const network = room.store.byId(networkId);
    return network !== undefined && isBridge(network) && !network.internal;
  });
  const four = bridged.find(({ isDefault4 }) => isDefault4);
  const six = bridged.find(({ isDefault6 }) => isDefault6);
  if (four === undefined && six === undefined) return undefined;
  const networkOf = (endpoint: Endpoint | undefined) =>
    room.store.byId(endpoint?.networkId ?? '') ?? { options: {} };
  const publishAddress = bindingAddressOf(networkOf(four ?? six)) ?? room.choices.publishAddress;
  const isTrusting = [four, six].some((each) => trustedLinksOf(networkOf(each)).length > 0);
  const direct = room.choices.defaults.directRouting === true ? 'all' : isTrusting && 'trusted';
  return {
    ...(direct && { direct }),
    modes: { 4: modeOf(networkOf(four), 4), 6: modeOf(networkOf(six), 6) },
    ...(four?.ipv4 === undefined ? {} : { ipv4: four.ipv4.address }),
    ...(six?.ipv6 === undefined ? {} : { ipv6: six.ipv6.address }),
    ...(publishAddress === undefined || publishAddress === '0.0.0.0' ? {} : { publishAddress }),
  };
}
