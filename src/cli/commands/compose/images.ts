// wharf compose build, pull, push and images.

import { buildService } from '#cli/commands/compose/build-image.ts';
import { tellDry } from '#cli/commands/compose/dry-run.ts';
import { defineCompose, isDry } from '#cli/commands/compose/globals.ts';
import { openKnownProject, openProject, openSession, warn } from '#cli/commands/compose/project.ts';
import { printError } from '#cli/failure.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { registryAuthFor } from '#cli/terminal/credentials.ts';
import { showProgress } from '#cli/terminal/progress.ts';
import { pullImage } from '#cli/terminal/pull.ts';
import { printRows } from '#cli/terminal/table.ts';
import { pairsOf } from '#cli/terminal/words.ts';
import { listContainers } from '#compose/execute/look.ts';
import { imageOf } from '#compose/plan/diverged.ts';
import { inStartOrder } from '#compose/plan/order.ts';
import { invalid } from '#shared/errors.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';
import { familiarRepository, parseReference } from '#shared/oci/reference.ts';

const anyNumber = [0, Number.POSITIVE_INFINITY] as const;

export const build = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: {
    'build-arg': many('Set an ARG; NAME alone takes it from here', 'NAME=VALUE'),
    'no-cache': toggle('Run every step'),
    pull: toggle('Ask the registry for newer base images'),
    push: toggle('Push what was built'),
    quiet: toggle('Do not show the output', 'q'),
    'with-dependencies': toggle('Build what the services need, too'),
  },
  args: anyNumber,
  examples: ['wharf compose build', 'wharf compose build --no-cache web'],
  async run({ cli, flags, args }) {
    const project = await openProject(cli, { services: args });
    const named = args.length > 0 ? args : Object.keys(project.services);
    const names = inStartOrder(project, named, !flags['with-dependencies']).filter(
      (name) => project.services[name]?.build !== undefined,
    );
    if (names.length === 0) warn(cli, 'No services to build');
    const given = pairsOf(flags['build-arg'].filter((each) => each.includes('=')));
    const taken = flags['build-arg'].filter((each) => !each.includes('='));
    const args_ = { ...given, ...Object.fromEntries(taken.map((name) => [name, cli.env[name] ?? null])) };
    for (const service of names) {
      const image = imageOf(project, service);
      const wishes = {
        noCache: flags['no-cache'],
        pull: flags.pull,
        quiet: flags.quiet,
        args: args_,
        everyPlatform: true,
      };
      if (isDry(cli)) {
        tellDry(cli, `Image ${image}`, ['Building', 'Built']);
        continue;
      }
      await buildService(cli, project, { service, image, wishes });
      cli.warn(` Image ${image}  Built`);
    }
    if (flags.push)
      await pushAll(
        cli,
        names.map((name) => imageOf(project, name)),
        flags.quiet,
      );
  },
});

export const pull = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: {
    'ignore-buildable': toggle('Leave out images that can be built'),
    'ignore-pull-failures': toggle('Go on where a pull fails'),
    'include-deps': toggle('Pull what the services need, too'),
    policy: text('missing or always', 'WHEN'),
    quiet: toggle('Do not show progress', 'q'),
  },
  args: anyNumber,
  examples: ['wharf compose pull', 'wharf compose pull --ignore-pull-failures web'],
  async run({ cli, flags, args }) {
    const project = await openProject(cli, { services: args });
    const client = await cli.client();
    const named = args.length > 0 ? args : Object.keys(project.services);
    const done = new Set<string>();
    for (const name of inStartOrder(project, named, !flags['include-deps'])) {
      const service = project.services[name] ?? {};
      const { image } = service;
      if (
        image === undefined ||
        done.has(image) ||
        (service.build !== undefined && flags['ignore-buildable'])
      )
        continue;
      done.add(image);
      if (flags.policy === 'missing' && (await client.images.inspect(image).catch(() => undefined))) continue;
      if (!flags.quiet) cli.warn(` ${name}  Pulling`);
      if (isDry(cli)) {
        if (!flags.quiet) cli.warn(` ${name}  Pulled`);
        continue;
      }
      const platform = service['platform'];
      try {
        await pullImage(cli, image, {
          quiet: flags.quiet,
          output: cli.stderr,
          ...(typeof platform === 'string' ? { platform } : {}),
        });
      } catch (thrown) {
        const mayFail = flags['ignore-pull-failures'] || service.build !== undefined;
        if (!mayFail) throw thrown;
        printError(thrown);
        continue;
      }
      if (!flags.quiet) cli.warn(` ${name}  Pulled`);
    }
  },
});

