// The engine about itself, for clients of older API versions.

type Info = Readonly<Record<string, unknown>>;

/** From which version on a field of `GET /info` is told. */
const since: Readonly<Record<string, number>> = { Containerd: 46, FirewallBackend: 49 };

export function infoOf(minor: number, info: Info): Info {
  const told = Object.entries(info).filter(([name]) => minor >= (since[name] ?? 0));
  return {
    ...Object.fromEntries(told),
    ...(minor < 42 ? { KernelMemory: info['KernelMemoryTCP'] === true } : {}),
    ...(minor < 47 ? { RegistryConfig: olderRegistries(info['RegistryConfig']) } : {}),
    ...(minor < 49 ? { RuncCommit: withExpected(info['RuncCommit']) } : {}),
    ...(minor < 50 ? { BridgeNfIptables: false, BridgeNfIp6tables: false } : {}),
  };
}

function withExpected(commit: unknown): object {
  const id = typeof commit === 'object' && commit !== null && 'ID' in commit ? commit.ID : '';
  return { ID: id, Expected: id };
}

function olderRegistries(config: unknown): object {
  const noLimits = {
    AllowNondistributableArtifactsCIDRs: null,
    AllowNondistributableArtifactsHostnames: null,
  };
  return { ...noLimits, ...(typeof config === 'object' ? config : {}) };
}
