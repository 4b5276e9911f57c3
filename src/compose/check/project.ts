// What a schema cannot see: names that lead nowhere, attributes that exclude each other, cycles, clashing ports.
import { clashingPorts } from '#compose/check/clashes.ts';
import { dependencyCycle } from '#compose/check/cycles.ts';
import { checkExclusions } from '#compose/check/exclusions.ts';
import { nearestWord } from '#compose/check/nearest.ts';
import { inOrder, type Path, type Problem, problems } from '#compose/load/place.ts';
import type { Project, Service } from '#compose/model.ts';

/** Throws `invalid` with all that does not fit together in the project, a line each with its place. */
export function checkProject(project: Project): void {
  const found: Problem[] = [];
  for (const [name, service] of Object.entries(project.services)) {
    found.push(...checkReferences(project, name, service), ...checkExclusions(project, name, service));
  }
  found.push(...checkFiles(project));
  const cycle = dependencyCycle(project.services);
  if (cycle !== undefined) {
    const [first = '', second = ''] = cycle;
    found.push({
      at: project.placeOf(['services', first, 'depends_on', second]),
      message: `dependency cycle detected: ${cycle.join(' -> ')}`,
    });
  }
  found.push(...clashingPorts(project));
  if (found.length > 0) throw problems(inOrder(found));
}

function checkReferences(project: Project, name: string, service: Service): Problem[] {
  const refer = (kind: string, used: readonly string[], known: object, path: Path): Problem[] =>
    used
      .filter((one) => !Object.hasOwn(known, one))
      .map((one) => ({
        at: project.placeOf([...path, one]),
        message: `service "${name}" refers to undefined ${kind} ${one}${meant(one, Object.keys(known))}`,
        hint: `define it under "${kind}s:" at the top level`,
      }));
  const at: Path = ['services', name];
  const volumes = (service.volumes ?? []).flatMap((volume) =>
    volume.type === 'volume' && volume.source !== undefined ? [volume.source] : [],
  );
  const grants = (list: { source: string }[] | undefined) => (list ?? []).map((grant) => grant.source);
  return [
    ...refer('network', Object.keys(service.networks ?? {}), project.networks, [...at, 'networks']),
    ...refer('volume', volumes, project.volumes, [...at, 'volumes']),
    ...refer('secret', grants(service.secrets), project.secrets, [...at, 'secrets']),
    ...refer('secret', grants(service.build?.secrets), project.secrets, [...at, 'build', 'secrets']),
    ...refer('config', grants(service.configs), project.configs, [...at, 'configs']),
    ...checkDependencies(project, name, service),
  ];
}

function meant(typed: string, words: readonly string[]): string {
  const near = nearestWord(typed, words);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

function checkDependencies(project: Project, name: string, service: Service): Problem[] {
  return Object.entries(service.depends_on ?? {}).flatMap(([other, { required }]): Problem[] => {
    const at = project.placeOf(['services', name, 'depends_on', other]);
    if (other in project.services || !required) return [];
    const disabled = project.disabled[other];
    if (disabled === undefined) {
      const known = Object.keys(project.services);
      return [
        { at, message: `service "${name}" depends on undefined service "${other}"${meant(other, known)}` },
      ];
    }
    const profiles = (disabled.profiles ?? []).join(', ');
    return [
      {
        at,
        message: `service "${other}" is required by "${name}" but is disabled. Can be enabled by profiles [${profiles}]`,
      },
    ];
  });
}

function checkFiles(project: Project): Problem[] {
  return (['secrets', 'configs'] as const).flatMap((section) =>
    Object.entries(project[section]).flatMap(([name, thing]): Problem[] => {
      if (thing.external) return [];
      const sources = [thing.file, thing.environment, thing.content].filter((source) => source !== undefined);
      const kinds = section === 'secrets' ? 'file or environment' : 'file, content or environment';
      const at = project.placeOf([section, name]);
      if (sources.length === 0) return [{ at, message: `${section}.${name}: one of ${kinds} must be set` }];
      return sources.length > 1
        ? [{ at, message: `${section}.${name}: ${kinds} are mutually exclusive` }]
        : [];
    }),
  );
}
