// The client: one engine's resources, typed, over one transport.
import { Builds } from '#client/builds.ts';
import { Containers } from '#client/containers.ts';
import { Execs } from '#client/execs.ts';
import { parseHost, type TlsKeys } from '#client/host.ts';
import { Images } from '#client/images.ts';
import { Networks } from '#client/networks.ts';
import { System } from '#client/system.ts';
import { openTransport, type Transport } from '#client/transport.ts';
import { Trash } from '#client/trash.ts';
import { Volumes } from '#client/volumes.ts';
import { Wire } from '#client/wire.ts';

export interface Client extends AsyncDisposable {
  /** Where the engine is, as a user would type it. */
  readonly address: string;
  readonly containers: Containers;
  readonly builds: Builds;
  readonly execs: Execs;
  readonly images: Images;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly trash: Trash;
  readonly system: System;
}

export interface ClientOptions {
  /** For `tcp://`. */
  tls?: TlsKeys;
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>>;
}

/** A client of the engine at `host`. Connects with the first request; any error is an EngineError. */
export function openClient(host: string, options: ClientOptions = {}): Client {
  return clientOver(openTransport(parseHost(host, options.tls)), options.headers);
}

/** A client over a transport, which it then owns. */
export function clientOver(transport: Transport, headers: Readonly<Record<string, string>> = {}): Client {
  const wire = new Wire(transport, headers);
  return {
    address: transport.address,
    containers: new Containers(wire),
    builds: new Builds(wire),
    execs: new Execs(wire),
    images: new Images(wire),
    networks: new Networks(wire),
    volumes: new Volumes(wire),
    trash: new Trash(wire),
    system: new System(wire),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
