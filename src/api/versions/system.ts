// The engine about itself, for clients of older API versions.

type Info = Readonly<Record<string, unknown>>;

/** From which version on a field of `GET /info` is told. */
const since: Readonly<Record<string, number>> = { Containerd: 46, FirewallBackend: 49 };

export function infoOf(minor: number, info: Info): Info {
  const told = Object.entries(info).filter(([name]) => minor >= (since[name] ?? 0));
  return {
    ...Object.fromEntries(told),
    ...(minor < 42 ? { KernelMemory: false } : {}),
    ...(minor < 47 ? { RegistryConfig: olderRegistries(info['RegistryConfig']) } : {}),
    ...(minor < 50 ? { BridgeNfIptables: false, BridgeNfIp6tables: false } : {}),
  };
}

function olderRegistries(config: unknown): object {
  const noLimits = {
    AllowNondistributableArtifactsCIDRs: null,
    AllowNondistributableArtifactsHostnames: null,
  };
  return { ...noLimits, ...(typeof config === 'object' ? config : {}) };
}
