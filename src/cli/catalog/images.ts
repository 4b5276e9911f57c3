// The commands that make, move and remove images.
import { entry, type Section } from '#cli/catalog/entry.ts';

export const imageSections: Section[] = [
  {
    title: 'Images',
    entries: [
      entry(
        'build',
        ['image build', 'builder build', 'buildx build', 'buildx b'],
        'Build an image from a Dockerfile.',
        () => import('#cli/commands/image/build.ts'),
      ),
      entry(
        'build why',
        ['builder why'],
        'Say why the steps of the last build ran.',
        () => import('#cli/commands/build/why.ts'),
      ),
      entry(
        'build ls',
        ['builder ls'],
        'List builds, the steps of one, or the files of a step.',
        () => import('#cli/commands/build/list.ts'),
      ),
      entry(
        'build shell',
        ['builder shell'],
        'Enter a step of a build: as it ended, or as it failed.',
        () => import('#cli/commands/build/shell.ts'),
      ),
      entry(
        'build diff',
        ['builder diff'],
        'Show what a step changed, or what is different between two.',
        () => import('#cli/commands/build/diff.ts'),
      ),
      entry(
        'build resume',
        ['builder resume'],
        'Go on with a build that failed, from the step that failed.',
        () => import('#cli/commands/build/resume.ts'),
      ),
      entry(
        'build timing',
        ['builder timing'],
        'Show what of a build ran when, and what waited for what.',
        () => import('#cli/commands/build/timing.ts'),
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
      entry('search', [], 'Look for images in a registry.', () => import('#cli/commands/image/search.ts')),
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
      entry(
        'image layers',
        [],
        'Show the layers of an image: what made them, their size, who shares them.',
        () => import('#cli/commands/image/layers.ts'),
      ),
      entry(
        'image diff',
        [],
        'Show what one image has that another has not.',
        () => import('#cli/commands/image/diff.ts'),
      ),
      entry(
        'image ls-files',
        [],
        'List the files of an image.',
        () => import('#cli/commands/image/ls-files.ts'),
      ),
      entry(
        'image referrers',
        [],
        'List what refers to an image in its registry: signatures, bills of materials.',
        () => import('#cli/commands/image/referrers.ts'),
      ),
      entry('image prune', [], 'Remove unused images.', () => import('#cli/commands/image/prune.ts')),
      entry(
        'builder prune',
        ['buildx prune'],
        'Remove the build cache.',
        () => import('#cli/commands/image/builder-prune.ts'),
      ),
    ],
  },
  {
    title: 'Lists of manifests, made without an engine',
    entries: [
      entry(
        'manifest create',
        [],
        'Begin a list of images of several platforms, or add to one.',
        () => import('#cli/commands/manifest/create.ts'),
      ),
      entry(
        'manifest annotate',
        [],
        'Change what a list says of one of its images.',
        () => import('#cli/commands/manifest/annotate.ts'),
      ),
      entry(
        'manifest inspect',
        [],
        'Show a manifest or a list as the registry has it, or a list that was begun here.',
        () => import('#cli/commands/manifest/inspect.ts'),
      ),
      entry(
        'manifest push',
        [],
        'Push a list that was begun here.',
        () => import('#cli/commands/manifest/push.ts'),
      ),
      entry(
        'manifest rm',
        [],
        'Forget lists that were begun here.',
        () => import('#cli/commands/manifest/rm.ts'),
      ),
    ],
  },
];
