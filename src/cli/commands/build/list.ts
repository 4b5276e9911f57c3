// wharf build ls
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { ellipsis, printRows, type Row } from '#cli/terminal/table.ts';
import { ago } from '#cli/terminal/words.ts';
import type { BuildRow, BuildStep } from '#client/builds.ts';
import type { ListedFile } from '#shared/contract/build.ts';
import { parseStepPath } from '#shared/notation/build-step.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';
import { secondsOf } from './words.ts';

const buildHeads = {
  ID: 'BUILD',
  Name: 'NAME',
  Status: 'STATUS',
  Steps: 'STEPS',
  Cached: 'CACHED',
  Started: 'STARTED',
  Time: 'TIME',
};
const stepHeads = {
  Step: 'STEP',
  Stage: 'STAGE',
  Instruction: 'INSTRUCTION',
  Outcome: 'OUTCOME',
  Time: 'TIME',
  Cause: 'CAUSE',
};
const fileHeads = { Mode: 'MODE', Owner: 'OWNER', Size: 'SIZE', Modified: 'MODIFIED', Name: 'NAME' };

export const command = defineCommand({
  usage: '[flags] [BUILD | [BUILD]@STEP[:PATH]]',
  flags: { format: text('json, a template, or "table TEMPLATE"', 'FORMAT') },
  args: [0, 1],
  examples: [
    'wharf build ls',
    'wharf build ls app:latest',
    'wharf build ls @7:/app',
    'wharf build ls @failed:/tmp',
  ],
  async run({ cli, flags: { format }, args: [what] }) {
    const { builds } = await cli.client();
    const step = what === undefined ? undefined : parseStepPath(what);
    if (step !== undefined) {
      const rows = (await builds.files(step.name, step.path)).map(fileRow);
      printRows(cli, rows, { heads: fileHeads, columns: Object.keys(fileHeads), format });
      return;
    }
    if (what === undefined) {
      const rows = (await builds.list()).map(buildRow);
      printRows(cli, rows, { heads: buildHeads, columns: Object.keys(buildHeads), format });
      return;
    }
    const { timeline } = await builds.page(what);
    printRows(cli, timeline.map(stepRow), {
      heads: stepHeads,
      columns: ['Step', 'Stage', 'Instruction', 'Outcome', 'Time'],
      format,
    });
  },
});

function buildRow(build: BuildRow): Row {
  return {
    ID: build.id,
    Name: build.subject,
    Status: build.failedStep === undefined ? build.status : `${build.status} @${build.failedStep}`,
    Steps: String(build.steps),
    Cached: String(build.cached),
    Started: ago(Date.parse(build.started) / 1000),
    Time: build.tookMs === undefined ? '' : secondsOf(build.tookMs),
  };
}

function stepRow(step: BuildStep): Row {
  const isFrom = step.position === 0;
  return {
    Step: `@${step.number}`,
    Stage: step.stage,
    Instruction: ellipsis(step.text.replace(/\s+/g, ' '), 60),
    Outcome: step.failed === true ? 'failed' : step.cached && !isFrom ? 'cached' : isFrom ? '' : 'ran',
    Time: secondsOf(step.endMs - step.startMs),
    Cause: step.cause ?? '',
  };
}

const kinds = { file: '-', directory: 'd', link: 'l', other: '?' } as const;

function fileRow(file: ListedFile): Row {
  return {
    Mode: `${kinds[file.kind]}${file.mode.toString(8).padStart(4, '0')}`,
    Owner: `${file.uid}:${file.gid}`,
    Size: file.kind === 'file' ? formatBytesDecimal(file.sizeBytes) : '',
    Modified: file.modified.slice(0, 19).replace('T', ' '),
    Name: file.target === undefined ? file.name : `${file.name} -> ${file.target}`,
  };
}
