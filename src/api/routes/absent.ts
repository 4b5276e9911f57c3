// What Docker has and a single host without plugins does not: swarm, its services, plugins.
import { unavailable } from '#shared/errors.ts';
import type { Api } from '#api/fastify.ts';
import { object } from '#api/wire/schema.ts';

const noSwarm =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm ' +
  'and try again.';

const swarmPaths = ['/swarm', '/nodes', '/services', '/tasks', '/secrets', '/configs'];

export function absentRoutes(api: Api): void {
  const swarm = { summary: 'Swarm is not part of this engine', tags: ['Swarm'], querystring: object({}) };
  const refuse = async (): Promise<never> => {
    throw unavailable(noSwarm);
  };
  for (const path of swarmPaths) {
    api.all(path, { schema: swarm }, refuse);
    api.all(`${path}/*`, { schema: swarm }, refuse);
  }
  const plugins = { summary: 'List plugins: there are none', tags: ['Plugins'], querystring: object({}) };
  api.get('/plugins', { schema: plugins }, async () => []);
}
