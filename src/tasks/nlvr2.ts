/** @file NLVR2: a statement about two images, true or false. */

import { existingFile, existingFiles } from '../common/pathSchemas.js';
import { NLVR2_ANSWERS, streamStatements } from '../data/annotations/nlvr2Annotations.js';
import { formatCount, formatNumber } from '../formats/numbers.js';
import { answeringTask } from './answering.js';
import { lineDump } from './dumpFormat.js';
import { scoreNlvr2Files } from './metrics/scoreFiles.js';
import { coverageFlags, coverageLines, notComputedLines, noteLines, scoreLine } from './metrics/scoreText.js';
import { defineScore } from './task.js';

export const task = answeringTask({
  name: 'nlvr2',
  title: 'NLVR2',
  imagesPerExample: 2,
  read: streamStatements,
  answers: NLVR2_ANSWERS,
  unknownAnswers: 'error',
  loss: 'class',
  // What the official script reads: `identifier,True` or `identifier,False`.
  dump: lineDump(({ questionId }, { answer }) => `${questionId},${answer}\n`),
  defaults: { evaluationBatchSize: 128 },
  score: defineScore({
    help: {
      description:
        'Scores lines of identifier,True or identifier,False: accuracy, and consistency, the fraction of sentences that ' +
        'are judged rightly with all of their image pairs. See docs/reference/metrics.md.',
      examples: [
        {
          command: 'lxmert score nlvr2 dev_predict.csv --questions dev.json --balanced balanced_dev.json',
          does: 'scores predictions for dev, and for its balanced subset',
        },
      ],
    },
    predictions: 'Predictions (CSV), as the reference dumps them',
    flags: {
      questions: existingFiles().describe(
        "Examples with labels: official JSON lines, or the reference's JSON",
      ),
      balanced: existingFile().optional().describe('Examples of the balanced subset, to score by themselves'),
      unbalanced: existingFile()
        .optional()
        .describe('Examples of the unbalanced subset, to score by themselves'),
      ...coverageFlags,
    },
    run: async (predictions, flags, signal) => ({
      ...(await scoreNlvr2Files({ predictions, signal, ...flags })),
      missing: flags.missing,
    }),
    render: (result) =>
      [
        `${formatCount(result.numExamples, 'example')} scored.`,
        ...coverageLines(result, result.missing, 'example'),
        ...noteLines(result.notes),
        '',
        scoreLine('Accuracy', result.accuracy),
        scoreLine(
          'Consistency',
          result.consistency,
          result.consistency === null ? '' : `of ${formatCount(result.numSentences, 'sentence')}`,
        ),
        ...result.subsets.map(({ name, accuracy, numExamples }) =>
          scoreLine(`Accuracy, ${name}`, accuracy, `of ${formatNumber(numExamples)}`),
        ),
        ...notComputedLines(result.notComputed),
      ].join('\n'),
  }),
  help: {
    finetune: {
      description:
        'Trains LXMERT to tell whether a statement about two images is true: the encoder reads the sentence with each ' +
        'image, the head both results. Leaves a run folder as finetune vqa does.',
      examples: [
        {
          command:
            'lxmert finetune nlvr2 --train train.json --valid valid.json --features features/nlvr2_train --features features/nlvr2_valid --vocab vocab.txt --load-encoder model_LXRT.pth --output runs/nlvr2',
          does: "fine-tunes the published weights with the paper's settings",
        },
      ],
    },
    evaluate: {
      description:
        'Judges the statements of a file and prints how many are right. Statements about images without features ' +
        'stop it unless --max-left-out allows them to be left out.',
      examples: [
        {
          command: 'lxmert evaluate nlvr2 valid.json --model runs/nlvr2 --features features/nlvr2_valid',
          does: 'scores the best weights of a run',
        },
      ],
    },
    predict: {
      description:
        'Judges the statements of a file and writes lines identifier,True or identifier,False, the file that the official ' +
        'NLVR2 script reads. Labels are not needed. The file has every statement, or is not written.',
      examples: [
        {
          command:
            'lxmert predict nlvr2 test.json --model runs/nlvr2 --features features/nlvr2_test --output test_predict.csv',
          does: 'writes judgments for the official script',
        },
      ],
    },
  },
});
