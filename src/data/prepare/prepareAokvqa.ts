/** @file A-OKVQA from its archive to rows with choices and direct answers. */

import { LxmertError, UsageError } from '../../common/errors.js';
import { AOKVQA_FILES, type AokvqaRecord, streamAokvqaRecords } from '../annotations/aokvqaAnnotations.js';
import { AnswerTable } from '../answerTable.js';
import { directAnswerScore } from '../aokvqaScore.js';
import { cocoDigits } from '../cocoImages.js';
import { AnswerCounts } from './answerCounts.js';
import { ANSWER_TABLE_FILES, writeAnswerTable } from './answerTableFiles.js';
import { hubSplits } from './hubTables.js';
import { type OutputFiles, withOutputFiles } from './outputFiles.js';
import { type PreparedSplit, type PrepareOptions, SplitCounter } from './prepareOptions.js';
import { compareCodePoints } from './pythonJson.js';
import { formOfRaw, nothingFound, openRawFiles, preparedName, type RawFile, readRawAs } from './rawFiles.js';
import { type RawSplit, RawSplits } from './rawSplits.js';
import { UniqueIds } from './uniqueIds.js';
import { knownSplit } from './vqaTables.js';

/** Training questions that an answer must be among the choices of, or among the direct answers of. */
export const AOKVQA_MIN_OCCURRENCES = 3;

/** What may stand before the number: COCO 2017's files have the number alone. */
const PREFIXES = ['', 'COCO_train2014_', 'COCO_val2014_', 'COCO_train2017_', 'COCO_val2017_'];

export interface PrepareAokvqaOptions extends PrepareOptions {
  readonly outputFolder: string;
  /** An answer table to use as it is, instead of one made from the training questions. */
  readonly answerTable?: AnswerTable;
  /** Default {@link AOKVQA_MIN_OCCURRENCES}. */
  readonly minOccurrences?: number;
  /** Ids of pictures that features are there of: each image gets the form of its id that is among them. */
  readonly knownImages?: ReadonlySet<string>;
}

/** What became of a file, with its choices. */
export interface PreparedAokvqaSplit extends PreparedSplit {
  readonly numChoices: number;
  /** Choices that are in the answer table, which alone a model can tell apart. */
  readonly numChoicesInTable: number;
  readonly numDifficult: number;
  /** Questions about pictures of which no form of their id is known. */
  readonly numUnknownImages: number;
}

export interface PreparedAokvqa {
  readonly splits: readonly PreparedAokvqaSplit[];
  readonly numAnswers: number;
  readonly tableFrom: 'annotations' | 'given';
  /** What was not as documented and read all the same. */
  readonly notes: readonly string[];
}

/** Columns of a hub's table. */
const NEEDED = [['question_id'], ['question'], ['choices']];

/**
 * Writes train.json, val.json and test.json, those that are among the sources, and the answer table. Which split a file is
 * shows in its records. A row is one of VQA's, with the choices and the direct answers beside it; its label has the direct answers in
 * the table, each with its official score ({@link directAnswerScore}).
 *
 * The table is that of the authors' own script (`build_vocab.py`): the right choice of each training question, and the answers
 * that are choices, or direct answers, of 3 training questions or more, sorted by code points.
 *
 * @throws UsageError when no questions are among the sources, or there are none to make a table from; LxmertError for files
 *   that are cut short or wrong. No file is left then.
 */
export async function prepareAokvqa(options: PrepareAokvqaOptions): Promise<PreparedAokvqa> {
  const notes: string[] = [];
  const splits = await findSplits(await openRawFiles(options.sources), (line) => notes.push(line));
  const names = [...splits.map(({ name }) => `${name}.json`), ...ANSWER_TABLE_FILES];
  return await withOutputFiles(options.outputFolder, names, options.overwrite ?? false, async (outputs) => {
    const table = options.answerTable ?? (await tableOf(splits, options));
    await writeAnswerTable(outputs, table, 'vqa');
    const prepared: PreparedAokvqaSplit[] = [];
    for (const split of splits) prepared.push(await writeSplit(split, table, outputs, options));
    return {
      splits: prepared,
      numAnswers: table.size,
      tableFrom: options.answerTable === undefined ? 'annotations' : 'given',
      notes,
    };
  });
}

