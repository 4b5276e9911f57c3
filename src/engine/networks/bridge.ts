// A bridge network's device on the host.
import { ensureBridge, removeLink } from '#kernel/links.ts';
import { writeSysctl } from '#kernel/sysctl.ts';
import { parseCidr } from './addresses/cidr.ts';
import { macOf } from './addresses/ipam.ts';
import type { BridgeNetwork } from './store.ts';

/** Afterwards the device is up with the gateway's address, and the host forwards. Safe to repeat; about 1 ms. */
export function ensureDevice({ bridge }: BridgeNetwork): void {
  const { prefixLength } = parseCidr(bridge.subnet);
  ensureBridge({
    name: bridge.device,
    addresses: [`${bridge.gateway}/${prefixLength}`],
    mac: macOf(bridge.gateway),
    ...(bridge.mtu === undefined ? {} : { mtu: bridge.mtu }),
  });
  // Connections from 127.0.0.1 to a published port leave by this device.
  writeSysctl(`net.ipv4.conf.${bridge.device}.route_localnet`, 1);
  writeSysctl('net.ipv4.ip_forward', 1);
}

/** Afterwards the device is gone. */
export function removeDevice({ bridge }: BridgeNetwork): void {
  removeLink(bridge.device);
}
