/** @file Damage to JSON that leaves it JSON, mostly: values of other kinds, keys that are gone, twice there or strange. */

import type { Random } from '../../../src/common/random.js';
import { type ByteMutation, EXTREME_NUMBERS, mutateBytes } from './bytes.js';

/** Written instead of a value, as it stands. */
const STRANGE_VALUES = [
  ...['null', 'true', 'false', '""', '" "', '"x"', '[]', '{}', '[[]]', '[null]', '{"":""}', '"\\u0000"'],
  ...['"\\ud800"', '"__proto__"', '{"__proto__":{"x":1}}', '{"constructor":5}', '"\\u001b[31m"', '"NaN"'],
  ...['"2026-11-30"', '"../../x"', '"/dev/zero"', '1e400', '-0', '0.5', '123456789012345678901234567890'],
  `"${'ab'.repeat(2000)}"`,
  `${'['.repeat(3000)}${']'.repeat(3000)}`,
  `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
  `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`,
  `${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}`,
] as const;

/** A place in a document. */
interface Slot {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string | number;
}

/** One change to the structure, or to the text when it does not parse or is drawn so. */
export const mutateJson: ByteMutation = (bytes, random) => {
  if (random.uniform() < 0.25) return mutateBytes(bytes, random);
  try {
    return Buffer.from(mutateText(bytes.toString('utf8'), random));
  } catch {
    return mutateBytes(bytes, random);
  }
};

/** One change to one line of JSON lines, or to the lines as such. */
export const mutateJsonLines: ByteMutation = (bytes, random) => {
  const lines = bytes.toString('utf8').split('\n');
  const at = random.integer(lines.length);
  const draw = random.uniform();
  if (draw < 0.6) {
    const line = mutateJson(Buffer.from(lines[at] as string), random).toString('utf8');
    return Buffer.from(lines.with(at, line).join('\n'));
  }
  if (draw < 0.7) return Buffer.from([...lines.slice(0, at), ...lines.slice(at + 1)].join('\n'));
  if (draw < 0.8) return Buffer.from([...lines.slice(0, at), lines[at], ...lines.slice(at)].join('\n'));
  if (draw < 0.85) return Buffer.from(lines.join(random.pick(['', ' ', '\r\n', '\r', '\n\n'])));
  return mutateBytes(bytes, random);
};

/** Stands for text that JSON.stringify would not write. */
const MARK = '\u0001strange\u0001';

function mutateText(text: string, random: Random): string {
  const document = { root: JSON.parse(text) as unknown };
  const slots: Slot[] = [];
  collect(document, slots);
  const { holder, key } = random.pick(slots);
  const own = holder as Record<string | number, unknown>;
  let strange = '';
  const kind = random.integer(8);
  if (kind <= 2) {
    own[key] = MARK;
    const isNumber = random.uniform() < 0.4;
    strange = isNumber ? random.pick(EXTREME_NUMBERS) : random.pick(STRANGE_VALUES);
  } else if (kind === 3) {
    if (Array.isArray(holder)) holder.splice(key as number, 1);
    else delete own[key];
  } else if (kind === 4) {
    const other = random.pick(slots);
    const theirs = other.holder as Record<string | number, unknown>;
    // A copy: a value inside itself cannot be written.
    own[key] = structuredClone(theirs[other.key]);
  } else if (kind === 5) {
    own[key] = random.uniform() < 0.5 ? [own[key]] : { [random.pick(['', 'x', 'value'])]: own[key] };
  } else if (kind === 6) {
    if (Array.isArray(holder))
      holder.splice(key as number, 0, ...Array<unknown>(1 + random.integer(5)).fill(own[key]));
    else renameKey(holder, key as string, random);
  } else {
    own[random.pick(['extra', '', '0', 'toString', 'constructor'])] = own[key];
  }
  const written = JSON.stringify(document.root) ?? '';
  return written.replaceAll(JSON.stringify(MARK), strange);
}

function renameKey(holder: Record<string, unknown>, key: string, random: Random): void {
  const value = holder[key];
  delete holder[key];
  const name = random.pick([key.toUpperCase(), ` ${key}`, `${key}s`, '__proto__', '', key.slice(1)]);
  Object.defineProperty(holder, name, { value, enumerable: true, writable: true, configurable: true });
}

function collect(value: unknown, slots: Slot[]): void {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    const holder = value as Slot['holder'];
    slots.push({ holder, key: Array.isArray(holder) ? Number(key) : key });
    collect((value as Record<string, unknown>)[key], slots);
  }
}
