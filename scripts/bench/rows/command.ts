// Whole commands as a user types them: the release build of our command line beside docker's own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { dockerProgram, peerEnvironment } from '../peers.ts';
import type { Bench, Row } from '../row.ts';
import { image, millisecondsOf } from '../work.ts';

const checkout = join(import.meta.dirname, '../../..');

export const rows: readonly Row[] = [
  {
    name: 'run --rm busybox true, the whole command',
    issue: 3,
    unit: 'ms',
    goal: '≤ 0.333',
    async open(bench: Bench) {
      const release = join(bench.folder, 'release');
      await run(process.execPath, [join(checkout, 'scripts/build/main.ts'), release]);
      const engines = await bench.engines();
      for (const { api } of engines) await api.call('POST', `/images/${image}/tag?repo=busybox&tag=latest`);
      return engines.map((engine) => {
        const ours = engine.name === 'wharf';
        const program = ours ? join(release, 'bin/wharf') : dockerProgram();
        const words = ['-H', `unix://${engine.socket}`, 'run', '--rm', 'busybox', 'true'];
        const env = ours ? process.env : peerEnvironment();
        return {
          name: ours ? 'wharf' : 'docker',
          round: () => millisecondsOf(() => run(program, words, env)),
        };
      });
    },
  },
];

/** To its end, well; throws with what it said otherwise. */
async function run(program: string, words: string[], env = process.env): Promise<void> {
  const child = spawn(program, words, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ${words.join(' ')}: ${said}`);
}
