/** @file The quickstart's result as one web page. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '../common/atomicFile.js';
import type { FeatureStore } from '../features/index.js';
import { formatMillions } from '../formats/numbers.js';
import {
  describeRun,
  EPOCHS_NOTE,
  pictureRegions,
  type ReportExample,
  renderReport,
} from '../report/index.js';
import type { AnsweredExample, QuickstartResult } from './quickstartResult.js';

/** Writes `report.html` into the quickstart's folder and returns its path. */
export async function writeQuickstartReport(
  result: Omit<QuickstartResult, 'report'>,
  store: FeatureStore,
): Promise<string> {
  // Of the whole run, also of what was trained before an interruption.
  const { curves } = (await describeRun(result.runFolder)).report;
  const html = renderReport({
    title: 'LXMERT quickstart',
    subtitle:
      'A small model, trained from scratch on pictures drawn here, answers questions about scenes it never saw.',
    facts: [
      { label: 'Parameters', value: formatMillions(result.numParameters) },
      { label: 'Training steps', value: String(result.numSteps) },
      { label: 'Time in all', value: `${result.seconds.toFixed(0)} s` },
    ],
    // Loss and score.
    curves: curves.slice(0, 2),
    accuracy: {
      caption:
        'Accuracy by kind of question; heldout has pairs of color and shape that training never showed',
      columns: ['this model', 'question only', 'majority of type'],
      rows: result.accuracy.map((row) => ({
        label: `${row.split}: ${row.kind}`,
        values: [row.model, row.questionOnly, row.majority],
        numQuestions: row.numQuestions,
      })),
    },
    examples: await Promise.all(result.examples.map((example) => reportExample(example, store))),
    notes: [
      EPOCHS_NOTE,
      'Question only: the best answer that training gave to the very same question text, without looking.',
      'Examples are the first questions of the validation split, one of each kind; they are not chosen by the answer.',
    ],
    commands: [
      `npx lxmert answer ${result.examples[0]?.image ?? 'PICTURE'} "${result.examples[0]?.question ?? 'QUESTION'}" --model ${result.runFolder}`,
    ],
  });
  const file = path.join(result.folder, 'report.html');
  await writeFileAtomic(file, html);
  return file;
}

async function reportExample(example: AnsweredExample, store: FeatureStore): Promise<ReportExample> {
  const png = await readFile(example.image);
  return {
    imageDataUri: `data:image/png;base64,${png.toString('base64')}`,
    ...pictureRegions(store, path.basename(example.image, '.png')),
    question: example.question,
    expected: example.expected,
    answers: example.answers,
    isCorrect: example.expected.includes(example.answers[0]?.answer ?? ''),
  };
}
