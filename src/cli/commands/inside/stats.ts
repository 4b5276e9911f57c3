// wharf stats

import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { ellipsis, type Row, renderRows } from '#cli/terminal/table.ts';
import { shownId } from '#cli/terminal/words.ts';
import type { Client } from '#client/client.ts';
import { cpuPercentOf, memoryUsedOf, type StatsAnswer } from '#client/stats.ts';
import { formatBytesBinary, formatBytesDecimal } from '#shared/notation/size.ts';

const heads = {
  ID: 'CONTAINER ID',
  Container: 'CONTAINER',
  Name: 'NAME',
  CPUPerc: 'CPU %',
  MemUsage: 'MEM USAGE / LIMIT',
  MemPerc: 'MEM %',
  NetIO: 'NET I/O',
  BlockIO: 'BLOCK I/O',
  PIDs: 'PIDS',
};
const columns = ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'];
const drawMs = 500;
const lookMs = 2000;

export const command = defineCommand({
  usage: '[flags] [CONTAINER...]',
  flags: {
    all: toggle('Show stopped containers too', 'a'),
    format: text('json, a template, or "table TEMPLATE"', 'FORMAT'),
    'no-stream': toggle('Show one sample and end'),
    'no-trunc': toggle('Do not shorten anything'),
  },
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf stats', 'wharf stats --no-stream web'],
  async run({ cli, flags, args }) {
    const client = await cli.client();
    const names = async () =>
      args.length > 0 ? args : (await client.containers.list({ all: flags.all })).map(({ Id }) => Id);
    const shape = { heads, columns, format: flags.format ?? cli.config().statsFormat };
    const render = (samples: [string, StatsAnswer][]) =>
      renderRows(
        samples.map(([asked, sample]) => rowOf(asked, sample, flags['no-trunc'])),
        shape,
      );
    if (flags['no-stream']) {
      const samples = await Promise.all(
        (await names()).map(
          async (name): Promise<[string, StatsAnswer]> => [name, await sampleOf(client, name)],
        ),
      );
      cli.stdout.write(render(samples));
      return;
    }
    await watch(client, {
      names,
      signal: cli.signal,
      draw: (samples) => cli.stdout.write(cli.stdout.isTTY ? onScreen(render(samples)) : render(samples)),
    });
  },
});

/** Over what was there, line by line, as clearing all of it first would flicker. */
function onScreen(text: string): string {
  return `\x1b[H${text.replaceAll('\n', '\x1b[K\n')}\x1b[J`;
}

async function sampleOf(client: Client, name: string): Promise<StatsAnswer> {
  for await (const sample of await client.containers.stats(name, { stream: false })) return sample;
  return { read: '' };
}

interface Watch {
  names: () => Promise<string[]>;
  signal: AbortSignal;
  draw: (samples: [string, StatsAnswer][]) => unknown;
}

/** Follows every container, new ones too, until interrupted. */
async function watch(client: Client, { names, signal, draw }: Watch): Promise<void> {
  const samples = new Map<string, StatsAnswer>();
  const followed = new Set<string>();
  const follow = async (name: string) => {
    followed.add(name);
    try {
      for await (const sample of await client.containers.stats(name, { stream: true }, signal))
        samples.set(name, sample);
    } finally {
      samples.delete(name);
      followed.delete(name);
    }
  };
  const failed = Promise.withResolvers<never>();
  const look = async () => {
    for (const name of await names())
      if (!followed.has(name)) follow(name).catch((thrown) => signal.aborted || failed.reject(thrown));
  };
  await look();
  const drawing = setInterval(() => draw([...samples]), drawMs);
  const looking = setInterval(() => void look().catch(failed.reject), lookMs);
  try {
    const aborted = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    await Promise.race([aborted, failed.promise]);
  } finally {
    clearInterval(drawing);
    clearInterval(looking);
  }
}

function rowOf(asked: string, sample: StatsAnswer, whole: boolean): Row {
  const used = memoryUsedOf(sample);
  const limit = sample.memory_stats?.limit ?? 0;
  const nets = Object.values(sample.networks ?? {});
  const sum = (numbers: (number | undefined)[]) =>
    numbers.reduce<number>((total, each) => total + (each ?? 0), 0);
  const blocks = sample.blkio_stats?.io_service_bytes_recursive ?? [];
  const blockBytes = (op: string) =>
    sum(blocks.filter((each) => each.op.toLowerCase() === op).map(({ value }) => value));
  const name = (sample.name ?? '').replace(/^\//, '');
  return {
    BlockIO: `${formatBytesDecimal(blockBytes('read'))} / ${formatBytesDecimal(blockBytes('write'))}`,
    CPUPerc: `${cpuPercentOf(sample).toFixed(2)}%`,
    Container: shownId(asked, whole),
    ID: shownId(sample.id ?? asked, whole),
    MemPerc: `${(limit > 0 ? (used / limit) * 100 : 0).toFixed(2)}%`,
    MemUsage: `${formatBytesBinary(used)} / ${formatBytesBinary(limit)}`,
    Name: name === '' ? '--' : whole ? name : ellipsis(name, 25),
    NetIO: `${formatBytesDecimal(sum(nets.map(({ rx_bytes }) => rx_bytes)))} / ${formatBytesDecimal(sum(nets.map(({ tx_bytes }) => tx_bytes)))}`,
    PIDs: String(sample.pids_stats?.current ?? 0),
  };
}
