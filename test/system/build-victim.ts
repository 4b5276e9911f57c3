// A program that is killed in the middle of a build: it caches one step and hangs in the next.
import { openBuildLab } from './build-room.ts';

const [dir = ''] = process.argv.slice(2);
const lab = await openBuildLab({ dir });
await lab.run({
  files: { Dockerfile: 'FROM busybox\nRUN touch /done\nRUN echo in-the-step; sleep 62.5\n' },
  onLine: (line) => process.stdout.write(line.stream ?? ''),
});
