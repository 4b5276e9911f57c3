// What an engine is opened with.

export interface EngineOptions {
  /** Folder of what must outlive a reboot; made where it is not. One engine at a time. */
  root: string;
  /** Folder of what must not. */
  run: string;
  /** The default network's bridge device; default `wharf0`. Engines side by side need different ones. */
  bridge?: string;
  /** The bridge's address and subnet, `172.17.0.1/16`; default: one that is free. */
  bip?: string;
  /** Asked for docker.io's images before docker.io, in order. */
  registryMirrors?: readonly string[];
  /** `host:port` or address blocks spoken to over plain http. */
  insecureRegistries?: readonly string[];
  /** A container's log file is rotated past this; default 20 MB. */
  logMaxSizeBytes?: number;
  /** Log files kept per container; default 5. */
  logMaxFiles?: number;
  /** OCI runtime; default crun. */
  runtimePath?: string;
  conmonPath?: string;
  aardvarkPath?: string;
  /** Told of what goes wrong where nobody waits for an answer. Default: standard error. */
  warn?: (message: string) => void;
}
