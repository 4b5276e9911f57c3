// The commands of Compose: many containers from one file.
import { type Entry, entry, type Section } from '#cli/catalog/entry.ts';

const loadVerbs = () => import('#cli/commands/compose/verbs.ts');
const loadImages = () => import('#cli/commands/compose/images.ts');
const loadInside = () => import('#cli/commands/compose/exec.ts');
const loadLook = () => import('#cli/commands/compose/look.ts');

const under = (name: string, summary: string, load: Entry['load']): Entry =>
  entry(`compose ${name}`, [], summary, load);

export const composeSections: Section[] = [
  {
    title: 'Compose: many containers from one file',
    entries: [
      under(
        'up',
        'Make the project of the file true: build, pull, create, start.',
        () => import('#cli/commands/compose/up.ts'),
      ),
      under('down', 'Stop and remove the containers and networks of the project.', async () => ({
        command: (await import('#cli/commands/compose/down.ts')).down,
      })),
      under('plan', 'Show what up would do, and which field of the file is the cause.', async () => ({
        command: (await import('#cli/commands/compose/down.ts')).plan,
      })),
      under('ps', 'List the containers of the project.', () => import('#cli/commands/compose/ps.ts')),
      under('logs', 'Show what the containers have written.', () => import('#cli/commands/compose/logs.ts')),
      under(
        'config',
        'Check the file and print it in its whole form.',
        () => import('#cli/commands/compose/config.ts'),
      ),
      under('exec', 'Run a command in a running container of a service.', async () => ({
        command: (await loadInside()).exec,
      })),
      under(
        'run',
        'Run a command once in a new container of a service.',
        () => import('#cli/commands/compose/run.ts'),
      ),
      under('build', 'Build the images of services.', async () => ({ command: (await loadImages()).build })),
      under('pull', 'Download the images of services.', async () => ({ command: (await loadImages()).pull })),
      under('push', 'Upload the images of services that are built.', async () => ({
        command: (await loadImages()).push,
      })),
      under('images', 'List the images of the project’s containers.', async () => ({
        command: (await loadImages()).images,
      })),
      under(
        'create',
        'Make the containers without starting them.',
        () => import('#cli/commands/compose/create.ts'),
      ),
      under(
        'scale',
        'Say how many containers services have.',
        () => import('#cli/commands/compose/scale.ts'),
      ),
      under('start', 'Start containers that are there.', async () => ({
        command: (await loadVerbs()).start,
      })),
      under('stop', 'Stop containers, and keep them.', async () => ({ command: (await loadVerbs()).stop })),
      under('restart', 'Stop containers and start them again.', async () => ({
        command: (await loadVerbs()).restart,
      })),
      under('kill', 'Send a signal to running containers, SIGKILL unless told otherwise.', async () => ({
        command: (await loadVerbs()).kill,
      })),
      under('rm', 'Remove stopped containers.', async () => ({ command: (await loadVerbs()).rm })),
      under('pause', 'Freeze every process of containers.', async () => ({
        command: (await loadVerbs()).pause,
      })),
      under('unpause', 'Let paused containers go on.', async () => ({
        command: (await loadVerbs()).unpause,
      })),
      under('top', 'List the processes of the project.', async () => ({ command: (await loadInside()).top })),
      under('stats', 'Show what the containers use, live.', async () => ({
        command: (await loadInside()).stats,
      })),
      under('port', 'Show where a port of a service is published.', async () => ({
        command: (await loadInside()).port,
      })),
      under('cp', 'Copy files between a container of a service and this machine.', async () => ({
        command: (await loadInside()).cp,
      })),
      under('attach', 'Connect this terminal to a running container of a service.', async () => ({
        command: (await loadInside()).attach,
      })),
      under('commit', 'Make an image of the changes of a service’s container.', async () => ({
        command: (await loadInside()).commit,
      })),
      under('export', 'Write the file system of a service’s container as a tar.', async () => ({
        command: (await loadInside()).exportTar,
      })),
      under('events', 'Show what happens to the containers of the project, live.', async () => ({
        command: (await loadLook()).events,
      })),
      under('wait', 'Wait until containers of services stop.', async () => ({
        command: (await loadLook()).wait,
      })),
      under(
        'watch',
        'Bring changes of files into running services, as they are made.',
        () => import('#cli/commands/compose/watch.ts'),
      ),
      under('volumes', 'List the volumes of the project.', async () => ({
        command: (await loadLook()).volumes,
      })),
      under('ls', 'List the projects that the engine has containers of.', async () => ({
        command: (await loadLook()).ls,
      })),
      under('version', 'Show the version of Compose.', async () => ({ command: (await loadLook()).version })),
    ],
  },
];

/** `compose` with flags before its command. */
export const composeItself = entry('compose', [], 'Many containers from one file.', async () => {
  const { composeCommand } = await import('#cli/commands/compose/compose.ts');
  return { command: composeCommand(composeSections.flatMap(({ entries }) => entries)) };
});
