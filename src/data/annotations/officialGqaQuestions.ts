/** @file The official questions and choices of GQA: objects of entries by question id. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { type ExampleFileKind, readOpenedAs } from './exampleFile.js';
import type { JsonSource } from './jsonSource.js';
import { beginsArray, streamArray, streamEntries } from './jsonStream.js';
import { openJson } from './openJson.js';
import { checkRecord } from './record.js';

/** What the files should be, for messages about others. */
const QUESTIONS: ExampleFileKind = {
  expected: 'official questions by id, such as val_balanced_questions.json',
  forms: ['gqaQuestions'],
};
const CHOICES: ExampleFileKind = {
  expected: 'official choices by question id, such as val_choices.json',
  forms: ['gqaChoices'],
};

/** One question as the metrics read it. What a file may lack is undefined. */
export interface GqaQuestion {
  readonly id: string;
  readonly answer: string;
  /** In the balanced part, which all metrics are taken over. */
  readonly isBalanced: boolean;
  readonly sentence: string | undefined;
  /** `query`, `verify`, `logical`, `choose`, `compare`. */
  readonly structuralType: string | undefined;
  /** `obj`, `attr`, `cat`, `rel`, `global`. */
  readonly semanticType: string | undefined;
  /** One of about a hundred kinds, such as `existAttrOr`. */
  readonly detailedType: string | undefined;
  /** What the question is about, such as `fruit`; null for none. */
  readonly globalGroup: string | null | undefined;
  /** Ids of questions whose answers follow from this one's; its own may be among them. */
  readonly entailed: readonly string[] | undefined;
  /** The steps of its functional program. */
  readonly program: readonly { readonly operation: string; readonly argument: string }[] | undefined;
}

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);

const questionSchema = z.object({
  answer: z.string(
    'expected the answer; the test and challenge splits have none and are scored by their server',
  ),
  isBalanced: z.boolean(),
  question: text,
  types: z.object({ structural: text, semantic: text, detailed: text }).optional(),
  groups: z.object({ global: z.string().nullable() }).optional(),
  entailed: z.array(z.string()).optional(),
  semantic: z
    .array(
      z.object({
        operation: z.string(),
        argument: z
          .string()
          .nullish()
          .transform((value) => value ?? ''),
      }),
    )
    .optional(),
});

/**
 * Yields the questions of a file like `val_balanced_questions.json`, `{id: {answer, isBalanced, ...}}`, in order.
 * The files of all training questions have 1.7 GB; one question is held at a time. A list of such entries with their `id` is
 * read too (`id`, `questionId` or `question_id`), and a table.
 *
 * @throws LxmertError with file, question and key for an entry that is not as expected
 */
export async function* readOfficialGqaQuestions(file: string): AsyncGenerator<GqaQuestion> {
  const source = await openJson(file, QUESTIONS.expected);
  yield* readOpenedAs(source, QUESTIONS, readQuestions(source));
}

async function* readQuestions(source: JsonSource): AsyncGenerator<GqaQuestion> {
  for await (const [id, value] of gqaQuestionEntries(source)) {
    const record = checkRecord(questionSchema, value, source.name, `question '${id}'`);
    yield {
      id,
      answer: record.answer,
      isBalanced: record.isBalanced,
      sentence: record.question,
      structuralType: record.types?.structural,
      semanticType: record.types?.semantic,
      detailedType: record.types?.detailed,
      globalGroup: record.groups?.global,
      entailed: record.entailed,
      program: record.semantic,
    };
  }
}

/** Questions by id, unchecked; a list of them has the id in each, as tables of other libraries come out. */
export async function* gqaQuestionEntries(source: JsonSource): AsyncGenerator<[string, unknown]> {
  if (source.records !== undefined) {
    for await (const { value, place } of source.records()) {
      yield [statedId(checkRecord(listedSchema, value, source.name, place)), value];
    }
    return;
  }
  if (!(await beginsArray(source))) {
    for await (const [id, value] of streamEntries(source)) {
      if (WRAPPERS.includes(id)) {
        throw new LxmertError(
          `${source.name}: expected ${QUESTIONS.expected}, found the key '${id}' at the top level. Write what stands under it as a file of its own.`,
        );
      }
      yield [id, value];
    }
    return;
  }
  let index = 0;
  for await (const value of streamArray(source)) {
    yield [statedId(checkRecord(listedSchema, value, source.name, `element ${index++}`)), value];
  }
  if (index > 0) return;
  throw new LxmertError(
    `${source.name}: expected a JSON object at the top level, or a list of questions, found an empty list.`,
  );
}

const id = z.union([z.string().min(1), z.int()]).optional();
const listedSchema = z
  .object({ id, questionId: id, question_id: id })
  .refine(
    (entry) => entry.id !== undefined || entry.questionId !== undefined || entry.question_id !== undefined,
    { path: ['id'], message: 'expected text or a number, found nothing' },
  );

function statedId(entry: z.output<typeof listedSchema>): string {
  return String(entry.id ?? entry.questionId ?? entry.question_id);
}

/** Keys that other programs put such an object under. */
const WRAPPERS = ['questions', 'data', 'annotations'];

/** Answers that would be valid for a question (of the right kind) and plausible (possible in the world). */
export interface GqaChoices {
  readonly id: string;
  readonly valid: readonly string[];
  readonly plausible: readonly string[];
}

const choicesSchema = z.object({ valid: z.array(z.string()), plausible: z.array(z.string()) });

/**
 * Yields the entries of a file like `val_choices.json`, `{id: {valid: [...], plausible: [...]}}`.
 *
 * @throws LxmertError with file, question and key for an entry that is not as expected
 */
export async function* readGqaChoices(file: string): AsyncGenerator<GqaChoices> {
  const source = await openJson(file, CHOICES.expected);
  yield* readOpenedAs(source, CHOICES, readChoices(source));
}

async function* readChoices(source: JsonSource): AsyncGenerator<GqaChoices> {
  for await (const [id, value] of streamEntries(source)) {
    yield { id, ...checkRecord(choicesSchema, value, source.name, `choices of question '${id}'`) };
  }
}
