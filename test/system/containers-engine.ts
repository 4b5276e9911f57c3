// An engine in a process of its own, to be killed: opens at a place, and does what it is told until it dies.
import type { Engine } from '#engine/open.ts';
import { importBusybox, openAt, secretsTar } from './containers-fixture.ts';

const [dir = '', bridge = '', bip = '', task = ''] = process.argv.slice(2);
const engine = await openAt({ dir, bridge, bip, [Symbol.dispose]: () => undefined });
if (engine.images.all().length === 0) await importBusybox(engine, dir);

const tasks: Record<string, (engine: Engine) => Promise<void>> = { settled, churn, grants };
console.log('open');
await tasks[task]?.(engine);
console.log('ready');
setInterval(() => undefined, 1000);

/** Containers in every resting state. */
async function settled({ containers }: Engine): Promise<void> {
  const start = async (name: string, script: string, HostConfig: object = {}): Promise<string> => {
    const Cmd = ['sh', '-c', script];
    const { Id } = await containers.create({ Image: 'busybox', Cmd, HostConfig }, { name });
    await containers.start(Id);
    return Id;
  };
  await start('stays', 'while true; do echo tick; sleep 0.1; done');
  await start('ends', 'sleep 0.5; exit 9', { NetworkMode: 'none' });
  await start('frozen', 'sleep 1000');
  await containers.pause('frozen');
  await start('ended', 'exit 4');
  await containers.wait('ended');
  await start('returns', 'sleep 0.5; exit 1', { RestartPolicy: { Name: 'always' } });
  await start('resting', 'sleep 1000', { RestartPolicy: { Name: 'unless-stopped' } });
  await containers.stop('resting', { timeoutSeconds: 0 });
  await start('gone', 'sleep 0.5', { AutoRemove: true });
  await containers.create({ Image: 'busybox', Cmd: ['true'] }, { name: 'new' });
}

/** Everything at once, without end. */
async function churn({ containers }: Engine): Promise<void> {
  const one = async (): Promise<void> => {
    for (;;) {
      const { Id } = await containers.create({ Image: 'busybox', Cmd: ['sleep', '0.05'] });
      await containers.start(Id);
      if (Math.random() < 0.3) await containers.wait(Id);
      if (Math.random() < 0.7) await containers.remove(Id, { force: true });
    }
  };
  await Promise.all([one(), one(), one()]);
}

/** One container is granted files of one generation after the other, without end. */
async function grants({ containers }: Engine): Promise<void> {
  const { Id } = await containers.create({ Image: 'busybox', Cmd: ['cat'] }, { name: 'keeper' });
  for (let generation = 1; ; generation++) {
    await containers.grantFiles(Id, { stream: secretsTar(`${generation}`) });
    if (generation === 1) console.log('granted');
  }
}
