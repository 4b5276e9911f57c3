// An nft that is ended before it is done, as on a host that has no time for it: what is done then.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tableExists } from '#kernel/firewall.ts';
import { NetworksFixture } from './networks-fixture.ts';

test('an nft that does not get to its end is asked again, and containers are kept apart all the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wharf-nft-'));
  const path = process.env['PATH'];
  const script = `#!/bin/sh
[ -e ${folder}/asked ] || { : >${folder}/asked; kill -9 $$; }
PATH=$\{PATH#*:}
exec nft "$@"
`;
  writeFileSync(join(folder, 'nft'), script, { mode: 0o755 });
  process.env['PATH'] = `${folder}:${path}`;
  const slow = new NetworksFixture('10.214.70.1/24');
  try {
    await slow.networks.ready;
    await slow.attach('first');
    assert.equal(existsSync(join(folder, 'asked')), true);
    assert.deepEqual(slow.warned, []);
    assert.equal(await tableExists('bridge', slow.table), true);
  } finally {
    process.env['PATH'] = path;
    await slow.close();
    rmSync(folder, { recursive: true });
  }
});
