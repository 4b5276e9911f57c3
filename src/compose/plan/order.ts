// The order of services: what others need comes first.
import type { Project } from '#compose/model.ts';

/** The services and all they need, unless `alone`, each after what it depends on. The project has no cycles. */
export function inStartOrder(project: Project, names: readonly string[], alone = false): string[] {
  const ordered = new Set<string>();
  const visit = (name: string): void => {
    const service = project.services[name];
    if (service === undefined || ordered.has(name)) return;
    for (const needed of Object.keys(service.depends_on ?? {}).sort()) {
      if (!alone || names.includes(needed)) visit(needed);
    }
    ordered.add(name);
  };
  for (const name of [...names].sort()) visit(name);
  return [...ordered];
}

/** Those that depend on the service, directly or not. */
export function dependentsOf(project: Project, name: string): string[] {
  const found = new Set<string>();
  const visit = (needed: string): void => {
    for (const [other, service] of Object.entries(project.services)) {
      if (found.has(other) || service.depends_on?.[needed] === undefined) continue;
      found.add(other);
      visit(other);
    }
  };
  visit(name);
  return [...found].sort();
}
