// The options of a volume as mount(8) takes them. Pure.

export interface MountRequest {
  type: string;
  device: string;
  /** As after `-o`; empty for none. */
  options: string;
}

/** Undefined where the volume is a plain folder. */
export function mountRequestOf(options: Record<string, string> | null): MountRequest | undefined {
  const { device, type = 'none', o = '' } = options ?? {};
  if (device === undefined) return undefined;
  const address = /(?:^|,)addr=([^,]*)/.exec(o)?.[1];
  if (!address || !/^(nfs4?|cifs|smb3)$/.test(type)) return { type, device, options: o };
  // Docker's way of naming the server beside the path; the helpers of mount(8) want it in the device alone.
  const rest = o.split(',').filter((each) => !each.startsWith('addr='));
  const server = address.includes(':') ? `[${address}]` : address;
  return { type, device: device.startsWith(':') ? `${server}${device}` : device, options: rest.join() };
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
  return `What was tried: mount -t ${type}${options === '' ? '' : ` -o ${options}`} ${device}`;
}
