// The options of a volume as mount(8) takes them. Pure.
import { isIpv4, isIpv6 } from '#shared/notation/port.ts';

export interface MountRequest {
  type: string;
  device: string;
  /** As after `-o`; empty for none. */
  options: string;
  /** Of the server beside the path, where it is not told by its address. */
  serverName?: string;
}

/** Undefined where the volume is a plain folder. */
export function mountRequestOf(options: Record<string, string> | null): MountRequest | undefined {
  const { device, type = 'none', o = '' } = options ?? {};
  if (device === undefined) return undefined;
  const asked = o.split(',').filter((each) => each !== '');
  // Docker's way of naming the server beside the path.
  const address = asked.findLast((each) => each.startsWith('addr='))?.slice('addr='.length);
  const share = { type, device, options: asked.filter((each) => !each.startsWith('addr=')) };
  const name = address && !isAddress(address) ? { serverName: address } : {};
  if (/^nfs4?$/.test(type)) return { ...nfsRequest(share, address), ...name };
  if (address && /^(cifs|smb3)$/.test(type)) return { ...smbRequest(share, address), ...name };
  return { type, device, options: o };
}

const isAddress = (text: string): boolean => isIpv4(text) || isIpv6(text);

type Asked = Omit<MountRequest, 'options'> & { options: string[] };

function nfsRequest({ type, device, options }: Asked, address = ''): MountRequest {
  const server = address.includes(':') ? `[${address}]` : address;
  // Its helper would ask a server that refuses for two minutes.
  const isPatient = options.some((each) => each === 'bg' || each.startsWith('retry='));
  return {
    type,
    device: address !== '' && device.startsWith(':') ? `${server}${device}` : device,
    options: [...options, ...(isPatient ? [] : ['retry=0'])].join(),
  };
}

// Its helper takes an address beside the name, but no other name.
function smbRequest({ type, device, options }: Asked, address: string): MountRequest {
  if (isAddress(address)) return { type, device, options: [...options, `addr=${address}`].join() };
  return { type, device: device.replace(/^\/\/[^/]*/, `//${address}`), options: options.join() };
}

const packageOf: Record<string, string> = {
  nfs: 'nfs-common',
  nfs4: 'nfs-common',
  cifs: 'cifs-utils',
  smb3: 'cifs-utils',
};

/** What to do about a mount that failed with these words. */
export function hintFor({ type, device, options }: MountRequest, words: string): string {
  const name = packageOf[type];
  const isMissing = /unknown filesystem type|need a \/sbin\/mount\.\S+ helper/.test(words);
  if (name !== undefined && isMissing)
    return `The host cannot mount ${type}: apt-get install ${name} (and a kernel that has it).`;
  const shown = options.replaceAll(/(^|,)(pass|password2?)=[^,]*/g, '$1$2=********');
  return `What was tried: mount -t ${type}${shown === '' ? '' : ` -o ${shown}`} ${device}`;
}
