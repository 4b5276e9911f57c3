// The commands of networks, volumes, the engine and this program.
import { entry, type Section } from '#cli/catalog/entry.ts';

export const engineSections: Section[] = [
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
      entry(
        'network map',
        [],
        'Draw networks with their containers and ports.',
        () => import('#cli/commands/network/map.ts'),
      ),
      entry(
        'why port',
        [],
        'Say who has a port of this machine.',
        () => import('#cli/commands/network/why-port.ts'),
      ),
      entry('volume create', [], 'Create a volume.', () => import('#cli/commands/volume/create.ts')),
      entry('volume ls', ['volume list'], 'List volumes.', () => import('#cli/commands/volume/list.ts')),
      entry(
        'volume inspect',
        [],
        'Show everything about volumes.',
        () => import('#cli/commands/volume/inspect.ts'),
      ),
      entry('volume rm', ['volume remove'], 'Remove volumes.', () => import('#cli/commands/volume/rm.ts')),
      entry(
        'volume browse',
        [],
        'List and read the files of a volume.',
        () => import('#cli/commands/volume/browse.ts'),
      ),
      entry(
        'volume clone',
        [],
        'Copy a volume under another name.',
        () => import('#cli/commands/volume/clone.ts'),
      ),
      entry(
        'volume rename',
        [],
        'Give a volume another name.',
        () => import('#cli/commands/volume/rename.ts'),
      ),
      entry(
        'volume export',
        [],
        'Write the files of a volume as a tar.',
        () => import('#cli/commands/volume/export.ts'),
      ),
      entry('volume import', [], 'Fill a volume from a tar.', () => import('#cli/commands/volume/import.ts')),
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
        ['buildx version'],
        'Show the versions of this program and of the engine.',
        () => import('#cli/commands/system/version.ts'),
      ),
      entry(
        'system check',
        [],
        'Look for what is not as it should be.',
        () => import('#cli/commands/system/check.ts'),
      ),
      entry(
        'undo',
        ['trash undo'],
        'Bring back what the last rm, rmi or volume rm removed.',
        () => import('#cli/commands/system/undo.ts'),
      ),
      entry('trash ls', ['trash list'], 'List what can be brought back.', async () => ({
        command: (await import('#cli/commands/system/trash.ts')).list,
      })),
      entry('trash empty', [], 'Remove for good what is in the trash.', async () => ({
        command: (await import('#cli/commands/system/trash.ts')).empty,
      })),
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
  {
    title: 'Other engines',
    entries: [
      entry('context create', [], 'Give an engine a name.', () => import('#cli/commands/context/create.ts')),
      entry('context ls', ['context list'], 'List contexts.', () => import('#cli/commands/context/list.ts')),
      entry(
        'context use',
        [],
        'Choose the context that counts from now on.',
        () => import('#cli/commands/context/use.ts'),
      ),
      entry(
        'context show',
        [],
        'Print the name of the context that counts.',
        () => import('#cli/commands/context/show.ts'),
      ),
      entry(
        'context inspect',
        [],
        'Show everything about contexts.',
        () => import('#cli/commands/context/inspect.ts'),
      ),
      entry('context update', [], 'Change a context.', () => import('#cli/commands/context/update.ts')),
      entry(
        'context rm',
        ['context remove'],
        'Remove contexts.',
        () => import('#cli/commands/context/rm.ts'),
      ),
      entry(
        'context export',
        [],
        'Write a context, with its keys, to a tar.',
        () => import('#cli/commands/context/export.ts'),
      ),
      entry(
        'context import',
        [],
        'Read a context that export wrote.',
        () => import('#cli/commands/context/import.ts'),
      ),
      entry(
        'system dial-stdio',
        [],
        'Join stdin and stdout to the engine, for callers by ssh.',
        () => import('#cli/commands/system/dial-stdio.ts'),
      ),
    ],
  },
  {
    title: 'This program',
    entries: [
      entry(
        'completion',
        [],
        'Print what makes a shell complete our commands and names.',
        () => import('#cli/commands/shell/completion.ts'),
      ),
    ],
  },
];
