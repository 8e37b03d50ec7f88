/** @file The two files of an answer table, with the bytes that the reference's have. */

import type { AnswerTable } from '../answerTable.js';
import type { OutputFiles } from './outputFiles.js';
import { formatPythonJson, type PythonJsonOptions } from './pythonJson.js';

/** Answer to row, and row to answer. */
export const ANSWER_TABLE_FILES = ['trainval_ans2label.json', 'trainval_label2ans.json'] as const;

const indented = { indent: 4, sortKeys: false } as const;
/** How the reference's tables are laid out: VQA's answers are sorted, GQA's second file is one line. */
const STYLES: Record<'vqa' | 'gqa', readonly [PythonJsonOptions, PythonJsonOptions]> = {
  vqa: [{ indent: 4, sortKeys: true }, indented],
  gqa: [indented, { indent: undefined, sortKeys: false }],
};

/** The contents of {@link ANSWER_TABLE_FILES}, in their order. */
export function formatAnswerTable(table: AnswerTable, task: 'vqa' | 'gqa'): [string, string] {
  const inverse = new Map(table.answers.map((answer, i): [string, number] => [answer, i]));
  const [forInverse, forAnswers] = STYLES[task];
  return [formatPythonJson(inverse, forInverse), formatPythonJson(table.answers, forAnswers)];
}

/** Writes both files. */
export async function writeAnswerTable(
  outputs: OutputFiles,
  table: AnswerTable,
  task: 'vqa' | 'gqa',
): Promise<void> {
  for (const [i, content] of formatAnswerTable(table, task).entries()) {
    await outputs.text(ANSWER_TABLE_FILES[i]!, content);
  }
}
