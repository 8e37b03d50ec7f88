/** @file GQA from the official questions to the reference's JSON. */

import { AnswerTable } from '../answerTable.js';
import { ANSWER_TABLE_FILES, writeAnswerTable } from './answerTableFiles.js';
import { findGqaSplits, type GqaQuestions, type GqaSplit, type GqaSplitName } from './gqaSplits.js';
import { type OutputFiles, withOutputFiles } from './outputFiles.js';
import { type PreparedSplit, type PrepareOptions, SplitCounter } from './prepareOptions.js';
import { compareCodePoints, PythonFloat } from './pythonJson.js';
import { openRawFiles } from './rawFiles.js';
import { noteUnreadKey } from './unreadKeys.js';

export interface PrepareGqaOptions extends PrepareOptions {
  readonly outputFolder: string;
  /** Default balanced. */
  readonly questions?: GqaQuestions;
  /** An answer table to use as it is, instead of one made from train and val. */
  readonly answerTable?: AnswerTable;
  /** Takes the only file, whatever it is called, as this split. */
  readonly as?: GqaSplitName | undefined;
}

export interface PreparedGqa {
  readonly splits: readonly PreparedSplit[];
  /** Undefined when there was nothing to make a table from. */
  readonly numAnswers: number | undefined;
  readonly tableFrom: 'questions' | 'given' | 'nothing';
  /** What was not as documented and read all the same. */
  readonly notes: readonly string[];
}

/**
 * Writes train.json, valid.json, testdev.json, test.json and challenge.json (with `_all` behind their names for all
 * questions), those whose raw files are among the sources, and submit.json; and the answer table. Raw files are known by
 * their official names (`train_balanced_questions.json`, `submission_all_questions.json`, ...); a file in
 * their form under another name, such as GQA-OOD's, keeps its name.
 *
 * A question without an answer (submission) gets no label. Answers outside the table keep their label: the readers leave
 * them out.
 *
 * @throws UsageError when no questions are among the sources; LxmertError for raw files that are cut short or wrong. No
 *   file is left then.
 */
export async function prepareGqa(options: PrepareGqaOptions): Promise<PreparedGqa> {
  const notes: string[] = [];
  const files = await openRawFiles(options.sources);
  const splits = await findGqaSplits(files, {
    questions: options.questions ?? 'balanced',
    as: options.as,
    note: (line) => notes.push(line),
  });
  const forTable = splits.filter(({ isForTable }) => isForTable);
  const hasTable = options.answerTable !== undefined || forTable.length > 0;
  const names = [...splits.map((split) => split.file), ...(hasTable ? ANSWER_TABLE_FILES : [])];
  return await withOutputFiles(options.outputFolder, names, options.overwrite ?? false, async (outputs) => {
    const table = options.answerTable ?? (await buildAnswerTable(forTable, options));
    if (table !== undefined) await writeAnswerTable(outputs, table, 'gqa');
    const prepared: PreparedSplit[] = [];
    for (const split of splits) prepared.push(await writeSplit(split, table, outputs, options, notes));
    return {
      splits: prepared,
      numAnswers: table?.size,
      tableFrom: options.answerTable !== undefined ? 'given' : table === undefined ? 'nothing' : 'questions',
      notes,
    };
  });
}

/**
 * All answers of train and val, sorted by code points. The reference's are in the accidental order of a Python 3 set,
 * which differs from run to run: a head trained on its table needs that very table.
 */
async function buildAnswerTable(
  splits: readonly GqaSplit[],
  options: PrepareGqaOptions,
): Promise<AnswerTable | undefined> {
  const answers = new Set<string>();
  for (const split of splits) {
    const counter = new SplitCounter(`the answers of ${split.file}`, options);
    for await (const { answer } of split.rows()) {
      if (answer !== undefined) answers.add(answer);
      counter.add();
    }
  }
  return answers.size === 0 ? undefined : new AnswerTable([...answers].sort(compareCodePoints));
}

async function writeSplit(
  split: GqaSplit,
  table: AnswerTable | undefined,
  outputs: OutputFiles,
  options: PrepareGqaOptions,
  notes: string[],
): Promise<PreparedSplit> {
  const writer = await outputs.array(split.file);
  const counter = new SplitCounter(split.file, options);
  for await (const { imageId, questionId, question, answer, unreadLabelKey } of split.rows()) {
    noteUnreadKey(split.file, unreadLabelKey, notes);
    counter.seeSentence(question);
    const row = { img_id: imageId, question_id: questionId, sent: question };
    if (answer === undefined) {
      await writer.add(row);
      counter.add();
      continue;
    }
    await writer.add({ ...row, label: new Map([[answer, new PythonFloat(1)]]) });
    const isKnown = table === undefined || table.indexOf(answer) !== undefined;
    counter.add(Number(isKnown), Number(!isKnown));
  }
  await writer.end();
  return counter.result;
}
