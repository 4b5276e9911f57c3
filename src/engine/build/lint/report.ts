// How a rule tells what it found.
import type { Place } from '../dockerfile/instruction.ts';
import type { RuleName } from './rules.ts';

/** `line` where it is not the instruction's first. */
export type Report = (rule: RuleName, place: Place, detail: string, line?: number) => void;
