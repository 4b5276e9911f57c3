// `use_api_socket`: a service gets the engine's socket and what this user is logged in with.
import type { Env } from '#cli/files/config-file.ts';
import { registryConfig } from '#cli/terminal/credentials.ts';
import type { Project, Service } from '#compose/model.ts';
import { unsupported } from '#shared/errors.ts';

const config = '#apisocket';
const folder = '/run/secrets/docker';

/** The project with what the attribute stands for. Throws `unsupported` where the engine has no socket on this machine. */
export function withApiSocket(project: Project, { address, env }: { address: string; env: Env }): Project {
  const socket = /^unix:\/\/(\/.*)$/.exec(address)?.[1];
  if (socket === undefined)
    throw unsupported(
      `use_api_socket can only be used with unix sockets: docker endpoint ${address} is incompatible`,
    );
  const services = Object.entries(project.services).map(([name, service]) => [
    name,
    service['use_api_socket'] === true ? withSocket(service, socket) : service,
  ]);
  const content = JSON.stringify({ auths: storedAuths(env) });
  return {
    ...project,
    services: Object.fromEntries(services),
    configs: { ...project.configs, [config]: { name: config, content } },
  };
}

function withSocket(service: Service, socket: string): Service {
  return {
    ...service,
    environment: { DOCKER_CONFIG: folder, ...service.environment },
    volumes: [
      ...(service.volumes ?? []),
      { type: 'bind', source: socket, target: '/var/run/docker.sock', bind: { create_host_path: true } },
    ],
    configs: [...(service.configs ?? []), { source: config, target: `${folder}/config.json` }],
  };
}

interface Stored {
  username?: string;
  password?: string;
  identitytoken?: string;
}

/** In the form of Docker's own file, whichever helper keeps them here. */
function storedAuths(env: Env): Record<string, { auth: string; identitytoken?: string }> {
  const encoded = registryConfig(env);
  if (encoded === undefined) return {};
  const stored: Record<string, Stored> = JSON.parse(Buffer.from(encoded, 'base64url').toString());
  const auths = Object.entries(stored).map(([key, { username = '', password = '', identitytoken }]) => [
    key,
    {
      auth: Buffer.from(`${username}:${password}`).toString('base64'),
      ...(identitytoken === undefined ? {} : { identitytoken }),
    },
  ]);
  return Object.fromEntries(auths);
}
