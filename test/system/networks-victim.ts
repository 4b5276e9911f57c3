// A program that joins a running container to networks and takes it off again until it is killed.
// Arguments: root folder, bridge, subnet of the bridge, container id.
import { join } from 'node:path';
import { EventLog } from '#engine/events.ts';
import { openNetworks } from '#engine/networks/networks.ts';
import { openLeases } from '#storage/state/leases.ts';
import { openState } from '#storage/state/state.ts';

const [root = '', name = '', subnet = '', id = ''] = process.argv.slice(2);
const state = openState(join(root, 'state.db'));
const networks = openNetworks({
  state,
  leases: openLeases(state),
  events: new EventLog(),
  runDir: join(root, 'run'),
  bridge: { name, subnet },
  tableName: name,
});
await networks.recover([{ containerId: id, netnsPath: join(root, 'netns', 'victim') }]);
console.log('begun');
for (;;)
  for (const network of ['f1', 'f2']) {
    const isOn = network in networks.settingsOf(id);
    await (isOn ? networks.disconnect(network, id) : networks.connect(network, id));
    await new Promise((resolve) => setImmediate(resolve));
  }
