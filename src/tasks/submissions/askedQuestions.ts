/** @file The questions that a test server has, by their ids, from the official files or from those that prepare made of them. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { type ExampleFileKind, readOpenedAs } from '../../data/annotations/exampleFile.js';
import { streamRecords } from '../../data/annotations/jsonRecords.js';
import type { JsonSource } from '../../data/annotations/jsonSource.js';
import { findLayout } from '../../data/annotations/jsonStream.js';
import { gqaQuestionEntries } from '../../data/annotations/officialGqaQuestions.js';
import { openJson } from '../../data/annotations/openJson.js';
import { checkRecord } from '../../data/annotations/record.js';
import { listOfFiles, namesOfFiles, type SourceFiles } from '../metrics/sourceFiles.js';

/** Ids are compared as text; most are short numbers, which take less memory as such. */
export type IdKey = number | string;

export function keyOf(id: number | string): IdKey {
  return typeof id === 'string' && /^[1-9]\d{0,14}$/.test(id) ? Number(id) : id;
}

const id = z.union([z.string().min(1), z.int()]);
const questionId = z.object({ question_id: id });
const questionWithChoices = z.object({ question_id: id, choices: z.array(z.string()).min(1) });
const identifier = z.object({ identifier: z.string().min(1) });
const image = z.object({ image: z.string().min(1) });
const preparedImage = z.object({ question_id: z.string().min(1) });

/** Where a record of each data set has its id. */
const RECORDS: Readonly<Record<string, z.ZodType<object>>> = {
  vqa: questionId,
  nlvr2: identifier,
  vizwiz: z.union(
    [image, preparedImage],
    'expected the picture of a question, such as "VizWiz_test_00000000.jpg"',
  ),
  aokvqa: questionWithChoices,
};

/** What the files should be, for messages about others. */
const KINDS: Readonly<Record<string, ExampleFileKind>> = {
  vqa: {
    expected: 'the official questions of VQA, or what lxmert prepare vqa made of them',
    forms: [
      ...['vqaQuestions', 'vqaCpQuestions', 'vqaMultipleChoice', 'vqaAnnotations', 'vqaCpAnnotations'],
      ...['okVqaAnnotations', 'vqaRows', 'vqaRowsUnlabelled'],
    ],
  },
  gqa: {
    expected: 'the official questions of GQA, or what lxmert prepare gqa made of them',
    forms: ['gqaQuestions', 'gqaRows', 'gqaRowsUnlabelled'],
  },
  nlvr2: {
    expected: 'the official examples of NLVR2, such as test1.json, or what lxmert prepare nlvr2 made of them',
    forms: ['nlvr2Official', 'nlvr2Rows', 'nlvr2RowsUnlabelled'],
  },
  vizwiz: {
    expected: 'the official questions of VizWiz, such as test.json',
    forms: ['vizWiz', 'vizWizTest'],
  },
  aokvqa: {
    expected: 'the official questions of A-OKVQA, or what lxmert prepare aokvqa made of them',
    forms: ['aOkVqa', 'aOkVqaRows', 'aOkVqaRowsUnlabelled'],
  },
};

/** By the id of each question its choices; undefined where the data set has none. */
export type AskedQuestions = ReadonlyMap<IdKey, readonly string[] | undefined>;

/**
 * @param files one, or several that are taken together
 * @throws LxmertError for files without questions, or one that is none of the data set
 */
export async function readAskedQuestions(files: SourceFiles, task: string): Promise<AskedQuestions> {
  const questions = new Map<IdKey, readonly string[] | undefined>();
  for (const file of listOfFiles(files)) {
    const kind = KINDS[task]!;
    const source = await openJson(file, kind.expected);
    for await (const [each, choices] of readOpenedAs(source, kind, questionsOf(source, task)))
      questions.set(keyOf(each), choices);
  }
  if (questions.size === 0) {
    const names = namesOfFiles(files);
    throw new LxmertError(`${names} ${listOfFiles(files).length === 1 ? 'holds' : 'hold'} no questions.`);
  }
  return questions;
}

async function* questionsOf(
  source: JsonSource,
  task: string,
): AsyncGenerator<[id: number | string, choices: readonly string[] | undefined]> {
  if (task === 'gqa') {
    for await (const [each] of gqaQuestionEntries(source)) yield [each, undefined];
    return;
  }
  const layout = await findLayout(source, ['questions', 'annotations', 'data']);
  const known = layout.kind === 'object' || layout.kind === 'none' ? ({ kind: 'lines' } as const) : layout;
  for await (const { value, place } of streamRecords(source, known, 'question')) {
    const [found, choices] = Object.values(checkRecord(RECORDS[task]!, value, source.name, place));
    yield [found as number | string, choices as readonly string[] | undefined];
  }
}
