/** @file What a JSON file is like, from its beginning: enough to tell forms apart, whatever its size. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { closeCutJson } from './closeCutJson.js';

/** An object as JSON has it. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The beginning of a JSON text. */
export interface JsonSample {
  /** `lines`: an object on each line. A file of one line that holds an object is an `object`. */
  readonly layout: 'list' | 'object' | 'lines';
  /** The first elements of the list, the first lines, or the object alone; whole ones only, where there is one. */
  readonly elements: readonly unknown[];
  /** Whether nothing follows what `elements` has. */
  readonly isWhole: boolean;
  /** The last bytes of the file as text: what stands behind a list that is longer than the sample. */
  readonly tail: string;
  readonly numBytes: number;
}

/** The beginning and the end of a text. */
export interface TextEnds {
  readonly head: string;
  readonly tail: string;
  /** Of the whole text; infinite where only its beginning was read. */
  readonly numBytes: number;
}

/** The longest beginning that is looked at: an entry of GQA's scene graphs has some 30 KB, and one is needed whole. */
export const HEAD_BYTES = 512 * 1024;
const TAIL_BYTES = 4 * 1024;
/** Elements that are kept. */
const MAX_ELEMENTS = 256;

/** Reads the first 512 KiB and the last 4 KiB of a file. */
export function readEnds(file: string): TextEnds {
  const handle = openSync(file, 'r');
  try {
    const numBytes = fstatSync(handle).size;
    const head = Buffer.alloc(Math.min(HEAD_BYTES, numBytes || HEAD_BYTES));
    const read = readSync(handle, head, 0, head.length, 0);
    const tail = Buffer.alloc(Math.min(TAIL_BYTES, numBytes));
    const readTail = readSync(handle, tail, 0, tail.length, numBytes - tail.length);
    return {
      head: head.toString('utf8', 0, read).replace(/^\ufeff/, ''),
      tail: tail.toString('utf8', 0, readTail),
      numBytes: Math.max(numBytes, read),
    };
  } finally {
    closeSync(handle);
  }
}

/** The sample of a text that was read by {@link readEnds}; undefined when it is no JSON list or object. */
export function sampleJson({ head, tail, numBytes }: TextEnds): JsonSample | undefined {
  const text = head.trimStart();
  const isAll = Buffer.byteLength(head) >= numBytes - 3;
  if (text.startsWith('{')) {
    const lines = sampleLines(text, isAll);
    if (lines !== undefined) return { layout: 'lines', ...lines, tail, numBytes };
  }
  if (!text.startsWith('{') && !text.startsWith('[')) return undefined;
  const value = parseBeginning(text);
  if (value === undefined) return undefined;
  if (!Array.isArray(value.content)) {
    return { layout: 'object', elements: [value.content], isWhole: value.isWhole, tail, numBytes };
  }
  return { layout: 'list', ...firstElements(value.content, value.isWhole), tail, numBytes };
}

/** Elements of a list that may be cut: the last one is then left out, unless it is the only one. */
export function firstElements(list: readonly unknown[], isWhole: boolean) {
  const whole = isWhole || list.length < 2 ? list : list.slice(0, -1);
  return { elements: whole.slice(0, MAX_ELEMENTS), isWhole: isWhole && whole.length <= MAX_ELEMENTS };
}

function parseBeginning(text: string): { content: unknown; isWhole: boolean } | undefined {
  const closed = closeCutJson(text);
  if (closed === undefined) return undefined;
  try {
    return { content: JSON.parse(closed.text) as unknown, isWhole: closed.isWhole };
  } catch {
    return undefined;
  }
}

/** Lines that are objects, when the first is one and another follows. */
function sampleLines(text: string, isAll: boolean) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const whole = isAll ? lines : lines.slice(0, -1);
  if (lines.length < 2 || !lines[1]!.trimStart().startsWith('{')) return undefined;
  const elements: unknown[] = [];
  for (const line of whole.slice(0, MAX_ELEMENTS)) {
    try {
      elements.push(JSON.parse(line));
    } catch {
      break;
    }
  }
  if (elements.length === 0) return undefined;
  return { elements, isWhole: isAll && elements.length === lines.length };
}

/** The object, or undefined for anything else. */
export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** Whether an object has all of these keys itself. */
export function has(value: unknown, ...keys: string[]): boolean {
  const object = asObject(value);
  return object !== undefined && keys.every((key) => Object.hasOwn(object, key));
}
