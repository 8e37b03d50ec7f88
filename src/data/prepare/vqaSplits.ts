/** @file Which raw files of VQA, and of data sets in its form, make which split. */

import { UsageError } from '../../common/errors.js';
import { nothingFound, onlyFile, type RawFile } from './rawFiles.js';

/** The half of COCO that images are of. */
export type CocoSplit = 'train2014' | 'val2014' | 'test2015';

/** The raw files of one split. */
export interface RawVqaSplit {
  /** As messages call it: `train2014`, `vqacp_v2_train`. */
  readonly name: string;
  /** The half of COCO that the names state; undefined in VQA-CP, where each question states its own. */
  readonly image: CocoSplit | undefined;
  /** Name of the file to write, unless the questions are divided by a list of minival ids. */
  readonly file: string;
  readonly questions: RawFile;
  readonly annotations: RawFile | undefined;
}

const COCO_SPLITS = [
  ['train2014', 'train.json'],
  ['val2014', 'val.json'],
  ['test2015', 'test.json'],
] as const;

/** VQA-CP's own names; of its two versions a run takes one. */
const VQA_CP_SPLITS = [
  ['train', 'train.json'],
  ['test', 'test.json'],
] as const;

/**
 * The splits whose raw files are there, known by the ends of their names: `train2014_questions.json` with
 * `train2014_annotations.json`, the same of `val2014`, `test2015_questions.json`; `vqacp_v2_train_questions.json` and so on.
 *
 * @throws UsageError when none is there, a companion is missing, or VQA-CP lies beside VQA
 */
export async function findVqaSplits(
  files: readonly RawFile[],
  note: (line: string) => void,
): Promise<RawVqaSplit[]> {
  const splits: RawVqaSplit[] = [];
  for (const [image, file] of COCO_SPLITS) {
    const split = await splitOf(files, image, note);
    if (split !== undefined) splits.push({ ...split, name: image, image, file });
  }
  const cp: RawVqaSplit[] = [];
  for (const version of ['v1', 'v2']) {
    for (const [part, file] of VQA_CP_SPLITS) {
      const name = `vqacp_${version}_${part}`;
      const split = await splitOf(files, name, note);
      if (split !== undefined) cp.push({ ...split, name, image: undefined, file });
    }
  }
  const all = [...splits, ...cp];
  const twice = all.find(({ file }, i) => all.findIndex((other) => other.file === file) !== i);
  if (twice !== undefined || (splits.length > 0 && cp.length > 0)) {
    throw new UsageError(
      `Several data sets were found (${all.map(({ name }) => name).join(', ')}), whose files would have the same names. Give those of one, and make the others in a run of their own.`,
    );
  }
  if (all.length > 0) return all;
  throw nothingFound(
    'No VQA questions were found: expected names that end in train2014_questions.json, val2014_questions.json or ' +
      'test2015_questions.json, which say which half of COCO the images are of, or vqacp_v2_train_questions.json',
    files,
  );
}

async function splitOf(
  files: readonly RawFile[],
  name: string,
  note: (line: string) => void,
): Promise<Pick<RawVqaSplit, 'questions' | 'annotations'> | undefined> {
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
