/** @file Which raw files of VQA, and of data sets in its form, make which split. */

import { UsageError } from '../../common/errors.js';
import { type CocoSplit, cocoSplits } from '../cocoImages.js';
import { joinById } from './joinById.js';
import { okvqaTableSplits } from './okvqaTables.js';
import { formOfRaw, nothingFound, onlyFile, type RawFile } from './rawFiles.js';
import { mostGivenAnswer, type VqaRow, type VqaSplit } from './rows.js';
import { ownVqaSplits, pairOfOwnNames, type VqaPair } from './vqaOwnFiles.js';
import { cocoImageName, readVqaAnnotations, readVqaQuestions } from './vqaRecords.js';
import { vqaTableSplits } from './vqaTables.js';

export interface FindVqaOptions {
  /** Takes a file of questions, and one of annotations, under whatever names as those of this split. */
  readonly as?: CocoSplit | undefined;
  /** Refuses annotations that are not OK-VQA's, which are named as VQA v1's are. */
  readonly isOkvqa?: boolean | undefined;
  /** Told what was read once only, or not at all. */
  readonly note: (line: string) => void;
}

const COCO_FILES: Readonly<Record<CocoSplit, string>> = {
  train2014: 'train.json',
  val2014: 'val.json',
  test2015: 'test.json',
};

/** VQA-CP's own names; of its two versions a run takes one. */
const VQA_CP_SPLITS = [
  ['train', 'train.json'],
  ['test', 'test.json'],
] as const;

/**
 * The splits whose raw files are there, known by the ends of their names: `train2014_questions.json` with
 * `train2014_annotations.json`, the same of `val2014`, `test2015_questions.json`; `vqacp_v2_train_questions.json` and so on.
 * Lists of other projects (ALBEF, BLIP, LAVIS, LLaVA) are known by their content and keep their names: those that are named by
 * themselves, or, where no file has an official name, any. Tables are known by the names that hubs give them.
 *
 * @throws UsageError when none is there, a companion is missing, or VQA-CP lies beside VQA
 */
export async function findVqaSplits(
  files: readonly RawFile[],
  { as, isOkvqa = false, note }: FindVqaOptions,
): Promise<VqaSplit[]> {
  const tables = isOkvqa ? await okvqaTableSplits(files, note) : await vqaTableSplits(files, as, note);
  if (as !== undefined && tables.length > 0) return tables;
  if (as !== undefined) {
    const pair = await pairOfOwnNames(files, as);
    return [officialSplit(pair, as, as, COCO_FILES[as])];
  }
  const splits: VqaSplit[] = [...tables];
  for (const image of cocoSplits) {
    const pair = await pairOf(files, image, note);
    if (pair === undefined) continue;
    if (isOkvqa && pair.annotations !== undefined) await requireOkvqa(pair.annotations);
    splits.push(officialSplit(pair, image, image, COCO_FILES[image]));
  }
  if (isOkvqa) {
    if (splits.length > 0) return splits;
    throw await nothingFound(
      'No questions of OK-VQA were found: expected OpenEnded_mscoco_train2014_questions.json with ' +
        'mscoco_train2014_annotations.json, or the same of val2014',
      files,
    );
  }
  const cp: VqaSplit[] = [];
  for (const version of ['v1', 'v2']) {
    for (const [part, file] of VQA_CP_SPLITS) {
      const name = `vqacp_${version}_${part}`;
      const pair = await pairOf(files, name, note);
      if (pair !== undefined) cp.push(officialSplit(pair, name, undefined, file));
    }
  }
  const own = await ownVqaSplits(files, splits.length + cp.length > 0);
  const all = [...splits, ...cp, ...own];
  const twice = all.find(({ file }, i) => all.findIndex((other) => other.file === file) !== i);
  if (twice !== undefined || (splits.length > 0 && cp.length > 0)) {
    throw new UsageError(
      `Several data sets were found (${all.map(({ name }) => name).join(', ')}), whose files would have the same names. Give those of one, and make the others in a run of their own.`,
    );
  }
  if (all.length > 0) return all;
  throw await nothingFound(
    'No VQA questions were found: expected names that end in train2014_questions.json, val2014_questions.json or ' +
      'test2015_questions.json, which say which half of COCO the images are of (or --as, which says it), or ' +
      'vqacp_v2_train_questions.json',
    files,
  );
}

