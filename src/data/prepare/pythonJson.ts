/** @file JSON text with the very bytes of Python's json.dump, which wrote the reference's files. */

/** A number that Python holds as a float and writes with a fraction: 1 becomes `1.0`. */
export class PythonFloat {
  constructor(readonly value: number) {}
}

/** What can be written. Objects are maps or plain; a map keeps its order, also of keys that look like numbers. */
export type PythonValue =
  | null
  | boolean
  | number
  | string
  | PythonFloat
  | readonly PythonValue[]
  | ReadonlyMap<string, PythonValue>
  | { readonly [key: string]: PythonValue | undefined };

export interface PythonJsonOptions {
  /** Spaces a level, as in `indent=4`; undefined writes one line with `", "` and `": "` as Python does. */
  readonly indent: number | undefined;
  /** Python's `sort_keys`: by code points. */
  readonly sortKeys: boolean;
}

/** `json.dump(value, file, indent=4, sort_keys=True)`: how the reference's scripts write. */
export const REFERENCE_STYLE: PythonJsonOptions = { indent: 4, sortKeys: true };

/**
 * `value` as `json.dumps` gives it. Keys whose value is undefined are left out.
 *
 * @param level how deep the value stands, for its indentation; its first line is not indented
 */
export function formatPythonJson(value: PythonValue, options: PythonJsonOptions, level = 0): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return formatString(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return formatNumber(value);
  if (value instanceof PythonFloat) {
    return Number.isInteger(value.value) ? value.value.toFixed(1) : formatNumber(value.value);
  }
  if (isArray(value)) {
    return enclose(
      '[]',
      value.map((each) => formatPythonJson(each, options, level + 1)),
      options,
      level,
    );
  }
  const entries = [...(value instanceof Map ? value : Object.entries(value))].filter(
    (entry): entry is [string, PythonValue] => entry[1] !== undefined,
  );
  if (options.sortKeys) entries.sort(([a], [b]) => compareCodePoints(a, b));
  return enclose(
    '{}',
    entries.map(([key, each]) => `${formatString(key)}: ${formatPythonJson(each, options, level + 1)}`),
    options,
    level,
  );
}

/** Python's order of strings. JavaScript's own differs beyond U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    // A surrogate stands for a code point above all others of 16 bits.
    if (x !== y) return Number(isSurrogate(x)) - Number(isSurrogate(y)) || x - y;
  }
  return a.length - b.length;
}

function enclose(brackets: string, parts: string[], { indent }: PythonJsonOptions, level: number): string {
  const [open, close] = [brackets[0]!, brackets[1]!];
  if (parts.length === 0) return open + close;
  if (indent === undefined) return open + parts.join(', ') + close;
  const inner = `\n${' '.repeat(indent * (level + 1))}`;
  return `${open}${inner}${parts.join(`,${inner}`)}\n${' '.repeat(indent * level)}${close}`;
}

/** Python escapes all but U+0020 to U+007E; JSON.stringify does so only for what stands before them. */
function formatString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function formatNumber(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} has no form in JSON.`);
  return String(value);
}

function isArray(value: unknown): value is readonly PythonValue[] {
  return Array.isArray(value);
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}
