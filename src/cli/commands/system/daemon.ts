// wharf daemon
import { resolve } from 'node:path';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    'allow-insecure-tcp': toggle('Let tcp:// listen beyond this machine: whoever reaches the port is root'),
    bip: text('Address and subnet of the bridge', 'CIDR'),
    bridge: text('Bridge of the default network (wharf0)', 'NAME', { short: 'b' }),
    'config-file': text('Settings, as dockerd’s daemon.json (/etc/wharf/daemon.json)', 'FILE'),
    debug: toggle('Say more', 'D'),
    host: many('Listen here (unix:///run/wharf/wharf.sock)', 'URL', { short: 'H' }),
    'insecure-registry': many('Registry to speak plain HTTP with', 'HOST[:PORT]'),
    pidfile: text('Write the process id to this file', 'FILE', { short: 'p' }),
    'registry-mirror': many('Ask this registry before Docker Hub', 'URL'),
    root: text('What must outlive a reboot (/var/lib/wharf)', 'DIR', { also: ['data-root'] }),
    run: text('What need not (/run/wharf)', 'DIR', { also: ['exec-root'] }),
  },
  args: [0, 0],
  examples: [
    'wharf daemon',
    'wharf daemon --root /srv/wharf --run /run/wharf2 --host unix:///run/wharf2.sock --bridge wharf2',
    'wharf daemon --registry-mirror http://127.0.0.1:5000',
  ],
  async run({ flags }) {
    const { runDaemon } = await import('#daemon/run.ts');
    const path = (value: string | undefined) => (value === undefined ? undefined : resolve(value));
    const chosen = {
      root: path(flags.root),
      run: path(flags.run),
      bridge: flags.bridge,
      bip: flags.bip,
      configFile: path(flags['config-file']),
      pidfile: path(flags.pidfile),
    };
    await runDaemon({
      ...Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined)),
      hosts: flags.host,
      registryMirrors: flags['registry-mirror'],
      insecureRegistries: flags['insecure-registry'],
      allowInsecureTcp: flags['allow-insecure-tcp'],
      ...(flags.debug ? { debug: true } : {}),
    });
  },
});
