// The kernel learns by and by that a link has its carrier; whoever asks for the state makes it learn at once
// (include/uapi/linux/ethtool_netlink.h, genetlink.h).
import { attribute, decodeAttributes } from './message.ts';
import { NetlinkSocket } from './socket.ts';

const NETLINK_GENERIC = 16;
const GENL_ID_CTRL = 16;
const CTRL = { GETFAMILY: 3, FAMILY_ID: 1, FAMILY_NAME: 2 } as const;
const LINKSTATE_GET = 6;
const HEADER = 1;
const DEV_NAME = 2;
const NESTED = 0x8000;

const head = (command: number): Buffer => Buffer.from([command, 1, 0, 0]);

let family: number | undefined;

/**
 * Afterwards the links of this thread's namespace carry packets, which they do else only when a worker of the kernel
 * has got to them: a first packet would be lost, and sent again after a second. A port of a bridge comes before the
 * bridge. Where the kernel has no such question, nothing.
 */
export function settleCarrier(names: string[]): void {
  using socket = new NetlinkSocket(NETLINK_GENERIC);
  family ??= familyId(socket);
  if (family === 0) return;
  for (const name of names) {
    const device = attribute(HEADER | NESTED, [attribute(DEV_NAME, name)]);
    socket.get({ type: family, flags: 0, body: Buffer.concat([head(LINKSTATE_GET), device]) });
  }
}

function familyId(socket: NetlinkSocket): number {
  const body = Buffer.concat([head(CTRL.GETFAMILY), attribute(CTRL.FAMILY_NAME, 'ethtool')]);
  const answer = socket.get({ type: GENL_ID_CTRL, flags: 0, body });
  return answer === undefined ? 0 : (decodeAttributes(answer, 4).get(CTRL.FAMILY_ID)?.readUInt16LE(0) ?? 0);
}
