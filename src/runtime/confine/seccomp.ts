// The seccomp profile of the distribution (containers-common's format) made into what an OCI runtime reads.
import { invalid } from '#shared/errors.ts';
import type { OciSeccomp, OciSeccompRule } from '../oci-spec.ts';

interface ProfileCondition {
  arches?: string[] | null;
  caps?: string[] | null;
  /** `4.8`: the rule is for this kernel and newer ones. */
  minKernel?: string | null;
}

interface ProfileRule {
  names?: string[] | null;
  name?: string | null;
  action: string;
  errnoRet?: number | null;
  args?: { index: number; value: number; valueTwo?: number; op: string }[] | null;
  includes?: ProfileCondition | null;
  excludes?: ProfileCondition | null;
}

/** Docker's and containers-common's profile file. */
export interface SeccompProfile {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[] | null;
  archMap?: { architecture: string; subArchitectures?: string[] | null }[] | null;
  flags?: string[];
  syscalls?: ProfileRule[] | null;
}

export interface SeccompTarget {
  /** As Node names it: `x64`, `arm64`. */
  architecture: string;
  /** `6.1.0-13-amd64`. */
  kernelVersion: string;
  /** The container's bounding set. */
  capabilities: readonly string[];
}

/** Node's names beside the profile's two: in conditions, and in archMap. */
const architectures: Record<string, { condition: string; name: string }> = {
  x64: { condition: 'amd64', name: 'SCMP_ARCH_X86_64' },
  arm64: { condition: 'arm64', name: 'SCMP_ARCH_AARCH64' },
  arm: { condition: 'arm', name: 'SCMP_ARCH_ARM' },
  ia32: { condition: 'x86', name: 'SCMP_ARCH_X86' },
  riscv64: { condition: 'riscv64', name: 'SCMP_ARCH_RISCV64' },
  s390x: { condition: 's390x', name: 'SCMP_ARCH_S390X' },
  ppc64: { condition: 'ppc64le', name: 'SCMP_ARCH_PPC64LE' },
  loong64: { condition: 'loong64', name: 'SCMP_ARCH_LOONGARCH64' },
};

function kernelAtLeast(running: string, wanted: string): boolean {
  const [major = 0, minor = 0] = running.split(/[.-]/).map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function applies(rule: ProfileRule, target: SeccompTarget): boolean {
  const arch = architectures[target.architecture]?.condition ?? target.architecture;
  const has = (name: string) => target.capabilities.includes(name);
  const { includes, excludes } = rule;
  if (excludes?.arches?.includes(arch) || excludes?.caps?.some(has)) return false;
  if (excludes?.minKernel && kernelAtLeast(target.kernelVersion, excludes.minKernel)) return false;
  if (includes?.arches?.length && !includes.arches.includes(arch)) return false;
  if (includes?.caps?.length && !includes.caps.every(has)) return false;
  return !includes?.minKernel || kernelAtLeast(target.kernelVersion, includes.minKernel);
}

function toRule(rule: ProfileRule): OciSeccompRule {
  const out: OciSeccompRule = { names: rule.names ?? (rule.name ? [rule.name] : []), action: rule.action };
  if (typeof rule.errnoRet === 'number') out.errnoRet = rule.errnoRet;
  if (rule.args?.length) out.args = rule.args;
  return out;
}

function architecturesOf(profile: SeccompProfile, target: SeccompTarget): string[] {
  const native = architectures[target.architecture]?.name;
  if (profile.architectures?.length || native === undefined) return profile.architectures ?? [];
  const entry = profile.archMap?.find((item) => item.architecture === native);
  return [native, ...(entry?.subArchitectures ?? [])];
}

/** The profile as it stands for one architecture, kernel and capability set (OCI config-linux.md, seccomp). */
export function resolveSeccomp(profile: SeccompProfile, target: SeccompTarget): OciSeccomp {
  const out: OciSeccomp = {
    defaultAction: profile.defaultAction,
    architectures: architecturesOf(profile, target),
    syscalls: (profile.syscalls ?? []).filter((rule) => applies(rule, target)).map(toRule),
  };
  if (profile.defaultErrnoRet !== undefined) out.defaultErrnoRet = profile.defaultErrnoRet;
  if (profile.flags !== undefined) out.flags = profile.flags;
  return out;
}

/** A profile from its JSON text; anything else is `invalid`. */
export function parseSeccompProfile(text: string): SeccompProfile {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'defaultAction' in value)
      return value as SeccompProfile;
  } catch (thrown) {
    throw invalid('opening seccomp profile failed: it is not JSON', { cause: thrown });
  }
  throw invalid('opening seccomp profile failed: it has no defaultAction');
}
