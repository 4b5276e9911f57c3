// An engine in this process, without a daemon: the API's client talks to it over a pair of streams.

import { openEngineApi } from '#api/server.ts';
import type { Transport } from '#client/transport.ts';
import { joinInProcess } from '#daemon/in-process.ts';
import { programVersion } from '#daemon/version.ts';
import { type EngineOptions, openEngine } from '#engine/open.ts';

/** An engine and the way to it. Its disposal closes the engine; containers run on. */
export interface EmbeddedEngine extends AsyncDisposable {
  readonly transport: Transport;
}

/** Opens the engine of these folders here. Throws `conflict` where a daemon or another process has them. */
export async function openEmbedded(options: EngineOptions): Promise<EmbeddedEngine> {
  await using opening = new AsyncDisposableStack();
  const engine = opening.use(await openEngine(options));
  const api = opening.use(await openEngineApi(engine, { version: programVersion() }));
  const transport = joinInProcess(api.createServer());
  const opened = opening.move();
  return { transport, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
