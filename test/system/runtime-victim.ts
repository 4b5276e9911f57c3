// An engine that is to be killed: it has an exec wait in the container `host` of the run folder that it is given.
import { openRuntime } from '#runtime/task.ts';

const runtime = openRuntime({ runDir: process.argv[2] ?? '' });
runtime.execsAhead.expect('host', false);
setInterval(() => runtime, 60_000);
