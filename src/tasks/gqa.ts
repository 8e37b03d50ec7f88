/** @file GQA: one image, one compositional question, one of 1,842 answers. */

import { z } from 'zod';
import { existingFile, existingFiles } from '../common/pathSchemas.js';
import { streamQuestions } from '../data/annotations/vqaAnnotations.js';
import { formatCount } from '../formats/numbers.js';
import { formatFixed } from '../formats/pythonFixed.js';
import { answeringTask } from './answering.js';
import { jsonDump } from './dumpFormat.js';
import type { OodScores } from './metrics/gqaOutOfDistribution.js';
import { scoreGqaFiles } from './metrics/scoreFiles.js';
import {
  coverageFlags,
  coverageLines,
  notComputedLines,
  noteLines,
  scoreLine,
  tableLines,
} from './metrics/scoreText.js';
import { defineScore } from './task.js';

/** The parts of GQA-OOD where they were asked for. */
function oodLines({ parts = [], delta }: Partial<OodScores>): string[] {
  const lines = parts.map(({ part, accuracy, numQuestions }) =>
    scoreLine(part === 'head' ? 'Head' : 'Tail', accuracy, `of ${numQuestions}`),
  );
  if (delta !== undefined && delta !== null)
    lines.push(scoreLine('Delta', delta, 'how much better the head is than the tail'));
  return lines;
}

export const task = answeringTask({
  name: 'gqa',
  title: 'GQA',
  imagesPerExample: 1,
  read: streamQuestions,
  answers: 'table',
  // As the reference's GQA loader.
  unknownAnswers: 'skip',
  loss: 'soft',
  // Question ids are strings here, and stay so: the server compares them as text.
  dump: jsonDump((question, { answer }) => ({
    prediction: answer,
    questionId: String(question.questionId),
  })),
  defaults: { learningRate: 1e-5 },
  score: defineScore({
    help: {
      description:
        'Scores [{questionId, prediction}] against the official questions: accuracy and its breakdowns, consistency, ' +
        'validity, plausibility and distribution, over the balanced questions. It says which metrics it could not ' +
        'compute and what they need. See docs/reference/metrics.md.',
      examples: [
        {
          command: 'lxmert score gqa testdev_predict.json --questions testdev_balanced_questions.json',
          does: 'scores predictions for the balanced questions of testdev',
        },
        {
          command:
            'lxmert score gqa val_predict.json --questions val_all_questions.json --choices val_choices.json --consistency',
          does: 'computes every metric from predictions for all questions',
        },
        {
          command:
            'lxmert score gqa testdev_predict.json --questions ood_testdev_all.json --head ood_testdev_head.json --tail ood_testdev_tail.json --extra ignore',
          does: 'scores GQA-OOD: all, head, tail',
        },
      ],
    },
    predictions: 'Predictions (JSON), as the reference dumps them',
    flags: {
      questions: existingFiles().describe('Official questions, such as val_balanced_questions.json'),
      choices: existingFiles()
        .optional()
        .describe('Official choices, such as val_choices.json, for validity and plausibility'),
      consistency: z
        .boolean()
        .default(false)
        .describe('Score entailed questions too; takes predictions for all questions'),
      head: existingFile()
        .optional()
        .describe(
          'Questions of GQA-OOD with frequent answers (ood_testdev_head.json), to score by themselves',
        ),
      tail: existingFile()
        .optional()
        .describe('Questions of GQA-OOD with rare answers (ood_testdev_tail.json), to score by themselves'),
      ...coverageFlags,
    },
    run: async (predictions, flags, signal) => ({
      ...(await scoreGqaFiles({ predictions, signal, ...flags })),
      missing: flags.missing,
    }),
    render: (result) =>
      [
        `${formatCount(result.numQuestions, 'balanced question')} scored.`,
        ...coverageLines(result, result.missing),
        ...noteLines(result.notes),
        '',
        scoreLine('Accuracy', result.accuracy),
        ...oodLines(result),
        scoreLine('Binary', result.binary),
        scoreLine('Open', result.open),
        scoreLine('Consistency', result.consistency),
        scoreLine('Validity', result.validity),
        scoreLine('Plausibility', result.plausibility),
        `  ${'Distribution'.padEnd(28)}${(result.distribution === null ? '-' : formatFixed(result.distribution, 2)).padStart(9)}  (lower is better)`,
        ...tableLines('By structural type', result.byStructuralType),
        ...tableLines('By semantic type', result.bySemanticType),
        ...tableLines('By number of reasoning steps', result.bySteps),
        ...tableLines('By number of words', result.byWords),
        ...notComputedLines(result.notComputed),
      ].join('\n'),
  }),
  help: {
    finetune: {
      description:
        'Trains LXMERT on the compositional questions of GQA, from pre-trained weights or from scratch. Answers outside ' +
        'the table are skipped, as in the reference. Leaves a run folder as finetune vqa does.',
      examples: [
        {
          command:
            'lxmert finetune gqa --train train.json --train valid.json --valid testdev.json --features features/vg --features features/gqa_testdev --answers trainval_label2ans.json --vocab vocab.txt --load-with-answers model_LXRT.pth --pretraining-answers all_ans.json --output runs/gqa',
          does: "fine-tunes the published weights with the paper's settings",
        },
      ],
    },
    evaluate: {
      description:
        'Answers the questions of a file and prints the accuracy. Questions about images without features stop it ' +
        'unless --max-left-out allows them to be left out.',
      examples: [
        {
          command: 'lxmert evaluate gqa testdev.json --model runs/gqa --features features/gqa_testdev',
          does: 'scores the best weights of a run',
        },
      ],
    },
    predict: {
      description:
        'Answers the questions of a file and writes [{prediction, questionId}], the file that the GQA test server reads. ' +
        'Labels are not needed. The file has an answer to every question, or is not written.',
      examples: [
        {
          command:
            'lxmert predict gqa submit.json --model runs/gqa --features features/gqa_submit --output submit_predict.json',
          does: 'writes answers for the test server',
        },
      ],
    },
  },
});
