/** @file `lxmert evaluate vqa`. */

import { z } from 'zod';
import { readQuestions } from '../../data/annotations/vqaAnnotations.js';
import { scoreAnswers } from '../../data/answerScore.js';
import { QuestionSet } from '../../data/questionSet.js';
import { loadAnsweringModel } from '../../inference/modelFolder.js';
import { predictAnswers } from '../../tasks/predictAnswers.js';
import { vqa } from '../../tasks/vqa.js';
import { runtimeLine } from '../../torch/runtime.js';
import { defineCommand } from '../command.js';
import {
  checkFeatures,
  featureOptions,
  modelOptions,
  modelSource,
  openFeatures,
  otherFeaturesOption,
  percent,
} from '../modelOptions.js';
import { existingFile } from '../options.js';

export const command = defineCommand({
  description:
    'Answers the questions of a file and prints the soft accuracy, over all and by type of question and answer. ' +
    'Questions about images without features are left out and counted.',
  examples: [
    {
      command: 'lxmert evaluate vqa minival.json --model runs/vqa --features features/val2014',
      does: 'scores the best snapshot of a run',
    },
  ],
  arguments: z.strictObject({ questions: existingFile().describe('Questions with labels (JSON)') }),
  options: z.strictObject({
    ...modelOptions,
    ...featureOptions,
    ...otherFeaturesOption,
    batchSize: z.int().min(1).default(vqa.evaluationBatchSize).describe('Questions at a time'),
  }),
  async run({ arguments: { questions: file }, options, progress, notice, signal }) {
    using store = openFeatures(options);
    const answering = await loadAnsweringModel(modelSource(options));
    try {
      notice(runtimeLine());
      checkFeatures(store, answering, options.allowOtherFeatures, notice);
      const { answerTable } = answering;
      const set = new QuestionSet({
        questions: await readQuestions(file),
        hasImage: (id) => store.has(id),
        answerTable,
        // An answer that the model cannot give costs its score, as in the reference's evaluation.
        unknownAnswers: 'skip',
        name: file,
      });
      const display = progress('Answering', 'questions');
      const answers = await predictAnswers(answering, store, set.questions, {
        batchSize: options.batchSize,
        progress: display,
        signal,
      }).finally(() => display.stop());
      const scores = scoreAnswers(set.questions, answers);
      return {
        weights: answering.weightsFile,
        numQuestions: scores.numQuestions,
        numWithoutImage: set.numWithoutImage,
        accuracy: scores.overall,
        byQuestionType: plain(scores.byQuestionType),
        byAnswerType: plain(scores.byAnswerType),
      };
    } finally {
      answering.model.dispose();
    }
  },
  render(result) {
    const lines = [
      `Accuracy ${percent(result.accuracy)} over ${result.numQuestions} questions (${result.weights}).`,
    ];
    if (result.numWithoutImage > 0)
      lines.push(`Left out: ${result.numWithoutImage} questions without image features.`);
    for (const [title, rows] of [
      ['By answer type', result.byAnswerType],
      ['By question type', result.byQuestionType],
    ] as const) {
      lines.push('', title);
      for (const row of rows) {
        lines.push(
          `  ${(row.type || '(none)').padEnd(28)}${percent(row.score).padStart(9)}  of ${row.numQuestions}`,
        );
      }
    }
    return lines.join('\n');
  },
});

function plain(scores: ReadonlyMap<string, { readonly score: number; readonly numQuestions: number }>) {
  return [...scores].map(([type, { score, numQuestions }]) => ({ type, score, numQuestions }));
}
