// Every command: its names, what it does, and where its file is. Files are loaded only when their command is run.
import type { Command } from '#cli/grammar/command.ts';

export interface Entry {
  /** As people type it first. */
  name: string;
  /** Other spellings, with the group's word. */
  also: readonly string[];
  summary: string;
  load: () => Promise<{ command: Command }>;
}

export interface Section {
  title: string;
  entries: Entry[];
}

const entry = (name: string, also: readonly string[], summary: string, load: Entry['load']): Entry => ({
  name,
  also,
  summary,
  load,
});

export const sections: Section[] = [
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
  {
    title: 'Images',
    entries: [
      entry(
        'build',
        ['image build', 'builder build'],
        'Build an image from a Dockerfile.',
        () => import('#cli/commands/image/build.ts'),
      ),
      entry(
        'images',
        ['image ls', 'image list'],
        'List images.',
        () => import('#cli/commands/image/list.ts'),
      ),
      entry(
        'pull',
        ['image pull'],
        'Download an image from a registry.',
        () => import('#cli/commands/image/pull.ts'),
      ),
      entry(
        'push',
        ['image push'],
        'Upload an image to a registry.',
        () => import('#cli/commands/image/push.ts'),
      ),
      entry('tag', ['image tag'], 'Give an image one more name.', () => import('#cli/commands/image/tag.ts')),
      entry('rmi', ['image rm', 'image remove'], 'Remove images.', () => import('#cli/commands/image/rm.ts')),
      entry(
        'history',
        ['image history'],
        'Show the steps that made an image.',
        () => import('#cli/commands/image/history.ts'),
      ),
      entry('save', ['image save'], 'Write images to a tar.', () => import('#cli/commands/image/save.ts')),
      entry(
        'load',
        ['image load'],
        'Read images from a tar that save wrote.',
        () => import('#cli/commands/image/load.ts'),
      ),
      entry(
        'import',
        ['image import'],
        'Make an image from a tar of a file system.',
        () => import('#cli/commands/image/import.ts'),
      ),
      entry(
        'image inspect',
        [],
        'Show everything about images.',
        () => import('#cli/commands/image/inspect.ts'),
      ),
      entry('image prune', [], 'Remove unused images.', () => import('#cli/commands/image/prune.ts')),
      entry(
        'builder prune',
        [],
        'Remove the build cache.',
        () => import('#cli/commands/image/builder-prune.ts'),
      ),
    ],
  },
  {
    title: 'Networks and volumes',
    entries: [
      entry('network create', [], 'Create a network.', () => import('#cli/commands/network/create.ts')),
      entry('network ls', ['network list'], 'List networks.', () => import('#cli/commands/network/list.ts')),
      entry(
        'network inspect',
        [],
        'Show everything about networks.',
        () => import('#cli/commands/network/inspect.ts'),
      ),
      entry(
        'network connect',
        [],
        'Connect a container to a network.',
        () => import('#cli/commands/network/connect.ts'),
      ),
      entry(
        'network disconnect',
        [],
        'Take a container off a network.',
        () => import('#cli/commands/network/disconnect.ts'),
      ),
      entry(
        'network rm',
        ['network remove'],
        'Remove networks.',
        () => import('#cli/commands/network/rm.ts'),
      ),
      entry('network prune', [], 'Remove unused networks.', () => import('#cli/commands/network/prune.ts')),
      entry('volume create', [], 'Create a volume.', () => import('#cli/commands/volume/create.ts')),
      entry('volume ls', ['volume list'], 'List volumes.', () => import('#cli/commands/volume/list.ts')),
      entry(
        'volume inspect',
        [],
        'Show everything about volumes.',
        () => import('#cli/commands/volume/inspect.ts'),
      ),
      entry('volume rm', ['volume remove'], 'Remove volumes.', () => import('#cli/commands/volume/rm.ts')),
      entry('volume prune', [], 'Remove unused volumes.', () => import('#cli/commands/volume/prune.ts')),
    ],
  },
  {
    title: 'The engine',
    entries: [
      entry(
        'daemon',
        [],
        'Run the engine in the foreground.',
        () => import('#cli/commands/system/daemon.ts'),
      ),
      entry(
        'events',
        ['system events'],
        'Show what happens in the engine, live.',
        () => import('#cli/commands/system/events.ts'),
      ),
      entry(
        'info',
        ['system info'],
        'Show what the engine is and has.',
        () => import('#cli/commands/system/info.ts'),
      ),
      entry(
        'version',
        [],
        'Show the versions of this program and of the engine.',
        () => import('#cli/commands/system/version.ts'),
      ),
      entry('system df', [], 'Show what takes disk space.', () => import('#cli/commands/system/df.ts')),
      entry(
        'system prune',
        [],
        'Remove everything that is unused.',
        () => import('#cli/commands/system/prune.ts'),
      ),
      entry(
        'login',
        [],
        'Remember credentials for a registry.',
        () => import('#cli/commands/system/login.ts'),
      ),
      entry(
        'logout',
        [],
        'Forget credentials for a registry.',
        () => import('#cli/commands/system/logout.ts'),
      ),
    ],
  },
];

export const groups: Record<string, string> = {
  container: 'Manage containers.',
  image: 'Manage images.',
  network: 'Manage networks.',
  volume: 'Manage volumes.',
  system: 'Manage the engine.',
  builder: 'Manage the build cache.',
};

export interface Found {
  entry: Entry;
  /** How many words of the line are the command's name. */
  words: number;
}

/** The command that the line begins with. */
export function findEntry(line: readonly string[]): Found | undefined {
  const [first = '', second = ''] = line;
  const isGroup = Object.hasOwn(groups, first);
  const wanted = isGroup ? `${first} ${second}` : first;
  for (const { entries } of sections) {
    const found = entries.find((each) => each.name === wanted || each.also.includes(wanted));
    if (found !== undefined) return { entry: found, words: isGroup ? 2 : 1 };
  }
  return undefined;
}

/** Every name that may follow `wharf`, or `wharf GROUP`. */
export function namesUnder(group: string | undefined): string[] {
  const all = sections.flatMap(({ entries }) => entries.flatMap((each) => [each.name, ...each.also]));
  if (group === undefined) return [...all.filter((name) => !name.includes(' ')), ...Object.keys(groups)];
  return all.flatMap((name) => (name.startsWith(`${group} `) ? [name.slice(group.length + 1)] : []));
}