async function pushAll(
  cli: Parameters<typeof pullImage>[0],
  images: readonly string[],
  quiet: boolean,
): Promise<void> {
  const client = await cli.client();
  for (const image of new Set(images)) {
    if (isDry(cli)) {
      tellDry(cli, `Image ${image}`, ['Pushing', 'Pushed']);
      continue;
    }
    const reference = parseReference(image);
    const auth = registryAuthFor(cli.env, reference.registry);
    const lines = await client.images.push(familiarRepository(reference), { tag: reference.tag }, auth);
    await showProgress(cli.stderr, lines, { quiet });
  }
}

export const push = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: {
    'ignore-push-failures': toggle('Go on where a push fails'),
    'include-deps': toggle('Push what the services need, too'),
    quiet: toggle('Do not show progress', 'q'),
  },
  args: anyNumber,
  examples: ['wharf compose push', 'wharf compose push web'],
  async run({ cli, flags, args }) {
    const project = await openProject(cli, { services: args });
    const named = args.length > 0 ? args : Object.keys(project.services);
    for (const name of inStartOrder(project, named, !flags['include-deps'])) {
      const { build: own, image } = project.services[name] ?? {};
      if (own === undefined || image === undefined) continue;
      try {
        await pushAll(cli, [image], flags.quiet);
      } catch (thrown) {
        if (!flags['ignore-push-failures']) throw thrown;
        printError(thrown);
      }
    }
  },
});

export const images = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: { format: text('table or json', 'FORMAT'), quiet: toggle('Show ids only', 'q') },
  args: anyNumber,
  examples: ['wharf compose images'],
  async run({ cli, flags, args }) {
    if (flags.format !== undefined && !['table', 'json'].includes(flags.format))
      throw invalid(`unsupported format "${flags.format}"`);
    const project = await openKnownProject(cli, { services: args });
    using session = await openSession(cli, project, { silent: true });
    const client = await cli.client();
    const found = await listContainers(session, { services: args, all: true });
    const rows = await Promise.all(
      found.map(async ({ Image, ImageID, Names }) => {
        const { Size, RepoTags, Os, Architecture } = await client.images.inspect(ImageID);
        const named =
          RepoTags?.find((tag) => tag === Image || tag === `${Image}:latest`) ?? RepoTags?.[0] ?? '<none>';
        const colon = named.lastIndexOf(':');
        return {
          ContainerName: (Names[0] ?? '').replace(/^\//, ''),
          Repository: colon < 0 ? named : named.slice(0, colon),
          Tag: colon < 0 ? '<none>' : named.slice(colon + 1),
          Platform: `${Os}/${Architecture}`,
          ID: flags.format === 'json' ? ImageID : ImageID.replace('sha256:', '').slice(0, 12),
          Size: flags.format === 'json' ? Size : formatBytesDecimal(Size),
        };
      }),
    );
    if (flags.quiet)
      for (const id of new Set(found.map(({ ImageID }) => ImageID.replace('sha256:', '')))) cli.print(id);
    else if (flags.format === 'json') cli.print(JSON.stringify(rows));
    else {
      const heads = {
        ContainerName: 'CONTAINER',
        Repository: 'REPOSITORY',
        Tag: 'TAG',
        Platform: 'PLATFORM',
        ID: 'IMAGE ID',
        Size: 'SIZE',
      };
      printRows(cli, rows, { heads, columns: Object.keys(heads) });
    }
  },
});
