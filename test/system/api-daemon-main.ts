// A daemon as a program of its own, for the tests of the API: its options come as JSON.
import { runDaemon } from '#daemon/run.ts';

await runDaemon(JSON.parse(process.argv[2] ?? '{}'));
