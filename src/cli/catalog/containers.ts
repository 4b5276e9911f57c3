// The commands that run containers and look into them.
import { entry, type Section } from '#cli/catalog/entry.ts';

export const containerSections: Section[] = [
  {
    title: 'Run containers',
    entries: [
      entry(
        'run',
        ['container run'],
        'Create a container from an image and run it.',
        () => import('#cli/commands/container/run.ts'),
      ),
      entry(
        'create',
        ['container create'],
        'Create a container without starting it.',
        () => import('#cli/commands/container/create.ts'),
      ),
      entry(
        'start',
        ['container start'],
        'Start stopped containers.',
        () => import('#cli/commands/container/start.ts'),
      ),
      entry(
        'stop',
        ['container stop'],
        'Stop running containers: their stop signal, then SIGKILL after a grace time.',
        () => import('#cli/commands/container/stop.ts'),
      ),
      entry(
        'restart',
        ['container restart'],
        'Stop containers and start them again.',
        () => import('#cli/commands/container/restart.ts'),
      ),
      entry(
        'kill',
        ['container kill'],
        'Send a signal to running containers, SIGKILL unless told otherwise.',
        () => import('#cli/commands/container/kill.ts'),
      ),
      entry(
        'pause',
        ['container pause'],
        'Freeze every process of containers.',
        () => import('#cli/commands/container/pause.ts'),
      ),
      entry(
        'unpause',
        ['container unpause'],
        'Let paused containers go on.',
        () => import('#cli/commands/container/unpause.ts'),
      ),
      entry(
        'wait',
        ['container wait'],
        'Wait until containers stop, then print their exit codes.',
        () => import('#cli/commands/container/wait.ts'),
      ),
      entry(
        'rm',
        ['container rm', 'container remove'],
        'Remove containers.',
        () => import('#cli/commands/container/rm.ts'),
      ),
      entry(
        'rename',
        ['container rename'],
        'Give a container another name.',
        () => import('#cli/commands/container/rename.ts'),
      ),
      entry(
        'update',
        ['container update'],
        'Change the limits or the restart policy of containers.',
        () => import('#cli/commands/container/update.ts'),
      ),
      entry(
        'container prune',
        [],
        'Remove all stopped containers.',
        () => import('#cli/commands/container/prune.ts'),
      ),
    ],
  },
  {
    title: 'Look at and into containers',
    entries: [
      entry(
        'ps',
        ['container ls', 'container list', 'container ps'],
        'List containers.',
        () => import('#cli/commands/inside/ps.ts'),
      ),
      entry(
        'logs',
        ['container logs'],
        'Show what a container has written.',
        () => import('#cli/commands/inside/logs.ts'),
      ),
      entry(
        'exec',
        ['container exec'],
        'Run a command in a running container.',
        () => import('#cli/commands/inside/exec.ts'),
      ),
      entry(
        'attach',
        ['container attach'],
        'Connect this terminal to a running container.',
        () => import('#cli/commands/inside/attach.ts'),
      ),
      entry(
        'inspect',
        [],
        'Show everything about containers, images, volumes or networks.',
        () => import('#cli/commands/inside/inspect.ts'),
      ),
      entry(
        'container inspect',
        [],
        'Show everything about containers.',
        () => import('#cli/commands/inside/inspect-container.ts'),
      ),
      entry(
        'top',
        ['container top'],
        'List the processes of a container.',
        () => import('#cli/commands/inside/top.ts'),
      ),
      entry(
        'stats',
        ['container stats'],
        'Show what containers use, live.',
        () => import('#cli/commands/inside/stats.ts'),
      ),
      entry(
        'port',
        ['container port'],
        'Show the published ports of a container.',
        () => import('#cli/commands/inside/port.ts'),
      ),
      entry(
        'cp',
        ['container cp'],
        'Copy files between a container and this machine.',
        () => import('#cli/commands/inside/cp.ts'),
      ),
      entry(
        'diff',
        ['container diff'],
        'Show which files a container has changed.',
        () => import('#cli/commands/inside/diff.ts'),
      ),
      entry(
        'commit',
        ['container commit'],
        'Make an image of a container’s changes.',
        () => import('#cli/commands/inside/commit.ts'),
      ),
      entry(
        'export',
        ['container export'],
        'Write the file system of a container as a tar.',
        () => import('#cli/commands/inside/export.ts'),
      ),
    ],
  },
];
