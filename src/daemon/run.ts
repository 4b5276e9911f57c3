// The daemon: an engine behind sockets, until a signal ends it. Containers run on.
import { rmSync, writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { enterMounts } from '#daemon/enter.ts';
import { assertSafe, formatHost, parseHost } from '#daemon/host.ts';
import { trimWhenIdle, useCodeCache } from '#daemon/memory.ts';
import { type DaemonOptions, type DaemonSettings, decideSettings } from '#daemon/options.ts';
import { type Listener, listenOn } from '#daemon/sockets.ts';
import { programVersion } from '#daemon/version.ts';
import { codeOf, forbidden } from '#shared/errors.ts';

export type { DaemonOptions } from '#daemon/options.ts';

/**
 * Runs an engine and serves it until SIGTERM or SIGINT; then resolves, with everything closed and containers
 * running on. Throws `invalid` for wrong options, `forbidden` without root, `conflict` where another daemon has the
 * socket or the folders.
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const settings = decideSettings(options);
  const hosts = settings.hosts.map(parseHost);
  for (const host of hosts) assertSafe(host, settings.allowInsecureTcp);
  if (process.geteuid?.() !== 0) {
    throw forbidden('wharf daemon must run as root', { hint: 'start it with sudo, or as a system service' });
  }
  useCodeCache();
  enterMounts(settings.run);
  nameProcess();
  guardProcess();
  const stopped = stopSignal();
  // Loaded only now: what is before may replace this process.
  const { openEngine } = await import('#engine/open.ts');
  const { openEngineApi } = await import('#api/server.ts');
  await using engine = await openEngine(engineOptions(settings));
  const onFailure = (thrown: unknown): void => tell(describe(thrown, settings.debug));
  await using api = await openEngineApi(engine, { version: programVersion(), onFailure });
  await using listeners = new AsyncDisposableStack();
  for (const host of hosts) {
    const listener: Listener = listeners.use(await listenOn(api.createServer(), host));
    tell(`listening on ${formatHost(listener.host)}`);
  }
  using _trimming = trimWhenIdle(() => api.requests());
  using _pidfile = writePidfile(settings.pidfile);
  flushCompileCache();
  tell(`stopping: ${await stopped}`);
}

/** What `ps` and other engines call this process, such as when they tell who has a port. */
function nameProcess(): void {
  writeFileSync('/proc/self/comm', 'wharf daemon');
}

function engineOptions(settings: DaemonSettings) {
  const { root, run, registryMirrors, insecureRegistries, bridge, bip, logMaxSizeBytes, logMaxFiles } =
    settings;
  const { certsDirs, proxies, maxConcurrentDownloads, maxConcurrentUploads, trashKeepMs, budget } = settings;
  return {
    root,
    run,
    registryMirrors: [...registryMirrors],
    insecureRegistries: [...insecureRegistries],
    ...(certsDirs.length === 0 ? {} : { certsDirs }),
    proxies,
    maxConcurrentDownloads,
    maxConcurrentUploads,
    budget,
    ...(trashKeepMs === undefined ? {} : { trashKeepMs }),
    ...(bridge === undefined ? {} : { bridge }),
    ...(bip === undefined ? {} : { bip }),
    ...(settings.publishAddress === undefined ? {} : { publishAddress: settings.publishAddress }),
    ...(settings.addressPools === undefined ? {} : { addressPools: settings.addressPools }),
    networkDefaults: settings.networkDefaults,
    ...(logMaxSizeBytes === undefined ? {} : { logMaxSizeBytes }),
    ...(logMaxFiles === undefined ? {} : { logMaxFiles }),
    warn: tell,
  };
}

function tell(message: string): void {
  process.stderr.write(`wharf daemon: ${message}\n`);
}

function describe(thrown: unknown, debug: boolean): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return debug ? (thrown.stack ?? thrown.message) : thrown.message;
}

function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve('SIGTERM'));
    process.once('SIGINT', () => resolve('SIGINT'));
    process.on('SIGHUP', () => undefined);
  });
}

/**
 * A failure that nobody caught ends the daemon, since its state is safe on disk and in an unknown shape here; but a
 * broken connection is not that, and a rejected promise is work that nobody waited for.
 */
function guardProcess(): void {
  const connectionCodes = new Set([
    'EPIPE',
    'ECONNRESET',
    'ERR_STREAM_DESTROYED',
    'ERR_STREAM_WRITE_AFTER_END',
  ]);
  process.on('unhandledRejection', (thrown) =>
    tell(`a failure nobody waited for: ${describe(thrown, true)}`),
  );
  process.on('uncaughtException', (thrown) => {
    tell(`a failure nobody caught: ${describe(thrown, true)}`);
    if (!connectionCodes.has(codeOf(thrown) ?? '')) process.exit(70);
  });
}

function writePidfile(path: string | undefined): Disposable {
  if (path !== undefined) writeFileSync(path, `${process.pid}\n`);
  return { [Symbol.dispose]: () => path !== undefined && rmSync(path, { force: true }) };
}
