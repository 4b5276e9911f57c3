// The command line that tests drive: the checkout's own, or the one that the environment names (a release's).
import { join } from 'node:path';

export const wharfProgram = process.env['WHARF_TEST_PROGRAM'] ?? join(import.meta.dirname, '../bin/wharf');