async function findSplits(files: readonly RawFile[], note: (line: string) => void): Promise<RawSplit[]> {
  const splits = new RawSplits('A-OKVQA');
  for (const { split, table } of await hubSplits(files, NEEDED, note))
    splits.add(knownSplit(split, table.name).file.replace(/\.json$/, ''), table);
  for (const raw of files) {
    if (raw.isTable === true || (await formOfRaw(raw))?.form !== 'aOkVqa') continue;
    splits.add((await splitName(raw)) ?? preparedName(raw).replace(/\.json$/, ''), raw);
  }
  const found = splits.inOrder;
  if (found.length > 0) return found;
  throw await nothingFound(
    'No questions of A-OKVQA were found: expected aokvqa_v1p0.tar.gz, or lists [{split, image_id, question_id, question, choices, ...}, ...]',
    files,
  );
}

/** `train`, `val` or `test`, as the first record says. */
async function splitName(raw: RawFile): Promise<string | undefined> {
  for await (const { split } of recordsOf(raw)) {
    return split !== undefined && ['train', 'val', 'test'].includes(split) ? split : undefined;
  }
  return undefined;
}

async function tableOf(splits: readonly RawSplit[], options: PrepareAokvqaOptions): Promise<AnswerTable> {
  const train = splits.find(({ name }) => name === 'train');
  if (train === undefined) {
    throw new UsageError(
      'There are no training questions to make an answer table from. Give --answers with a trainval_label2ans.json.',
    );
  }
  const [choices, direct] = [new AnswerCounts(), new AnswerCounts()];
  const answers = new Set<string>();
  const counter = new SplitCounter('the answers of train.json', options);
  for await (const record of recordsOf(train.raw)) {
    counter.add();
    if (record.correctChoice !== undefined) answers.add(record.correctChoice);
    choices.add(new Set(record.choices));
    direct.add(new Set(record.directAnswers));
  }
  const minOccurrences = options.minOccurrences ?? AOKVQA_MIN_OCCURRENCES;
  for (const counts of [choices, direct])
    for (const each of counts.atLeast(minOccurrences)) answers.add(each);
  if (answers.size === 0) throw new LxmertError(`${train.raw.name} has no answers to make a table from.`);
  return new AnswerTable([...answers].sort(compareCodePoints));
}

async function writeSplit(
  { name, raw }: RawSplit,
  table: AnswerTable,
  outputs: OutputFiles,
  options: PrepareAokvqaOptions,
): Promise<PreparedAokvqaSplit> {
  const file = `${name}.json`;
  const writer = await outputs.array(file);
  const counter = new SplitCounter(file, options);
  const ids = new UniqueIds(raw.name, 'question');
  let [numChoices, numChoicesInTable, numDifficult, numUnknownImages] = [0, 0, 0, 0];
  for await (const record of recordsOf(raw)) {
    const { questionId, question, choices, correctChoice, directAnswers, isDifficult } = record;
    ids.add(questionId);
    counter.seeSentence(question);
    // The picture of a table goes by the question, as lxmert images export names it.
    const { imageNumber = questionId } = record;
    const imageId = imageIdIn(imageNumber, options.knownImages);
    if (imageId === undefined) numUnknownImages++;
    numChoices += choices.length;
    numChoicesInTable += choices.filter((choice) => table.indexOf(choice) !== undefined).length;
    if (isDifficult) numDifficult++;
    const different = [...new Set(directAnswers)];
    const known = different.filter((answer) => table.indexOf(answer) !== undefined);
    await writer.add({
      img_id: imageId ?? imageText(imageNumber),
      question_id: questionId,
      sent: question,
      choices,
      correct_choice_idx: correctChoice === undefined ? undefined : choices.indexOf(correctChoice),
      direct_answers: directAnswers,
      difficult_direct_answer: directAnswers === undefined ? undefined : isDifficult,
      label:
        directAnswers === undefined
          ? undefined
          : new Map(known.map((answer) => [answer, directAnswerScore(answer, directAnswers)])),
    });
    if (directAnswers === undefined) counter.add();
    else counter.add(known.length, different.length - known.length);
  }
  await writer.end();
  return { ...counter.result, numChoices, numChoicesInTable, numDifficult, numUnknownImages };
}

function recordsOf(raw: RawFile): AsyncGenerator<AokvqaRecord> {
  return readRawAs(raw, AOKVQA_FILES, streamAokvqaRecords(raw, raw.isTable === true));
}

function imageText(number: number | string): string {
  return typeof number === 'string' ? number : cocoDigits(number);
}

/** The form of an image's id that is known; without known ids that of COCO 2017's files, the number alone. */
function imageIdIn(number: number | string, known: ReadonlySet<string> | undefined): string | undefined {
  const digits = imageText(number);
  if (known === undefined) return digits;
  return [...PREFIXES.map((prefix) => prefix + digits), String(number)].find((id) => known.has(id));
}
