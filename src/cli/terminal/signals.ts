// Passing the signals that we get on to a container.
import type { Containers } from '#client/containers.ts';

const passed: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGALRM', 'SIGCONT'];

/** Until disposed of, every signal of the list goes to the container instead of ending us. */
export function proxySignals(containers: Containers, id: string): Disposable {
  const listeners = passed.map((name) => {
    // A container that has just ended cannot be signalled, and need not be.
    const listener = () => void containers.kill(id, name).catch(() => undefined);
    process.on(name, listener);
    return { name, listener };
  });
  return {
    [Symbol.dispose]() {
      for (const { name, listener } of listeners) process.off(name, listener);
    },
  };
}
