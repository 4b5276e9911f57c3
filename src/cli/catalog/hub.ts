// The commands of the Hub, the registry server.
import { entry, type Section } from '#cli/catalog/entry.ts';

export const hubSections: Section[] = [
  {
    title: 'The Hub: a registry of one’s own',
    entries: [
      entry(
        'hub serve',
        [],
        'Serve a registry with a web page in the foreground.',
        () => import('#cli/commands/hub/serve.ts'),
      ),
      entry(
        'hub user',
        [],
        'Add, remove and list the users of a Hub.',
        () => import('#cli/commands/hub/user.ts'),
      ),
      entry(
        'hub gc',
        [],
        'Remove what nothing refers to from a Hub that is not served.',
        () => import('#cli/commands/hub/gc.ts'),
      ),
    ],
  },
];
