/** @file Questions of VQA under names of their own: lists of other projects, and official ones that were renamed. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { imageIdOf } from '../../features/files.js';
import { streamRecords } from '../annotations/jsonRecords.js';
import { findLayout } from '../annotations/jsonStream.js';
import { checkRecord } from '../annotations/record.js';
import { readLlavaQuestions } from './llavaQuestions.js';
import { formOfRaw, nothingFound, preparedName, type RawFile } from './rawFiles.js';
import type { VqaRow, VqaSplit } from './rows.js';
import { idSchema, vqaAnnotationForms, vqaQuestionForms } from './vqaRecords.js';

/** Questions with their annotations, where there are any. */
export interface VqaPair {
  readonly questions: RawFile;
  readonly annotations: RawFile | undefined;
}

/** The names that the official files end in. */
const OFFICIAL = /(train2014|val2014|test2015|vqacp_v[12]_(train|test))_(questions|annotations)\.json$/;

const listedSchema = z.object({
  question_id: idSchema,
  image: z.string().min(1),
  question: z.string(),
  answer: z.union([z.string(), z.array(z.string())]).optional(),
  dataset: z.string().optional(),
});
/**
 * The files that are lists of other projects by their content: ALBEF's, BLIP's and LAVIS's with an answer or ten, LLaVA's
 * lines without.
 *
 * @param hasOfficial whether there are files with official names, so that others count only when they are named
 */
export async function ownVqaSplits(files: readonly RawFile[], hasOfficial: boolean): Promise<VqaSplit[]> {
  const splits: VqaSplit[] = [];
  for (const file of files) {
    if (file.isTable || OFFICIAL.test(file.baseName) || (hasOfficial && !file.isNamed)) continue;
    if (splits.some(({ source }) => source === file.name)) continue;
    const form = (await formOfRaw(file))?.form;
    if (form !== 'albefVqa' && form !== 'llavaQuestions') continue;
    const rows = () => (form === 'albefVqa' ? listedRows(file) : readLlavaQuestions(file));
    splits.push({
      name: file.baseName,
      file: preparedName(file),
      source: file.name,
      isForTable: form === 'albefVqa' && (await isOfVqa(file)),
      rows,
    });
  }
  // Visual Genome's answers make a table only where there are no others.
  return splits.some(({ isForTable }) => isForTable)
    ? splits
    : splits.map((split) => ({ ...split, isForTable: true }));
}

async function isOfVqa(file: RawFile): Promise<boolean> {
  for await (const { value, place } of recordsOf(file)) {
    const { dataset, answer } = checkRecord(listedSchema, value, file.name, place);
    return dataset !== 'vg' && answer !== undefined;
  }
  return false;
}

async function* listedRows(file: RawFile): AsyncGenerator<VqaRow> {
  for await (const { value, place } of recordsOf(file)) {
    const record = checkRecord(listedSchema, value, file.name, place);
    const { question_id: questionId, image, question, answer } = record;
    const answers = typeof answer === 'string' ? [answer] : answer;
    yield { imageId: imageIdOf(image), questionId, question, answers };
  }
}

async function* recordsOf(file: RawFile) {
  yield* streamRecords(file, await findLayout(file, ['questions', 'data']), 'question');
}

/**
 * The one file of questions in VQA's form and the one of annotations, whatever they are called.
 *
 * @param as the split that they are taken for; that of test2015 has no annotations
 * @throws UsageError when there is none or more than one of either
 */
export async function pairOfOwnNames(files: readonly RawFile[], as: string): Promise<VqaPair> {
  const questions: RawFile[] = [];
  const annotations: RawFile[] = [];
  for (const file of files) {
    const form = (await formOfRaw(file))?.form ?? '';
    if (vqaQuestionForms.includes(form)) questions.push(file);
    if (vqaAnnotationForms.includes(form)) annotations.push(file);
  }
  const [asked] = questions;
  if (asked === undefined) {
    throw await nothingFound(`No questions in VQA's form were found to take as those of ${as}`, files);
  }
  const many = [questions, annotations].find((each) => each.length > 1);
  if (many !== undefined) {
    throw new UsageError(
      `--as ${as} is for one file of questions and one of annotations, but there are several: ${many.map(({ name }) => name).join(', ')}.`,
    );
  }
  if (annotations[0] === undefined && as !== 'test2015') {
    throw new UsageError(
      `The questions of ${asked.name} have no annotations beside them. Give them too, or take the questions --as test2015, which has none.`,
    );
  }
  return { questions: asked, annotations: annotations[0] };
}
