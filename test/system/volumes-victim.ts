// A volumes room in a process of its own, to be killed: fills a volume from a folder.
import { join } from 'node:path';
import { EventLog } from '#engine/events.ts';
import { openVolumes } from '#engine/volumes/volumes.ts';
import { openLeases } from '#storage/state/leases.ts';
import { openState } from '#storage/state/state.ts';

const [root = '', name = '', source = ''] = process.argv.slice(2);
const state = openState(join(root, 'state.db'));
const volumes = openVolumes({
  dir: join(root, 'volumes'),
  state,
  leases: openLeases(state),
  events: new EventLog(),
});
await volumes.create({ Name: name });
console.log('filling');
await volumes.copyUp(name, source);
console.log('filled');
