// What a daemon is started with: defaults, the configuration file, and the command line over both.
import type { EngineOptions } from '#engine/engine-options.ts';
import { invalid } from '#shared/errors.ts';
import { parseDuration } from '#shared/notation/duration.ts';
import { parseBytes } from '#shared/notation/size.ts';
import { readConfigFile } from './config-file.ts';
import { decideNetwork, type NetworkFlags, type NetworkSettings } from './network-settings.ts';

type ProxyOptions = NonNullable<EngineOptions['proxies']>;

/** The command line's options; what is absent comes from the configuration file or is the default. */
export interface DaemonOptions extends NetworkFlags {
  /** What must outlive a reboot; default `/var/lib/wharf`. */
  root?: string;
  /** What must not; default `/run/wharf`. */
  run?: string;
  /** `unix://PATH` and `tcp://ADDRESS:PORT`; default `unix://<run>/wharf.sock`. */
  hosts?: readonly string[];
  registryMirrors?: readonly string[];
  insecureRegistries?: readonly string[];
  certsDirs?: readonly string[];
  proxies?: ProxyOptions;
  maxConcurrentDownloads?: number;
  maxConcurrentUploads?: number;
  /** `20GB`: room for the build cache, and for images without a container. */
  keepCache?: string;
  keepUnusedImages?: string;
  /** `168h`: how long removed things can come back; `0` for not at all. */
  trashKeep?: string;
  /** Must exist where it is given; default `/etc/wharf/daemon.json`, if there. */
  configFile?: string;
  debug?: boolean;
  pidfile?: string;
  /** Lets tcp:// listen beyond loopback: whoever reaches the port is root. */
  allowInsecureTcp?: boolean;
}

/** Everything decided. */
export interface DaemonSettings extends NetworkSettings {
  root: string;
  run: string;
  hosts: readonly string[];
  registryMirrors: readonly string[];
  insecureRegistries: readonly string[];
  certsDirs: readonly string[];
  proxies: ProxyOptions;
  maxConcurrentDownloads: number;
  maxConcurrentUploads: number;
  trashKeepMs: number | undefined;
  budget: NonNullable<EngineOptions['budget']>;
  logMaxSizeBytes: number | undefined;
  logMaxFiles: number | undefined;
  debug: boolean;
  pidfile: string | undefined;
  allowInsecureTcp: boolean;
}

/** Throws `invalid` naming the file and the key where the configuration file is wrong. */
export function decideSettings(options: DaemonOptions): DaemonSettings {
  const file = readConfigFile(options.configFile);
  const run = options.run ?? file.text('exec-root') ?? '/run/wharf';
  const maxSize = file.map('log-opts')['max-size'];
  const maxFiles = file.map('log-opts')['max-file'];
  const logDriver = file.text('log-driver') ?? 'json-file';
  if (logDriver !== 'json-file') {
    throw invalid(`"log-driver" ${logDriver} is not supported as the default`, {
      hint: 'Name it at the containers: wharf run --log-driver',
    });
  }
  return {
    root: options.root ?? file.text('data-root') ?? '/var/lib/wharf',
    run,
    hosts: listOr(options.hosts, listOr(file.texts('hosts'), [`unix://${run}/wharf.sock`])),
    registryMirrors: listOr(options.registryMirrors, file.texts('registry-mirrors')),
    insecureRegistries: listOr(options.insecureRegistries, file.texts('insecure-registries')),
    certsDirs: listOr(options.certsDirs, file.texts('certs-dirs')),
    proxies: proxiesFrom(options.proxies ?? {}, file.map('proxies')),
    maxConcurrentDownloads: options.maxConcurrentDownloads ?? file.count('max-concurrent-downloads') ?? 3,
    budget: {
      cacheBytes: bytesOf(options.keepCache ?? file.text('keep-cache')),
      unusedImageBytes: bytesOf(options.keepUnusedImages ?? file.text('keep-unused-images')),
    },
    trashKeepMs: keepMsOf(options.trashKeep ?? file.text('trash-keep')),
    maxConcurrentUploads: options.maxConcurrentUploads ?? file.count('max-concurrent-uploads') ?? 5,
    ...decideNetwork(options, file),
    logMaxSizeBytes: maxSize === undefined || maxSize === '-1' ? undefined : parseBytes(maxSize),
    logMaxFiles: maxFiles === undefined ? undefined : Number(maxFiles),
    debug: options.debug ?? file.flag('debug') ?? false,
    pidfile: options.pidfile ?? file.text('pidfile'),
    allowInsecureTcp: options.allowInsecureTcp ?? false,
  };
}

/** The command line's over the file's. */
function proxiesFrom(given: ProxyOptions, file: Record<string, string>): ProxyOptions {
  return {
    httpProxy: given.httpProxy ?? file['http-proxy'],
    httpsProxy: given.httpsProxy ?? file['https-proxy'],
    noProxy: given.noProxy ?? file['no-proxy'],
  };
}

const bytesOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : parseBytes(text);

function keepMsOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Math.max(0, parseDuration(text) / 1e6);
}

const listOr = (list: readonly string[] | undefined, otherwise: readonly string[]): readonly string[] =>
  list === undefined || list.length === 0 ? otherwise : list;
