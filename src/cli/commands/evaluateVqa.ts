/** @file `lxmert evaluate vqa`. */

import { z } from 'zod';
import { scoreAnswers } from '../../data/answerScore.js';
import { answerFile, answerFileOptions } from '../answerFile.js';
import { defineCommand } from '../command.js';
import { percent } from '../modelOptions.js';
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
  options: z.strictObject(answerFileOptions),
  async run({ arguments: { questions: file }, options, ...context }) {
    const { set, answers, weightsFile } = await answerFile(file, options, context);
    const scores = scoreAnswers(set.questions, answers);
    return {
      weights: weightsFile,
      numQuestions: scores.numQuestions,
      numWithoutImage: set.numWithoutImage,
      accuracy: scores.overall,
      byQuestionType: plain(scores.byQuestionType),
      byAnswerType: plain(scores.byAnswerType),
    };
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
