// Runs tests in a virtual machine with Debian's own kernel, which has what the kernel of a test machine may lack: every kind
// of link, SCTP, NFS, SMB, and cgroups of version 2 alone. `npm run test:vm -- PATTERN…` chooses the files.
// `npm run test:vm -- --run 'uname -a'` runs a line of the shell there instead. The machine sees this one's files
// through a layer that ends with it; it has no network but its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootMachine } from './boot.ts';
import { writeStarter } from './starter.ts';

/** What no test machine of ours has seen otherwise. */
const usual = ['networks-parents', 'networks-sctp', 'volumes-shares', 'containers-limits', 'runtime-task'];

const checkout = join(import.meta.dirname, '../..');
const asked = process.argv.slice(2);
const patterns = asked.length > 0 ? asked : usual;
const command =
  asked[0] === '--run'
    ? asked.slice(1).join(' ')
    : `sh scripts/with-node.sh scripts/test/main.ts ${patterns.join(' ')}`;
const folder = mkdtempSync(join(tmpdir(), 'wharf-vm-'));
try {
  const { kernel, starter } = writeStarter({
    folder,
    parts: join(checkout, '.cache/vm/root'),
    checkout,
    command,
  });
  process.exitCode = await bootMachine({ folder, checkout, kernel, starter });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
