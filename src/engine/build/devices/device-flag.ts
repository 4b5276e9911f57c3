// `RUN --device=name[,required]`: parsed and judged. Pure.
import { SyntaxProblem } from '../dockerfile/errors.ts';
import { fieldsOf } from '../dockerfile/mount-flag.ts';
import { didYouMean } from '../dockerfile/nearest.ts';

export interface DeviceFlag {
  /** `vendor.com/class=device`, `vendor.com/class`, `vendor.com/class=*`, or a class that a device names itself. */
  name: string;
  required: boolean;
}

/** As Go's `strconv.ParseBool`. */
const booleans: Record<string, boolean> = Object.fromEntries([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true]),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false]),
]);

/** Throws SyntaxProblem. */
export function parseDeviceFlag(text: string): DeviceFlag {
  const device: DeviceFlag = { name: '', required: false };
  for (const field of fieldsOf(text)) readField(device, field);
  return device;
}

function readField(device: DeviceFlag, field: string): void {
  const at = field.indexOf('=');
  const key = (at < 0 ? field : field.slice(0, at)).toLowerCase();
  const value = at < 0 ? undefined : field.slice(at + 1);
  if (key === 'required') device.required = requiredOf(value);
  else if (key === 'name' && value !== undefined) {
    if (device.name !== '') throw new SyntaxProblem(`device name already set to ${device.name}`);
    device.name = value;
  } else if (device.name === '') device.name = field;
  else if (value === undefined)
    throw new SyntaxProblem(`invalid field '${field}' must be a key=value pair`, { expected });
  else
    throw new SyntaxProblem(`unexpected key '${key}' in '${field}'${didYouMean(key, ['name', 'required'])}`, {
      expected,
    });
}

const expected = 'name=NAME, required';

function requiredOf(value = 'true'): boolean {
  const is = Object.hasOwn(booleans, value) ? booleans[value] : undefined;
  if (is === undefined)
    throw new SyntaxProblem(`invalid value for required: ${value}`, { expected: 'true or false' });
  return is;
}
