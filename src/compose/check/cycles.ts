// Finds a circle in what depends on what.

interface Dependent {
  depends_on?: Record<string, unknown>;
}

/** The services of one circle, the first again at the end; nothing where there is none. */
export function dependencyCycle(services: Readonly<Record<string, Dependent>>): string[] | undefined {
  const done = new Set<string>();
  for (const name of Object.keys(services).sort()) {
    const cycle = visit(services, name, { done, trail: [] });
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function visit(
  services: Readonly<Record<string, Dependent>>,
  name: string,
  { done, trail }: { done: Set<string>; trail: string[] },
): string[] | undefined {
  const start = trail.indexOf(name);
  if (start >= 0) return [...trail.slice(start), name];
  if (done.has(name)) return undefined;
  for (const next of Object.keys(services[name]?.depends_on ?? {}).sort()) {
    const cycle = visit(services, next, { done, trail: [...trail, name] });
    if (cycle !== undefined) return cycle;
  }
  done.add(name);
  return undefined;
}
