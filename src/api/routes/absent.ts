// What Docker has and a single host without plugins and BuildKit does not: swarm and its things, plugins, sessions.

import type { Api } from '#api/fastify.ts';
import { anything, object, segment, text } from '#api/wire/schema.ts';
import { invalid, notFound, unavailable, unsupported } from '#shared/errors.ts';

const noManager =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm ' +
  'and try again.';

const swarmPaths = ['/nodes', '/services', '/tasks', '/secrets', '/configs'];

export function absentRoutes(api: Api): void {
  swarmRoutes(api);
  pluginRoutes(api);
  buildKitRoutes(api);
}

/** As an engine answers that is in no swarm. */
function swarmRoutes(api: Api): void {
  const schema = { summary: 'Swarm is not part of this engine', tags: ['Swarm'], querystring: object({}) };
  const refuse = async (): Promise<never> => {
    throw unavailable(noManager);
  };
  for (const path of swarmPaths) {
    api.route({ method: methods, url: path, schema, handler: refuse });
    api.route({ method: methods, url: `${path}/*`, schema, handler: refuse });
  }
  api.get('/swarm', { schema }, refuse);
  api.get('/swarm/unlockkey', { schema }, refuse);
  const unsupportedSwarm = async (): Promise<never> => {
    throw unsupported('swarm mode is not supported by this engine');
  };
  for (const verb of ['init', 'join', 'update', 'unlock']) {
    api.post(`/swarm/${verb}`, { schema }, unsupportedSwarm);
  }
  api.post('/swarm/leave', { schema }, async () => {
    throw unavailable('This node is not part of a swarm');
  });
  const clusterVolume = {
    summary: 'Update a cluster volume: there are none',
    tags: ['Volumes'],
    params: segment('name'),
    querystring: object({ version: text }),
    body: object({ Spec: anything }),
  };
  api.put('/volumes/:name', { schema: clusterVolume }, async () => {
    throw unavailable('volume update only valid for cluster volumes, but swarm is unavailable');
  });
}

const methods = ['GET', 'POST', 'PUT', 'DELETE'];

function pluginRoutes(api: Api): void {
  const tags = ['Plugins'];
  const list = { summary: 'List plugins: there are none', tags, querystring: object({ filters: text }) };
  api.get('/plugins', { schema: list }, async () => []);
  const schema = { summary: 'Plugins are not part of this engine', tags, querystring: object({}) };
  const refuse = async (): Promise<never> => {
    throw unsupported('plugins are not supported by this engine');
  };
  api.get('/plugins/privileges', { schema }, refuse);
  for (const verb of ['pull', 'create']) api.post(`/plugins/${verb}`, { schema }, refuse);
  const named = { ...schema, params: segment('*') };
  api.route({
    method: methods,
    url: '/plugins/*',
    schema: named,
    handler: async ({ params }) => {
      const name = (params as { '*': string })['*'].replace(pluginVerb, '');
      throw name === '' ? invalid('plugin name is required') : notFound(`plugin "${name}" not found`);
    },
  });
}

const pluginVerb = /\/(json|enable|disable|upgrade|push|set)$/;

/** Clients that find no builder 2 in `_ping` do not ask for these; those that do are told how to build. */
function buildKitRoutes(api: Api): void {
  const schema = { summary: 'The BuildKit protocol is not spoken', tags: ['Build'], querystring: object({}) };
  const refuse = async (): Promise<never> => {
    throw unsupported('the BuildKit protocol is not spoken here', { hint: 'set DOCKER_BUILDKIT=0' });
  };
  api.post('/session', { schema }, refuse);
  api.post('/grpc', { schema }, refuse);
}
