// The parts of a create request that have a notation of their own: CPU sets, capabilities, security options, ports,
// hosts, links. Told at create, as Docker does, and not when the container starts.
import { capabilityNames } from '#runtime/confine/capabilities.ts';
import { parseSecurityOptions } from '#runtime/security.ts';
import type { ContainerConfig, HostConfig } from '#shared/contract/container.ts';
import { EngineError, invalid } from '#shared/errors.ts';
import { parsePortKeys, parsePortRange } from '#shared/notation/port.ts';

/** Throws `invalid` with Docker's sentence for the first part that cannot be read. */
export function validateParts(config: ContainerConfig, host: HostConfig, cpus: number): void {
  validateCpuset('cpus', host.CpusetCpus, cpus);
  validateCpuset('mems', host.CpusetMems, undefined);
  validateCapabilities('CapAdd', host.CapAdd);
  validateCapabilities('CapDrop', host.CapDrop);
  for (const option of host.SecurityOpt ?? []) validateSecurityOption(option);
  for (const key of Object.keys(config.ExposedPorts ?? {})) validatePort(key, parsePortKeys);
  for (const [key, bindings] of Object.entries(host.PortBindings ?? {})) {
    validatePort(key, parsePortKeys);
    for (const { HostPort } of bindings ?? []) if (HostPort) validatePort(HostPort, parsePortRange);
  }
  for (const target of Object.keys(host.Tmpfs ?? {})) {
    if (!target.startsWith('/')) throw invalid(`invalid mount path: '${target}' mount path must be absolute`);
  }
  for (const entry of host.ExtraHosts ?? []) {
    if (!/^[^:=]+[:=].+$/.test(entry)) throw invalid(`bad format for add-host: "${entry}"`);
  }
}

/** `0-3,8`. Without a number of CPUs only the form is looked at. */
function validateCpuset(kind: 'cpus' | 'mems', text: string | undefined, cpus: number | undefined): void {
  if (!text) return;
  const highest = text.split(',').map((part) => {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (match === null) throw invalid(`Invalid value ${text} for cpuset ${kind}: invalid format: ${part}`);
    return Number(match[2] ?? match[1]);
  });
  if (cpus === undefined || Math.max(...highest) < cpus) return;
  throw invalid(`Requested CPUs are not available - requested ${text}, available: 0-${cpus - 1}`);
}

function validateCapabilities(
  field: 'CapAdd' | 'CapDrop',
  names: readonly string[] | null | undefined,
): void {
  for (const name of names ?? []) {
    const upper = name.toUpperCase();
    const whole = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
    if (upper === 'ALL' || capabilityNames.includes(whole)) continue;
    throw invalid(`invalid ${field}: unknown capability: "${whole}"`);
  }
}

const optionsWithoutValue = ['no-new-privileges', 'disable'];

function validateSecurityOption(option: string): void {
  if (!/[=:]/.test(option) && !optionsWithoutValue.includes(option)) {
    throw invalid(`invalid --security-opt 1: ${JSON.stringify(option)}`);
  }
  parseSecurityOptions([option]);
}

function validatePort(text: string, parse: (text: string) => unknown): void {
  try {
    parse(text);
  } catch (cause) {
    const hint = cause instanceof EngineError ? cause.hint : undefined;
    throw invalid(`invalid port specification: "${text.replace(/\/.*$/, '')}"`, {
      cause,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
