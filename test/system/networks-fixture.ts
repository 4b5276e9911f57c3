// A networks room of its own on the real kernel, and programs that play containers in its namespaces.
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventLog } from '#engine/events.ts';
import type { Attached, AttachRequest } from '#engine/networks/networks.ts';
import { type Networks, type NetworksOptions, openNetworks } from '#engine/networks/networks.ts';
import { inNetns } from '#kernel/netns.ts';
import { run, startProgram } from '#kernel/spawn.ts';
import { openLeases } from '#storage/state/leases.ts';
import { openState, type State } from '#storage/state/state.ts';

/** Owns folders, bridges, a table and programs; `close` takes all of them away. */
export class NetworksFixture {
  readonly root: string = mkdtempSync(join(tmpdir(), 'wharf-networks-'));
  readonly bridge: string;
  readonly table: string;
  readonly subnet: string;
  readonly events: EventLog = new EventLog();
  networks: Networks;
  #state: State;
  #more: Partial<NetworksOptions>;
  /** What the room warned of. */
  readonly warned: string[] = [];
  #programs: ChildProcess[] = [];
  #containers = new Set<string>();

  constructor(subnet: string, more: Partial<NetworksOptions> = {}) {
    this.#more = more;
    this.bridge = `whk${process.pid}`;
    this.table = `whk${process.pid}`;
    this.subnet = subnet;
    this.#state = openState(join(this.root, 'state.db'));
    this.networks = this.#open();
  }

  #open(): Networks {
    return openNetworks({
      state: this.#state,
      leases: openLeases(this.#state),
      events: this.events,
      runDir: join(this.root, 'run'),
      bridge: { name: this.bridge, subnet: this.subnet },
      tableName: this.table,
      warn: (message) => this.warned.push(message),
      ...this.#more,
    });
  }

  /** Another engine on the same folders, as after a crash: nothing is closed but the sockets that a crash closes. */
  async reopen(): Promise<void> {
    await this.networks.close();
    await this.#state[Symbol.asyncDispose]();
    this.#state = openState(join(this.root, 'state.db'));
    this.networks = this.#open();
  }

  netns(name: string): string {
    return join(this.root, 'netns', name);
  }

  /** A container that starts: up to where its process would run. */
  async attach(name: string, change: Partial<AttachRequest> = {}): Promise<Attached> {
    const id = Buffer.from(name.padEnd(32, '_')).toString('hex');
    this.#containers.add(id);
    const attached = await this.networks.attach({
      containerId: id,
      name,
      shortId: id.slice(0, 12),
      hostname: `${name}-host`,
      netnsPath: this.netns(name),
      networkMode: 'default',
      endpoints: {},
      exposedPorts: [],
      portBindings: {},
      publishAll: false,
      dns: [],
      dnsSearch: [],
      dnsOptions: [],
      extraHosts: [],
      ...change,
    });
    await this.networks.named(id);
    return attached;
  }

  idOf(name: string): string {
    return Buffer.from(name.padEnd(32, '_')).toString('hex');
  }

  async detach(name: string): Promise<void> {
    await this.networks.detach(this.idOf(name));
  }

  /** A server in the container that answers every TCP connection and UDP packet on the port with `text`. */
  serve(name: string, port: number, text: string): Promise<void> {
    return this.serveAt(this.netns(name), port, text);
  }

  /** As `serve`, in any namespace. */
  async serveAt(netns: string, port: number, text: string): Promise<void> {
    const script = `
      const [port, text] = [Number(process.argv[1]), process.argv[2]];
      const answering = (type) => {
        const udp = require('dgram').createSocket({ type, ...(type === 'udp6' ? { ipv6Only: true } : {}) });
        udp.on('message', (_, from) => udp.send(text, from.port, from.address));
        return udp;
      };
      answering('udp6').bind(port, '::', () => answering('udp4').bind(port, '0.0.0.0', () =>
        require('net').createServer((s) => s.end(text + ' ' + s.remoteAddress)).listen(port, '::', () => console.log('up'))));`;
    const child = inNetns(netns, () =>
      startProgram(process.execPath, ['-e', script, String(port), text], {
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
    this.#programs.push(child);
    await new Promise<void>((resolve, reject) => {
      child.stdout?.once('data', () => resolve());
      child.once('close', () => reject(new Error(`the server ${text} ended`)));
    });
  }

  /** What a connection from the container (or, without one, from the host) is answered; `ECONN…` or `timeout` else. */
  async ask(from: string | undefined, address: string, port: number): Promise<string> {
    const script = `
      const s = require('net').connect(Number(process.argv[2]), process.argv[1]);
      s.setTimeout(700, () => { console.log('timeout'); process.exit(); });
      s.on('error', (e) => { console.log(e.code); process.exit(); });
      s.on('data', (d) => console.log(String(d)));`;
    const work = () => run(process.execPath, ['-e', script, address, String(port)], { timeoutMs: 10_000 });
    const result = await (from === undefined ? work() : inNetns(this.netns(from), work));
    return result.stdout.toString().trim();
  }

  /** The answer to one UDP packet from the host. */
  async askUdp(address: string, port: number): Promise<string> {
    const script = `
      const s = require('dgram').createSocket(process.argv[1].includes(':') ? 'udp6' : 'udp4');
      s.on('message', (d) => { console.log(String(d)); process.exit(); });
      setTimeout(() => { console.log('timeout'); process.exit(); }, 700);
      s.send('?', Number(process.argv[2]), process.argv[1]);`;
    const result = await run(process.execPath, ['-e', script, address, String(port)], { timeoutMs: 10_000 });
    return result.stdout.toString().trim();
  }

  /** What a name is for a container that asks `server`; of `type` A, AAAA or PTR. */
  lookup(from: string, name: string, server: string, type = 'A'): Promise<string> {
    return this.lookupAt(this.netns(from), { name, server, type, tries: 3 });
  }

  /** As `lookup`, in any namespace; each of `tries` waits longer than the one before. */
  async lookupAt(
    netns: string,
    { name, server, type = 'A', tries }: { name: string; server: string; type?: string; tries: number },
  ): Promise<string> {
    const script = `
      const [, name, server, type, tries] = process.argv;
      const r = new (require('dns').promises.Resolver)({ timeout: 1000, tries: Number(tries) });
      r.setServers([server.includes(':') ? '[' + server + ']' : server]);
      const asked = type === 'PTR' ? r.reverse(name) : r.resolve(name, type);
      asked.then((a) => console.log(a.sort().join()), (e) => console.log(e.code));`;
    const args = ['-e', script, name, server, type, String(tries)];
    const result = await inNetns(netns, () => run(process.execPath, args, { timeoutMs: 20_000 }));
    return result.stdout.toString().trim();
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.map(endProgram));
    for (const id of this.#containers) await this.networks.detach(id);
    await this.networks.close({ removeAll: true });
    await this.#state[Symbol.asyncDispose]();
    rmSync(this.root, { recursive: true });
  }
}

async function endProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
}
