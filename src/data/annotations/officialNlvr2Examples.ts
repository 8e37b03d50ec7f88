/** @file Labels of NLVR2: the official JSON lines, or the reference's JSON array. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { type PlacedValue, readJsonLines } from '../../formats/lines/jsonLines.js';
import { fileSource } from './jsonSource.js';
import { beginsArray, streamArray } from './jsonStream.js';
import { checkRecord } from './record.js';

/** Whether the sentence of an example is true of its images. */
export interface Nlvr2Label {
  /** `split-set-pair-sentence`; the reference's `uid` where a file has no other. */
  readonly id: string;
  readonly label: boolean;
}

const LABEL = 'expected the label True or False (or 1 or 0); a file without labels cannot be scored';

const labelSchema = z.union([z.string(), z.boolean(), z.int()], LABEL).transform((value, check) => {
  const word = String(value).toLowerCase();
  if (word === 'true' || word === '1') return true;
  if (word === 'false' || word === '0') return false;
  check.addIssue({ code: 'custom', message: LABEL });
  return z.NEVER;
});

const exampleSchema = z.object({
  identifier: z.string().min(1).optional(),
  uid: z.string().min(1).optional(),
  label: labelSchema,
});

/**
 * Yields the labels of a file in order. A file that begins with `[` is the reference's form,
 * `[{identifier, uid, img0, img1, sent, label}]` with label 1 or 0; any other is the official one, an object on each
 * line with `identifier` and the label "True" or "False".
 *
 * @throws LxmertError with file, place and key for an example that is not as expected
 */
export async function* readNlvr2Labels(file: string): AsyncGenerator<Nlvr2Label> {
  const isArray = await beginsArray(fileSource(file));
  let numExamples = 0;
  for await (const { value, place } of isArray ? elementsOf(file) : readJsonLines(file)) {
    const { identifier, uid, label } = checkRecord(exampleSchema, value, file, place);
    const id = identifier ?? uid;
    if (id === undefined) throw new LxmertError(`${file}: ${place} has neither 'identifier' nor 'uid'.`);
    numExamples++;
    yield { id, label };
  }
  if (numExamples === 0) throw new LxmertError(`${file} holds no examples.`);
}

async function* elementsOf(file: string): AsyncGenerator<PlacedValue> {
  let index = 0;
  for await (const value of streamArray(fileSource(file))) yield { value, place: `element ${index++}` };
}
