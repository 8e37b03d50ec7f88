/** @file Tells the form of a text file of this field by its content: JSON list, JSON object, JSON lines, text. */

import { captionObject, customForm } from './customForms.js';
import { type FileForm, type Finding, type FormLayout, formOf } from './form.js';
import { gqaObject } from './gqaForms.js';
import {
  asObject,
  firstElements,
  type JsonObject,
  type JsonSample,
  readEnds,
  sampleJson,
  type TextEnds,
} from './jsonSample.js';
import { predictionForm, predictionLine, predictionObject } from './predictionForms.js';
import { questionForm } from './questionForms.js';
import { inFolder, runLine, runObject } from './runForms.js';
import { huggingFaceConfig, tableList, tableObject, vocabularyText } from './tableForms.js';

/** Keys under which official files keep their list. */
const LIST_KEYS = ['questions', 'annotations', 'data'];

const LAYOUTS: Readonly<Record<JsonSample['layout'], FormLayout>> = {
  list: { kind: 'list' },
  lines: { kind: 'lines' },
  object: { kind: 'none' },
};

/**
 * The form of a file, by its first 512 KiB and its last bytes: memory and time do not grow with it. A byte-order mark is
 * passed over.
 *
 * @returns undefined for a file that is none of the known forms
 * @throws the system's error when the file cannot be opened or read
 */
export function recogniseForm(file: string): FileForm | undefined {
  return recogniseContent(file, readEnds(file));
}

/**
 * The same of a text whose beginning was read from elsewhere, such as a member of an archive.
 *
 * @param file its name, for the way on
 */
export function recogniseContent(file: string, ends: TextEnds): FileForm | undefined {
  const sample = sampleJson(ends);
  if (sample === undefined)
    return recogniseText(file, ends.head, Buffer.byteLength(ends.head) >= ends.numBytes - 3);
  const finding = findingOf(sample);
  return finding === undefined ? undefined : formOf(inFolder(finding, file), file, LAYOUTS[sample.layout]);
}

function recogniseText(file: string, head: string, isWhole: boolean): FileForm | undefined {
  // A vocabulary begins with [PAD], which is not JSON.
  if (/^\s*(\{|\[\s*[^A-Z\s])/.test(head) || head.includes('\0')) return undefined;
  const lines = head.split(/\r?\n/).filter((line) => line !== '');
  const finding = predictionLine(lines[0] ?? '') ?? vocabularyText(lines, isWhole);
  return finding === undefined ? undefined : formOf(finding, file, { kind: 'none' });
}

function findingOf(sample: JsonSample): Finding | undefined {
  const [first] = sample.elements;
  const record = asObject(first);
  if (sample.layout === 'object') return record === undefined ? undefined : ofObject(record, sample);
  if (sample.layout === 'list') {
    const table = tableList(sample.elements);
    if (table !== undefined) return table;
  }
  return record === undefined ? undefined : ofRecord(record, sample.layout);
}

function ofRecord(record: JsonObject, layout: string): Finding | undefined {
  return (
    questionForm(record) ??
    predictionForm(record, layout) ??
    customForm(record) ??
    (layout === 'lines' ? runLine(record) : undefined)
  );
}

function ofObject(top: JsonObject, sample: JsonSample): Finding | undefined {
  return (
    huggingFaceConfig(top) ??
    runObject(top) ??
    captionObject(top, sample.tail) ??
    ofListWithin(top, sample.isWhole) ??
    // Before predictions by id: a table's indices are ids too.
    tableObject(top) ??
    predictionObject(top, sample.isWhole) ??
    gqaObject(top) ??
    // One line of JSON lines is an object too.
    lineAlone(top)
  );
}

function lineAlone(record: JsonObject): Finding | undefined {
  const found = ofRecord(record, 'lines');
  return found === undefined ? undefined : { ...found, layout: { kind: 'lines' } };
}

function ofListWithin(top: JsonObject, isWhole: boolean): Finding | undefined {
  for (const key of LIST_KEYS) {
    const list = top[key];
    if (!Array.isArray(list)) continue;
    const { elements } = firstElements(list, isWhole);
    const record = asObject(elements[0]);
    const found = record === undefined ? undefined : questionForm(record);
    if (found !== undefined) return { ...found, layout: { kind: 'list', key } };
  }
  return undefined;
}
