// wharf hub serve
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { rootFlag, rootOf, usersFileOf } from '#cli/commands/hub/place.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { parseDuration } from '#shared/notation/duration.ts';
import { parseBytes } from '#shared/notation/size.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    addr: text('Listen here (127.0.0.1:5000); :5000 is every address of this machine', 'HOST:PORT'),
    'anonymous-read': toggle('Pulling needs no login'),
    'gc-every': text('Collect garbage so often (1h); 0 never', 'DURATION'),
    'gc-grace': text('Keep what nothing refers to for so long (24h)', 'DURATION'),
    'gc-untagged': toggle('Collect images without a tag, too'),
    htpasswd: text('Users’ file (DIR/htpasswd, where there is one); see wharf hub user', 'FILE'),
    proxy: text('Be a cache of this registry, and nothing else', 'REGISTRY'),
    'public-url': text('How clients reach the Hub, where something stands before it', 'URL'),
    quota: text('Take so much disk space at most', 'SIZE'),
    root: rootFlag,
    'tls-cert': text('Serve HTTPS with this certificate', 'FILE'),
    'tls-key': text('Its private key', 'FILE'),
  },
  args: [0, 0],
  examples: [
    'wharf hub serve',
    'wharf hub serve --addr :5000 --root /srv/hub --tls-cert hub.crt --tls-key hub.key --quota 100g',
    'wharf hub serve --proxy docker.io --root /srv/docker.io',
  ],
  async run({ cli, flags }) {
    const { runHub } = await import('#daemon/hub.ts');
    const root = rootOf(flags.root);
    const usersFile = usersFileOf(root, flags.htpasswd);
    const milliseconds = (given: string | undefined) =>
      given === undefined ? undefined : parseDuration(given) / 1e6;
    await runHub({
      addr: flags.addr ?? '127.0.0.1:5000',
      root,
      htpasswd: flags.htpasswd !== undefined || existsSync(usersFile) ? usersFile : undefined,
      anonymousRead: flags['anonymous-read'],
      tlsCert: flags['tls-cert'] && resolve(flags['tls-cert']),
      tlsKey: flags['tls-key'] && resolve(flags['tls-key']),
      proxy: flags.proxy,
      quotaBytes: flags.quota === undefined ? undefined : parseBytes(flags.quota),
      publicUrl: flags['public-url'],
      collectEveryMs: milliseconds(flags['gc-every']),
      graceMs: milliseconds(flags['gc-grace']),
      collectUntagged: flags['gc-untagged'],
      onServing: (url) => cli.print(url),
      onLog: (line) => cli.warn(`wharf hub: ${line}`),
    });
  },
});
