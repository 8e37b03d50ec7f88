/** @file A-OKVQA: questions with four choices and ten direct answers, as they are offered and as rows of this program. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { cocoNumberSchema } from '../cocoImages.js';
import { type ExampleFileKind, readAs, readOpenedAs, readRecords } from './exampleFile.js';
import { streamRecords } from './jsonRecords.js';
import type { JsonSource } from './jsonSource.js';
import { findLayout } from './jsonStream.js';
import { openJson } from './openJson.js';
import type { Question } from './question.js';
import { checkRecord } from './record.js';

/** A list of texts, or one as Python shows it (`['a', "b's"]`), which a hub's table has. */
const texts = z.preprocess(
  (value) => (typeof value === 'string' ? (textsOfPython(value) ?? value) : value),
  z.array(z.string()),
);

/** A text as Python shows it. */
const PYTHON_TEXT = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/.source;
const PYTHON_LIST = new RegExp(`^\\[(?:(?:${PYTHON_TEXT})(?:, (?:${PYTHON_TEXT}))*)?\\]$`);

function textsOfPython(list: string): string[] | undefined {
  if (!PYTHON_LIST.test(list)) return undefined;
  return [...list.matchAll(new RegExp(PYTHON_TEXT, 'g'))].map(([found]) =>
    found.slice(1, -1).replace(/\\(.)/g, '$1'),
  );
}

/** What is said of a question, in both kinds of file. */
const said = {
  question_id: z.union([z.string().min(1), z.int().transform(String)]),
  choices: z.array(z.string()).min(1, 'expected the choices'),
  /** Absent in the test split, like the answers. */
  correct_choice_idx: z.int().min(0).nullish(),
  direct_answers: texts.nullish(),
  difficult_direct_answer: z.boolean().nullish(),
};
const CHOICE_IS_THERE = { path: ['correct_choice_idx'], error: 'expected the place of one of the choices' };
const officialSchema = z
  .object({
    ...said,
    split: z.string().optional(),
    image_id: cocoNumberSchema.optional(),
    question: z.string(),
  })
  .refine(choiceIsThere, CHOICE_IS_THERE);
const rowSchema = z
  .object({
    ...said,
    img_id: z.string().min(1),
    sent: z.string(),
    label: z.record(z.string(), z.number().min(0).max(1)).optional(),
  })
  .refine(choiceIsThere, CHOICE_IS_THERE);

function choiceIsThere(record: {
  readonly choices: readonly string[];
  readonly correct_choice_idx?: number | null | undefined;
}): boolean {
  return (record.correct_choice_idx ?? 0) < record.choices.length;
}

/** What the annotators and authors said of a question. */
export interface AokvqaAnswers {
  readonly questionId: string;
  readonly choices: readonly string[];
  /** The right one of the choices; undefined in the test split. */
  readonly correctChoice: string | undefined;
  /** Ten; undefined in the test split. */
  readonly directAnswers: readonly string[] | undefined;
  /** Whether the direct answers do not count, since annotators did not agree enough. */
  readonly isDifficult: boolean;
}

/** A question as it is offered. */
export interface AokvqaRecord extends AokvqaAnswers {
  readonly split: string | undefined;
  /** COCO's, of its numbering since 2017, the same as before without the half; undefined in tables, which have the picture. */
  readonly imageNumber: number | undefined;
  readonly question: string;
}

/** A question of a prepared file; its labels are the direct answers in the table with their official scores. */
export interface AokvqaQuestion extends Question, AokvqaAnswers {
  readonly choices: readonly string[];
  readonly questionId: string;
}

const LIST_KEYS = ['questions', 'annotations', 'data'];
const LINES = { kind: 'lines' } as const;

/** What the official files are, for messages about others. */
export const AOKVQA_FILES: ExampleFileKind = {
  expected: 'the official questions of A-OKVQA, such as aokvqa_v1p0_val.json',
  forms: ['aOkVqa'],
};
const ROWS: ExampleFileKind = {
  expected: 'questions that lxmert prepare aokvqa wrote, [{img_id, question_id, sent, choices, ...}, ...]',
  forms: ['aOkVqaRows', 'aOkVqaRowsUnlabelled'],
};

/**
 * Reads an official file, `[{split, image_id, question_id, question, choices, ...}, ...]`.
 *
 * @param isTable whether it is a hub's table, whose rows have no `image_id`
 * @throws LxmertError with place and key
 */
export async function* streamAokvqaRecords(
  source: JsonSource,
  isTable = false,
): AsyncGenerator<AokvqaRecord> {
  const layout = isTable ? LINES : await findLayout(source, LIST_KEYS);
  for await (const { value, place } of streamRecords(source, layout, 'question')) {
    const record = checkRecord(officialSchema, value, source.name, place);
    const { split, image_id: imageNumber, question } = record;
    if (imageNumber === undefined && !isTable) {
      throw new LxmertError(`${source.name}: ${place}, key 'image_id': expected a number, found nothing.`);
    }
    yield { split, imageNumber, question, ...answersOf(record) };
  }
}

/** The answers of an official file, or of a prepared one. @throws LxmertError with file, place and key */
export async function* readAokvqaAnswers(file: string): AsyncGenerator<AokvqaAnswers> {
  const source = await openJson(file, AOKVQA_FILES.expected);
  const kind = { ...AOKVQA_FILES, forms: [...AOKVQA_FILES.forms, ...ROWS.forms] };
  yield* readOpenedAs(source, kind, answersIn(source));
}

async function* answersIn(source: JsonSource): AsyncGenerator<AokvqaAnswers> {
  const layout = await findLayout(source, LIST_KEYS);
  let numQuestions = 0;
  for await (const { value, place } of streamRecords(source, layout, 'question')) {
    yield answersOf(checkRecord(z.object(said), value, source.name, place));
    numQuestions++;
  }
  if (numQuestions === 0) throw new LxmertError(`${source.name} holds no questions.`);
}

/**
 * Reads a prepared file, `[{img_id, question_id, sent, label?, choices, correct_choice_idx?, direct_answers?,
 * difficult_direct_answer?}, ...]`.
 *
 * @throws LxmertError with file, place and key; for a file of another kind, what it is and which command takes it
 */
export function streamAokvqaQuestions(file: string): AsyncGenerator<AokvqaQuestion> {
  return readAs(file, ROWS, readRows(file));
}

async function* readRows(file: string): AsyncGenerator<AokvqaQuestion> {
  for await (const { value, place } of readRecords(file, 'question')) {
    const record = checkRecord(rowSchema, value, file, place);
    yield {
      imageIds: [record.img_id],
      sentence: record.sent,
      labels: record.label === undefined ? undefined : new Map(Object.entries(record.label)),
      questionType: '',
      answerType: '',
      ...answersOf(record),
    };
  }
}

function answersOf(record: z.output<z.ZodObject<typeof said>>): AokvqaAnswers {
  const { question_id: questionId, choices, correct_choice_idx: place, direct_answers: direct } = record;
  return {
    questionId,
    choices,
    correctChoice: typeof place === 'number' ? choices[place] : undefined,
    directAnswers: direct ?? undefined,
    isDifficult: record.difficult_direct_answer === true,
  };
}
