/** @file Questions of VQA and GQA in the reference's JSON format. */

import { z } from 'zod';
import { type ExampleFileKind, readAs, readRecords } from './exampleFile.js';
import { choicesSchema, type Question } from './question.js';
import { checkRecord } from './record.js';
import { unreadLabelKey } from './unreadLabelKey.js';

const questionSchema = z.object({
  img_id: z.string().min(1),
  question_id: z.union([z.int(), z.string().min(1)]),
  sent: z.string(),
  label: z.record(z.string(), z.number().min(0).max(1)).optional(),
  question_type: z.string().optional(),
  answer_type: z.string().optional(),
  choices: choicesSchema,
});

const KIND: ExampleFileKind = {
  expected: "questions in the reference's rows, [{img_id, question_id, sent, label}, ...]",
  forms: ['vqa', 'gqa', 'aOkVqa'].flatMap((each) => [`${each}Rows`, `${each}RowsUnlabelled`]),
};

/**
 * Reads a file of questions: `[{img_id, question_id, sent, label?, question_type?, answer_type?}, ...]`, or a row on each
 * line. Other keys are ignored, as the published files carry some.
 *
 * @throws LxmertError with file, index and key for an entry that is not as expected; for a file of another kind, what it
 *   is and which command takes it
 */
export function streamQuestions(file: string): AsyncGenerator<Question> {
  return readAs(file, KIND, readRows(file));
}

async function* readRows(file: string): AsyncGenerator<Question> {
  for await (const { value, place } of readRecords(file, 'question')) {
    const record = checkRecord(questionSchema, value, file, place);
    yield {
      imageIds: [record.img_id],
      questionId: record.question_id,
      sentence: record.sent,
      labels: record.label === undefined ? undefined : new Map(Object.entries(record.label)),
      questionType: record.question_type ?? '',
      answerType: record.answer_type ?? '',
      ...(record.choices && { choices: record.choices }),
      ...unreadLabelKey(record.label, value),
    };
  }
}

/** All questions of a file. */
export async function readQuestions(file: string): Promise<Question[]> {
  const questions: Question[] = [];
  for await (const question of streamQuestions(file)) questions.push(question);
  return questions;
}
