// Linux signals by name and number (signal(7), x86 and ARM numbers).
import { invalid } from '#shared/errors.ts';

const names = (
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG ' +
  'XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'
).split(' ');
const aliases: Record<string, number> = { IOT: 6, CLD: 17, POLL: 29, UNUSED: 31 };
const firstRealtime = 34;
const lastRealtime = 64;

/** The number of `SIGTERM`, `term`, `15`, `SIGRTMIN+3` or `RTMAX-1`; throws `invalid`. */
export function parseSignal(text: string): number {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : numberOf(text.toUpperCase().replace(/^SIG/, ''));
  if (number === undefined || number < 1 || number > lastRealtime) {
    throw invalid(`invalid signal: ${text.slice(0, 100)}`, {
      hint: 'a signal looks like SIGTERM, KILL or 15',
    });
  }
  return number;
}

function numberOf(name: string): number | undefined {
  const at = names.indexOf(name);
  if (at >= 0) return at + 1;
  if (Object.hasOwn(aliases, name)) return aliases[name];
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realtime === null) return undefined;
  const [, base, sign, offset = '0'] = realtime;
  if (base === 'MIN' && sign !== '-') return inRealtime(firstRealtime + Number(offset));
  if (base === 'MAX' && sign !== '+') return inRealtime(lastRealtime - Number(offset));
  return undefined;
}

function inRealtime(number: number): number | undefined {
  return number >= firstRealtime && number <= lastRealtime ? number : undefined;
}

/** `SIGTERM` for 15, `SIGRTMIN+3` for 37; throws `invalid` where no signal has the number. */
export function signalName(number: number): string {
  const name = names[number - 1];
  if (name !== undefined) return `SIG${name}`;
  if (number === firstRealtime) return 'SIGRTMIN';
  if (number > firstRealtime && number <= lastRealtime) return `SIGRTMIN+${number - firstRealtime}`;
  throw invalid(`invalid signal: ${number}`);
}
