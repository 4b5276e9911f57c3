// The main job, shown: a Dockerfile becomes an image, the image a container, and its port answers on this machine.
// `npm run demo -- --down` takes everything of the demo away again.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answers, ensureEngine, stopEngine } from './engine.ts';
import { askWharf, checkout, showWharf, tell } from './steps.ts';
import { collectWheels, serveWheels } from './wheels.ts';

const image = 'rest-apis-flask-python';
const example = join(checkout, 'examples/flask-app');
const address = 'http://127.0.0.1:5001/';

try {
  if (process.argv.includes('--down')) await takeDown();
  else await showMainJob();
} catch (thrown) {
  console.error(`\ndemo: ${thrown instanceof Error ? thrown.message : thrown}`);
  process.exitCode = 1;
}

async function showMainJob(): Promise<void> {
  await ensureEngine();
  await build();
  await removeContainers();
  tell('The image becomes a container; its port 5000 is published as 5001 of this machine.');
  await showWharf(['run', '-d', '-p', '5001:5000', image]);
  tell(`The answer of ${address}`);
  console.log(await fetchAnswer());
  await showWharf(['images']);
  await showWharf(['ps']);
  const { stdout } = await askWharf(['ps', '-q', '--filter', `ancestor=${image}`]);
  await showWharf(['logs', stdout.split('\n')[0] ?? '']);
  tell('It runs on. To look around, use bin/wharf. To take all of the demo away:  npm run demo -- --down');
}

async function build(): Promise<void> {
  tell('The Dockerfile of examples/flask-app becomes an image.');
  if (await answers('https://pypi.org/simple/flask/')) {
    await showWharf(['build', '-t', image, '.'], example);
    return;
  }
  const folder = join(checkout, '.cache/demo/wheels');
  await collectWheels(join(example, 'requirements.txt'), folder);
  const { stdout: gateway } = await askWharf([
    'network',
    'inspect',
    'bridge',
    '--format',
    '{{(index .IPAM.Config 0).Gateway}}',
  ]);
  await using index = await serveWheels(folder, gateway);
  console.log(`PyPI does not answer: pip gets its packages from an index at ${index.url},`);
  console.log("which serves the wheels that this machine's pip could get.");
  const pip = ['--build-arg', `PIP_INDEX_URL=${index.url}`, '--build-arg', `PIP_TRUSTED_HOST=${index.host}`];
  await showWharf(['build', '-t', image, ...pip, '.'], example);
}

async function removeContainers(): Promise<void> {
  const { stdout } = await askWharf(['ps', '-aq', '--filter', `ancestor=${image}`]);
  const ids = stdout.split('\n').filter(Boolean);
  if (ids.length === 0) return;
  tell('The container of the demo is removed.');
  await showWharf(['rm', '-f', ...ids]);
}

async function fetchAnswer(): Promise<string> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await fetch(address, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    if (answer?.ok) return answer.text();
    await sleep(100);
  }
  throw new Error(`${address} does not answer; see: wharf logs $(wharf ps -lq)`);
}

async function takeDown(): Promise<void> {
  if ((await askWharf(['version', '--format', '{{.Server.Version}}'])).code === 0) {
    await removeContainers();
    if ((await askWharf(['image', 'inspect', image])).code === 0) await showWharf(['rmi', image]);
  }
  await stopEngine();
  tell('The demo is gone. Pulled images and the build cache stay in /var/lib/wharf for the next time.');
}
