/** @file The sentence about a file that is another than was expected: what it is, and the command that takes it. */

import { readContentKind } from '../contentKind.js';
import { asObject, readEnds, sampleJson } from './jsonSample.js';
import { recogniseForm } from './recognise.js';

/** Keys that the sentence about an unknown object lists. */
const MAX_LISTED_KEYS = 6;

/**
 * Whole sentences for a message: `a.json holds the official questions of VQA v2; expected a list of predictions. Make the
 * program's questions of it, ..., with: lxmert prepare vqa a.json ...`. A file of no known form is named by its content and,
 * when it is JSON, by its first keys.
 *
 * @param expected what was expected, as it stands after "expected"
 * @param unless forms for which the sentence has nothing to say: it is then undefined, since the fault is within the file
 */
export function foreignFile(file: string, expected: string): string;
export function foreignFile(file: string, expected: string, unless: readonly string[]): string | undefined;
export function foreignFile(
  file: string,
  expected: string,
  unless: readonly string[] = [],
): string | undefined {
  const form = recogniseForm(file);
  if (form !== undefined && unless.includes(form.form)) return undefined;
  if (form !== undefined) return `${file} holds ${form.title}; expected ${expected}. ${form.wayOn}`;
  return `${file} ${whatItIs(file)}; expected ${expected}.`;
}

/** What a file of no known form is: `is a JSON list of objects with the keys a, b`. */
export function whatItIs(file: string): string {
  const kind = readContentKind(file);
  const sample =
    kind.kind === 'jsonArray' || kind.kind === 'jsonObject' ? sampleJson(readEnds(file)) : undefined;
  if (sample === undefined) return `is ${kind.name}`;
  const [first] = sample.elements;
  const what = { list: 'a JSON list', object: 'a JSON object', lines: 'JSON lines' }[sample.layout];
  if (first === undefined) return `is ${what} without elements`;
  const object = asObject(first);
  if (object === undefined) return `is ${what} of ${Array.isArray(first) ? 'lists' : `${typeof first}s`}`;
  const keys = Object.keys(object);
  const shown = keys.slice(0, MAX_LISTED_KEYS).map((key) => JSON.stringify(key.slice(0, 40)));
  const more = keys.length > shown.length ? ` and ${keys.length - shown.length} more` : '';
  const whose = sample.layout === 'object' ? 'with' : sample.layout === 'list' ? 'of objects with' : 'with';
  return keys.length === 0
    ? `is an empty JSON object`
    : `is ${what} ${whose} the keys ${shown.join(', ')}${more}`;
}
