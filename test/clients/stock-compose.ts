// The stock docker-compose, where there is one.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const peers = join(import.meta.dirname, '../../.cache/peers');

/** The program; undefined where neither the cache of peers nor the machine has one. */
export const stockCompose = [
  join(peers, 'usr/libexec/docker/cli-plugins/docker-compose'),
  join(peers, 'usr/bin/docker-compose'),
  '/usr/libexec/docker/cli-plugins/docker-compose',
  '/usr/bin/docker-compose',
].find((path) => existsSync(path));

/** Why what needs it is skipped; undefined where it can run. */
export const noStockCompose =
  stockCompose === undefined ? 'no docker-compose here: scripts/test/peers.sh fetches one' : undefined;
if (noStockCompose !== undefined) console.log(`skipped: ${noStockCompose}`);
