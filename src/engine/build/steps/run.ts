// RUN: a command in a box on the stage's files, with the security of any container.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeBundle } from '#runtime/bundle.ts';
import type { OciMount } from '#runtime/oci-spec.ts';
import { runOnce } from '#runtime/once.ts';
import { buildSpec } from '#runtime/spec.ts';
import { resolveUser } from '#runtime/users.ts';
import { forbidden } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { envName, mergeEnv } from '#shared/notation/env.ts';
import { shellOf } from '../apply-plain.ts';
import { type DeviceFlag, parseDeviceFlag } from '../devices/device-flag.ts';
import { type GrantedDevices, grantDevices } from '../devices/grant.ts';
import { SyntaxProblem } from '../dockerfile/errors.ts';
import { flagValue } from '../dockerfile/flags.ts';
import { heredocMark } from '../dockerfile/heredoc.ts';
import type { RunInstruction } from '../dockerfile/instruction.ts';
import type { MountFlag } from '../dockerfile/mount-flag.ts';
import { didYouMean } from '../dockerfile/nearest.ts';
import { assertRunnable } from '../emulation.ts';
import { defaultPath, type StepLayer } from '../image-state.ts';
import { keyOfMounts, type MadeMounts, makeMounts, mountsOf } from '../mounts/mounts.ts';
import { CommandFailed } from '../request.ts';
import { lookAt } from '../tree/in-root.ts';
import { TreeWriter } from '../tree/tree-writer.ts';
import { shorten } from '../why/cause.ts';
import { clampTimes } from './clamp-times.ts';
import { makeLayer } from './layer.ts';
import { dropMountPoints, makeMountPoints } from './mount-points.ts';
import { outputLines } from './output.ts';
import { dropPlaces, missingPlaces } from './places.ts';
import type { PreparedStep, StageContext } from './step.ts';
import { takeTurn } from './turns.ts';

interface RunPlan {
  argv: string[];
  env: string[];
  network: string;
  mounts: MountFlag[];
  devices: DeviceFlag[];
  insecure: boolean;
  /** A here-document that is a program of its own (`#!`): written to a file that the box sees. */
  script?: { path: string; text: string };
  /** The command as the history tells it. */
  told: string[];
}

const networks = ['default', 'none', 'host'];

/** Refuses what a step may not do unless the builder was allowed it. */
function assertAllowed(stage: StageContext, step: RunInstruction): void {
  const { request } = stage.session;
  const allowed = request.allow ?? [];
  const network = flagValue(step.flags, 'network');
  if (network !== undefined && !networks.includes(network)) {
    throw new SyntaxProblem(
      `unsupported network mode ${JSON.stringify(network)}${didYouMean(network, networks)}`,
      {
        expected: networks.join(', '),
      },
    );
  }
  if (network === 'host' && request.networkMode !== 'host' && !allowed.includes('network.host')) {
    throw forbidden('RUN --network=host is not allowed', { hint: 'Build with --allow network.host.' });
  }
  const security = flagValue(step.flags, 'security');
  if (security !== undefined && security !== 'sandbox' && security !== 'insecure') {
    throw new SyntaxProblem(`security ${JSON.stringify(security)} is not supported`, {
      expected: 'sandbox, insecure',
    });
  }
  if (security === 'insecure' && !allowed.includes('security.insecure')) {
    throw forbidden('RUN --security=insecure is not allowed', {
      hint: 'Build with --allow security.insecure.',
    });
  }
}

function commandOf(stage: StageContext, step: RunInstruction): Pick<RunPlan, 'argv' | 'script' | 'told'> {
  if (step.command.form === 'exec') return { argv: step.command.argv, told: step.command.argv };
  const { text } = step.command;
  const [first] = step.heredocs;
  const shell = shellOf(stage.state);
  if (first !== undefined && heredocMark(text) !== undefined) {
    const path = `/dev/pipes/${first.name}`;
    // No shell is needed to run it.
    if (first.content.startsWith('#!'))
      return { argv: [path], script: { path, text: first.content }, told: [...shell, path] };
    const argv = [...shell, first.content];
    return { argv, told: argv };
  }
  const bodies = step.heredocs.map(({ name, written }) => `\n${written}${name}`).join('');
  const argv = [...shell, `${text}${bodies}`];
  return { argv, told: argv };
}