async function requireOkvqa(annotations: RawFile): Promise<void> {
  const form = await formOfRaw(annotations);
  if (form === undefined || form.form === 'okVqaAnnotations') return;
  throw new UsageError(
    `${annotations.name} holds ${form.title}; expected the official annotations of OK-VQA. ${form.wayOn}`,
  );
}

/** A split of the official files. @param image the half of COCO, undefined where each question states its own */
function officialSplit(
  { questions, annotations }: VqaPair,
  name: string,
  image: CocoSplit | undefined,
  file: string,
): VqaSplit {
  return {
    name,
    file,
    source: questions.name,
    isVal: image === 'val2014',
    isForTable: annotations !== undefined,
    rows: () => officialRows(questions, annotations, image),
    ...(annotations === undefined ? {} : { mostGiven: () => mostGivenOf(annotations) }),
  };
}

async function* officialRows(
  questions: RawFile,
  annotations: RawFile | undefined,
  image: CocoSplit | undefined,
): AsyncGenerator<VqaRow> {
  if (annotations === undefined) {
    for await (const question of readVqaQuestions(questions)) {
      yield {
        imageId: cocoImageName(question, undefined, image, questions.name),
        questionId: question.question_id,
        question: question.question,
        answers: undefined,
      };
    }
    return;
  }
  const pairs = joinById(
    { name: questions.name, records: readVqaQuestions(questions), idOf: (each) => each.question_id },
    { name: annotations.name, records: readVqaAnnotations(annotations), idOf: (each) => each.question_id },
  );
  for await (const [question, annotation] of pairs) {
    yield {
      imageId: cocoImageName(question, annotation, image, questions.name),
      questionId: question.question_id,
      question: question.question,
      answers: annotation.answers.map(({ answer }) => answer),
      mostGiven: annotation.multiple_choice_answer,
      questionType: annotation.question_type,
      answerType: annotation.answer_type,
    };
  }
}

async function* mostGivenOf(annotations: RawFile): AsyncGenerator<string | undefined> {
  for await (const { multiple_choice_answer: mostGiven, answers } of readVqaAnnotations(annotations)) {
    yield mostGivenAnswer({ mostGiven, answers: answers.map(({ answer }) => answer) });
  }
}

async function pairOf(
  files: readonly RawFile[],
  name: string,
  note: (line: string) => void,
): Promise<VqaPair | undefined> {
  const questions = await onlyFile(
    withoutChoices(files, name, note),
    new RegExp(`${name}_questions\\.json$`),
    note,
  );
  const annotations = await onlyFile(files, new RegExp(`${name}_annotations\\.json$`), note);
  if (questions === undefined && annotations === undefined) return undefined;
  if (questions === undefined) {
    throw new UsageError(
      `The annotations of ${name} are there, but not its questions (...${name}_questions.json). Give them too, or leave the annotations out.`,
    );
  }
  if (annotations === undefined && name !== 'test2015') {
    throw new UsageError(
      `The questions of ${name} are there, but not its annotations (...${name}_annotations.json). Give them too, or leave the questions out: without annotations they can only be answered, as those of test2015 are.`,
    );
  }
  return { questions, annotations };
}

/** VQA v1 has each question in two files; that of multiple choice adds the choices, which are not used. */
function withoutChoices(
  files: readonly RawFile[],
  name: string,
  note: (line: string) => void,
): readonly RawFile[] {
  const ofChoices = new RegExp(`MultipleChoice_.*${name}_questions\\.json$`);
  const isOpenEnded = new RegExp(`OpenEnded_.*${name}_questions\\.json$`);
  const choices = files.filter(({ baseName }) => ofChoices.test(baseName));
  if (choices.length === 0 || !files.some(({ baseName }) => isOpenEnded.test(baseName))) return files;
  note(
    `${choices.map((file) => file.name).join(', ')} has the same questions with choices, which are not used; the open-ended file is read.`,
  );
  return files.filter((file) => !choices.includes(file));
}
