// What programs that provide services tell becomes variables of the services that depend on those.
import type { Project, Service } from '#compose/model.ts';

/** By service: variables, as its program told them. */
export type Provided = Map<string, Record<string, string>>;

/** The project in which services that depend on a provided one have its variables: `URL` of `db` as `DB_URL`. */
export function withProvided(project: Project, provided: Provided): Project {
  if (provided.size === 0) return project;
  const services = Object.entries(project.services).map(([name, service]) => [
    name,
    withVariables(service, provided),
  ]);
  return { ...project, services: Object.fromEntries(services) };
}

function withVariables(service: Service, provided: Provided): Service {
  const given = Object.keys(service.depends_on ?? {}).flatMap((needed) => {
    const prefix = needed.toUpperCase().replace(/[^A-Z0-9]/g, '_');
    return Object.entries(provided.get(needed) ?? {}).map(([key, value]) => [`${prefix}_${key}`, value]);
  });
  if (given.length === 0) return service;
  return { ...service, environment: { ...service.environment, ...Object.fromEntries(given) } };
}
