// The entry of the command line when it runs from its sources.

// Before the rest is loaded, so that the rest comes compiled from the cache. `bin/wharf` names the folder: nobody
// else may write there, as compiled code is run as it lies.
process.getBuiltinModule('node:module').enableCompileCache(process.env['NODE_COMPILE_CACHE'] || undefined);
const { runProgram } = await import('#cli/program.ts');
await runProgram(process.argv.slice(2));
