// The network of a stage's RUN steps: made at the first of them, the same for all, gone with the stage.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attached } from '#engine/networks/networks.ts';
import { invalid } from '#shared/errors.ts';
import type { BuildSession } from './session.ts';
import type { StageNetwork } from './steps/step.ts';

const loopback = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n';

function hostsText(attached: Attached, mode: string): string {
  const own = mode === 'host' && existsSync('/etc/hosts') ? readFileSync('/etc/hosts', 'utf8') : loopback;
  return own + attached.hosts.map(({ ip, names }) => `${ip}\t${names.join(' ')}\n`).join('');
}

function resolvText(attached: Attached): string {
  const lines = attached.nameservers.map((server) => `nameserver ${server}`);
  if (attached.search.length > 0) lines.push(`search ${attached.search.join(' ')}`);
  if (attached.options.length > 0) lines.push(`options ${attached.options.join(' ')}`);
  return lines.map((line) => `${line}\n`).join('');
}

export class StageNetworks {
  #session: BuildSession;
  #made = new Map<string, Promise<StageNetwork>>();
  #things: string[] = [];

  constructor(session: BuildSession) {
    this.#session = session;
  }

  /** The network of that mode (`default`, `bridge`, `host`, `none` or a network's name). */
  get(mode: string): Promise<StageNetwork> {
    const known = this.#made.get(mode);
    if (known !== undefined) return known;
    const made = this.#attach(mode === 'default' || mode === '' ? 'bridge' : mode);
    this.#made.set(mode, made);
    return made;
  }

  async #attach(mode: string): Promise<StageNetwork> {
    if (mode.startsWith('container:')) throw invalid(`network mode ${mode} is not supported by build`);
    const session = this.#session;
    const thing = session.newThing();
    this.#things.push(thing);
    const short = thing.slice(2, 14);
    const attached = await session.room.networks.attach({
      containerId: thing,
      name: thing,
      shortId: short,
      hostname: 'buildkitsandbox',
      netnsPath: netnsPath(session.room.run, thing),
      networkMode: mode,
      endpoints: {},
      exposedPorts: [],
      portBindings: {},
      publishAll: false,
      dns: [],
      dnsSearch: [],
      dnsOptions: [],
      extraHosts: [...(session.request.extraHosts ?? [])],
    });
    await session.room.networks.named(thing);
    const dir = join(session.runFolder(), thing);
    mkdirSync(dir);
    const [resolvConf, hosts] = [join(dir, 'resolv.conf'), join(dir, 'hosts')];
    writeFileSync(resolvConf, resolvText(attached));
    writeFileSync(hosts, hostsText(attached, mode));
    return { choice: mode === 'host' ? 'host' : { path: attached.sandboxKey }, resolvConf, hosts };
  }

  /** Everything is taken down. */
  async close(): Promise<void> {
    for (const thing of this.#things.splice(0)) {
      await this.#session.room.networks.detach(thing);
      this.#session.dropThing(thing);
    }
  }
}

export function netnsPath(run: string, thing: string): string {
  return join(run, 'netns', thing);
}
