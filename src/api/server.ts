// The HTTP face of an engine: every route, Docker's headers, versions in paths, and upgraded connections.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { upgradeRoutes } from '#api/attach.ts';
import { openApi } from '#api/fastify.ts';
import { type RouteFact, recordRoutes } from '#api/openapi/routes.ts';
import { absentRoutes } from '#api/routes/absent.ts';
import { buildRoutes } from '#api/routes/build.ts';
import { buildContextRoutes } from '#api/routes/build-contexts.ts';
import { buildHistoryRoutes } from '#api/routes/build-history.ts';
import { checkRoutes } from '#api/routes/checks.ts';
import { containerFileRoutes } from '#api/routes/container-files.ts';
import { containerStreamRoutes } from '#api/routes/container-streams.ts';
import { containerRoutes } from '#api/routes/containers.ts';
import { docsRoutes } from '#api/routes/docs.ts';
import { execRoutes } from '#api/routes/exec.ts';
import { imageContentRoutes } from '#api/routes/image-contents.ts';
import { imageStreamRoutes } from '#api/routes/image-streams.ts';
import { imageRoutes } from '#api/routes/images.ts';
import { networkRoutes } from '#api/routes/networks.ts';
import { readinessRoutes } from '#api/routes/readiness.ts';
import { systemRoutes } from '#api/routes/system.ts';
import { trashRoutes } from '#api/routes/trash.ts';
import { volumeRoutes } from '#api/routes/volumes.ts';
import { openUpgrades } from '#api/upgrade.ts';
import { rememberVersion } from '#api/versions/asked-version.ts';
import { errorAnswer } from '#api/wire/error-answer.ts';
import { apiVersion, escapeImageName, stripVersion } from '#api/wire/version.ts';
import type { Engine } from '#engine/open.ts';

export interface ApiOptions {
  /** Of the program, for the Server header. */
  version: string;
  /** Told of every failure that is not the client's. */
  onFailure?: (thrown: unknown) => void;
}

export interface EngineApi extends AsyncDisposable {
  /** A server that is not listening yet; the caller owns it. Any number may serve one engine. */
  createServer(): Server;
  /** Every route that is registered. */
  readonly routes: readonly RouteFact[];
  /** How many requests have come so far, over all servers. */
  requests(): number;
}

const headersTimeoutMs = 60_000;

/** The API of `engine`, which stays the caller's. */
export async function openEngineApi(engine: Engine, options: ApiOptions): Promise<EngineApi> {
  const api = openApi(options.onFailure ?? (() => undefined));
  const routes = recordRoutes(api);
  containerRoutes(api, engine);
  containerStreamRoutes(api, engine);
  containerFileRoutes(api, engine);
  readinessRoutes(api, engine);
  execRoutes(api, engine);
  imageRoutes(api, engine);
  imageContentRoutes(api, engine);
  imageStreamRoutes(api, engine);
  buildRoutes(api, engine);
  buildContextRoutes(api, engine);
  buildHistoryRoutes(api, engine);
  networkRoutes(api, engine);
  checkRoutes(api, engine);
  volumeRoutes(api, engine);
  trashRoutes(api, engine);
  systemRoutes(api, engine);
  absentRoutes(api);
  docsRoutes(api, routes);
  await api.ready();
  const headers = commonHeaders(options.version);
  const headerList = Object.entries(headers);
  const upgrades = openUpgrades(upgradeRoutes(engine), headers);
  let requests = 0;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    requests++;
    for (const [name, value] of headerList) response.setHeader(name, value);
    rememberVersion(request);
    try {
      request.url = escapeImageName(request.method ?? 'GET', stripVersion(request.url ?? '/'));
    } catch (thrown) {
      refuse(response, thrown);
      return;
    }
    api.routing(request, response);
  };
  return {
    createServer: () => {
      const server = createServer({ shouldUpgradeCallback: upgrades.wants, ...timeouts }, handle);
      server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        requests++;
        void upgrades.serve(request, socket, head);
      });
      return server;
    },
    routes,
    requests: () => requests,
    [Symbol.asyncDispose]: () => api.close(),
  };
}

/** Bodies and answers may take hours (a build); only the head of a request must come soon. */
const timeouts = {
  requestTimeout: 0,
  headersTimeout: headersTimeoutMs,
  keepAliveTimeout: 0,
  noDelay: true,
  // A client by TCP whose machine is gone, while the program that it is joined to is silent.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
};

function commonHeaders(version: string): Record<string, string> {
  return {
    'Api-Version': apiVersion,
    Ostype: 'linux',
    'Docker-Experimental': 'false',
    Server: `Wharf/${version} (linux)`,
  };
}

function refuse(response: ServerResponse, thrown: unknown): void {
  const { status, body } = errorAnswer(thrown);
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}
