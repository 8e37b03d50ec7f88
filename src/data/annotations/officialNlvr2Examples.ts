/** @file Labels of NLVR2: the official JSON lines, or the reference's JSON array. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { type PlacedValue, readJsonLines } from '../../formats/lines/jsonLines.js';
import { type ExampleFileKind, readOpenedAs } from './exampleFile.js';
import { streamRecords } from './jsonRecords.js';
import type { JsonSource } from './jsonSource.js';
import { beginsArray } from './jsonStream.js';
import { nlvr2LabelSchema } from './nlvr2Label.js';
import { openJson } from './openJson.js';
import { checkRecord } from './record.js';

/** Whether the sentence of an example is true of its images. */
export interface Nlvr2Label {
  /** `split-set-pair-sentence`; the reference's `uid` where a file has no other. */
  readonly id: string;
  readonly label: boolean;
}

const KIND: ExampleFileKind = {
  expected: 'examples of NLVR2 with labels, such as dev.json',
  forms: ['nlvr2Official', 'nlvr2Rows', 'nlvr2RowsUnlabelled'],
};

const LABEL = 'expected the label True or False (or 1 or 0); a file without labels cannot be scored';

const exampleSchema = z.object({
  identifier: z.string().min(1).optional(),
  uid: z.string().min(1).optional(),
  label: nlvr2LabelSchema(LABEL),
});

/**
 * Yields the labels of a file in order. A file that begins with `[` is the reference's form,
 * `[{identifier, uid, img0, img1, sent, label}]` with label 1 or 0; any other is the official one, an object on each
 * line with `identifier` and the label "True" or "False".
 *
 * @throws LxmertError with file, place and key for an example that is not as expected
 */
export async function* readNlvr2Labels(file: string): AsyncGenerator<Nlvr2Label> {
  const source = await openJson(file, KIND.expected);
  yield* readOpenedAs(source, KIND, readLabels(file, source));
}

async function* readLabels(file: string, source: JsonSource): AsyncGenerator<Nlvr2Label> {
  let numExamples = 0;
  for await (const { value, place } of recordsOf(file, source)) {
    const { identifier, uid, label } = checkRecord(exampleSchema, value, file, place);
    const id = identifier ?? uid;
    if (id === undefined) throw new LxmertError(`${file}: ${place} has neither 'identifier' nor 'uid'.`);
    numExamples++;
    yield { id, label };
  }
  if (numExamples === 0) throw new LxmertError(`${file} holds no examples.`);
}

async function* recordsOf(file: string, source: JsonSource): AsyncGenerator<PlacedValue> {
  const isLines = !(await beginsArray(source));
  // Lines of a file have numbers; of a member of an archive, values are counted.
  if (isLines && source.isPlain === true) yield* readJsonLines(file);
  else yield* streamRecords(source, { kind: isLines ? 'lines' : 'list' });
}