/** The declared ARGs that have a value and that no ENV of the same name hides. */
function visibleArgs(stage: StageContext): Record<string, string> {
  const hidden = new Set((stage.state.config.Env ?? []).map(envName));
  const entries = [...stage.state.args].flatMap(([name, value]): [string, string][] =>
    value === undefined || hidden.has(name) ? [] : [[name, value]],
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const counted = (list: readonly string[]): string =>
  list.length === 0 ? '' : `|${list.length} ${list.join(' ')} `;

/** As the history tells them: every declared ARG in its order, with the value that the step sees. */
function toldArgs({ state, scope }: StageContext): string[] {
  return [...state.args.keys()].map((name) => `${name}=${scope.lookup(name) ?? ''}`);
}

/** Nothing has run yet. */
export async function prepareRun(stage: StageContext, step: RunInstruction): Promise<PreparedStep> {
  assertAllowed(stage, step);
  const mounts = mountsOf(stage, step);
  const files = await keyOfMounts(stage, mounts);
  const insecure = flagValue(step.flags, 'security') === 'insecure';
  const { session, state, epoch } = stage;
  const args = visibleArgs(stage);
  const command = commandOf(stage, step);
  const list = Object.entries(args).map((pair) => pair.join('='));
  const keyText = `RUN ${counted(list)}${command.argv.join(' ')} # buildkit`;
  const own = mergeEnv([defaultPath], state.config.Env ?? []);
  const env = mergeEnv(mergeEnv(session.buildArgs.proxies(), list), own);
  const network = flagValue(step.flags, 'network') ?? session.request.networkMode ?? 'default';
  const devices = devicesOf(step);
  const plan = { ...command, env, network, mounts, devices, insecure };
  return {
    createdBy: `RUN ${counted(toldArgs(stage))}${command.told.join(' ')} # buildkit`,
    keyText,
    inputs: {
      args,
      more: {
        argv: JSON.stringify(command.argv),
        ...(command.script === undefined ? {} : { script: command.script.text }),
        ...(mounts.length === 0 ? {} : { mounts: JSON.stringify(mounts) }),
        ...(devices.length === 0 ? {} : { devices: JSON.stringify(devices) }),
        ...(insecure ? { security: 'insecure' } : {}),
      },
      ...(Object.keys(files).length === 0 ? {} : { files }),
      ...(epoch === undefined ? {} : { epoch }),
    },
    make: async () => {
      assertRunnable(stage.state.platform, `${stage.file}:${step.line}: ${shorten(step.text)}`);
      return await runInLayer(stage, plan);
    },
  };
}

const devicesOf = ({ flags }: RunInstruction): DeviceFlag[] =>
  flags.filter(({ name }) => name === 'device').map(({ value }) => parseDeviceFlag(value));

async function runInLayer(stage: StageContext, plan: RunPlan): Promise<StepLayer> {
  using made = await makeMounts(stage, plan.mounts);
  let places: string[] = [];
  let points: ReturnType<typeof makeMountPoints> = [];
  const started = await takeTurn(stage.session);
  try {
    return await makeLayer(stage.session, {
      on: stage.state.chainId,
      withStubs: true,
      write: async (root) => {
        places = missingPlaces(root);
        ensureWorkdir(stage, root);
        const granted = devicesFor(stage, plan);
        points = makeMountPoints(root, [...made.mounts, ...granted.mounts].map(pointOf));
        await runBox(stage, { ...plan, made, granted, started }, root);
      },
      tidy: async ({ upper }) => {
        dropMountPoints(upper, points);
        dropPlaces(upper, places);
        if (stage.epoch !== undefined) await clampTimes(upper, stage.epoch);
      },
    });
  } finally {
    started();
  }
}

function devicesFor({ session, lane }: StageContext, { devices }: RunPlan): GrantedDevices {
  return grantDevices({
    flags: devices,
    allow: session.request.allow ?? [],
    folders: session.room.cdiFolders,
    warn: (text) => lane.tell({ stream: `[Warning] ${text}\n` }),
  });
}

/** A base image may name a directory that it does not have. */
function ensureWorkdir({ state, fixedTime }: StageContext, root: string): void {
  const writer = new TreeWriter(root, { fixedTime });
  writer.ensureDirectory(state.config.WorkingDir || '/', { uid: 0, gid: 0 });
  writer.finish();
}

function pointOf({ destination, type, source = '' }: OciMount): { destination: string; isFile: boolean } {
  return { destination, isFile: type === 'bind' && lookAt(source)?.isDirectory() !== true };
}

async function runBox(
  stage: StageContext,
  plan: RunPlan & { made: MadeMounts; granted: GrantedDevices; started: () => void },
  rootfs: string,
): Promise<void> {
  const { session, state, lane } = stage;
  const { runtime } = session.room;
  const id = session.newThing();
  const short = id.slice(2, 14);
  lane.tell({ stream: ` ---> Running in ${short}\n` });
  const network = await stage.network(plan.network);
  const user = resolveUser(rootfs, state.config.User ?? '', []);
  const bundle = runtime.bundleDir(id);
  makeFolders(mkdirSync, bundle, 0o700);
  const home = plan.env.some((entry) => entry.startsWith('HOME=')) ? [] : [`HOME=${user.home}`];
  const { request } = session;
  const spec = buildSpec({
    id,
    rootfs,
    args: plan.argv,
    env: mergeEnv([...plan.env, ...home], [...plan.granted.env, ...plan.made.env]),
    cwd: state.config.WorkingDir || '/',
    user: { uid: user.uid, gid: user.gid, additionalGids: [...user.gids, ...plan.granted.gids] },
    hostname: session.request.buildArgs?.['BUILDKIT_SANDBOX_HOSTNAME'] || 'buildkitsandbox',
    mounts: [...boxMounts(bundle, plan, network), ...plan.granted.mounts, ...plan.made.mounts],
    devices: plan.granted.devices,
    ...(plan.insecure ? { privileged: true } : {}),
    ...(request.shmSizeBytes === undefined ? {} : { shmSizeBytes: request.shmSizeBytes }),
    namespaces: { network: network.choice },
    resources: request.resources ?? {},
    rlimits: request.ulimits ?? [],
    cgroupsPath: `/wharf/${id}`,
  });
  writeBundle(bundle, spec);
  const output = outputLines(lane);
  const program = plan.argv[0] ?? '';
  try {
    const ended = runOnce(runtime, {
      id,
      bundle,
      program,
      onOutput: output.take,
      signal: session.signal,
    });
    plan.started();
    const code = await ended;
    output.end();
    if (code !== 0) throw new CommandFailed(plan.argv.join(' '), code);
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
  lane.tell({ stream: ` ---> Removed intermediate container ${short}\n` });
  session.dropThing(id);
}

function boxMounts(
  bundle: string,
  plan: RunPlan,
  network: { resolvConf: string; hosts: string },
): OciMount[] {
  const bind = (destination: string, source: string): OciMount => ({
    destination,
    source,
    type: 'bind',
    options: ['rbind', 'rprivate', 'rw'],
  });
  const mounts = [bind('/etc/resolv.conf', network.resolvConf), bind('/etc/hosts', network.hosts)];
  if (plan.script === undefined) return mounts;
  const script = join(bundle, 'script');
  writeFileSync(script, plan.script.text);
  chmodSync(script, 0o755);
  return [...mounts, bind(plan.script.path, script)];
}
