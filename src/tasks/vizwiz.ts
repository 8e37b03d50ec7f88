/** @file VizWiz: photos and questions of blind people; an answer, and by a head of its own whether there is one. */

import { LxmertError } from '../common/errors.js';
import { existingFiles } from '../common/pathSchemas.js';
import { readVizwiz, type VizwizQuestion } from '../data/annotations/vizwizAnnotations.js';
import type { AnswerTable } from '../data/answerTable.js';
import { VQA_MIN_OCCURRENCES } from '../data/buildAnswerTable.js';
import { formatCount } from '../formats/numbers.js';
import * as ops from '../torch/operators/index.js';
import { ANSWER_HEAD, answerTargets, FINETUNING_DEFAULTS } from './answering.js';
import { jsonDump } from './dumpFormat.js';
import { ANSWER_LOSSES, probabilitiesOf, softAnswerLoss } from './losses.js';
import {
  coverageFlags,
  coverageLines,
  notComputedLines,
  noteLines,
  scoreLine,
  tableLines,
} from './metrics/scoreText.js';
import { namesOfFiles, readTogether } from './metrics/sourceFiles.js';
import { VizwizScorer, VizwizTally } from './metrics/vizwizMetrics.js';
import { readVizwizPredictions } from './metrics/vizwizPredictions.js';
import { bestAnswers } from './probabilities.js';
import type { ProbabilityRows } from './probabilityRows.js';
import { defineScore, type Prediction, type Task } from './task.js';
import type { TaskScores } from './taskScores.js';

export interface VizwizPrediction extends Prediction {
  /** The probability that the image answers the question, 0 to 1. */
  readonly answerable: number;
}

/** The official scores of a split; questions without labels do not count. */
export function vizwizScores(
  examples: readonly VizwizQuestion[],
  predictions: readonly VizwizPrediction[],
): TaskScores {
  const tally = new VizwizTally();
  let numQuestions = 0;
  for (const [i, { answers, answerType, answerable }] of examples.entries()) {
    if (answers === undefined || answerable === undefined) continue;
    tally.addAnswer({ answers, answerType, answerable }, predictions[i]?.answer);
    tally.addAnswerable({ answers, answerType, answerable }, predictions[i]?.answerable);
    numQuestions++;
  }
  const { accuracy, byAnswerType, averagePrecision, f1 } = tally.means();
  return {
    overall: accuracy ?? 0,
    numQuestions,
    title: 'Accuracy',
    measures: {
      averagePrecision: { title: 'Average precision of unanswerable questions', value: averagePrecision },
      f1: { title: 'F1 of unanswerable questions', value: f1 },
    },
    tables: [{ key: 'byAnswerType', title: 'By answer type', rows: byAnswerType }],
  };
}

function predictionsOf(
  { answer, answerability }: Readonly<Record<'answer' | 'answerability', ProbabilityRows>>,
  answerTable: AnswerTable,
): VizwizPrediction[] {
  const answerable = answerability.toFloat32Array(); // (B, 1)
  return bestAnswers(answer, answerTable).map((best, row) => ({ ...best, answerable: answerable[row] ?? 0 }));
}

export const task: Task<VizwizQuestion, VizwizPrediction, 'answer' | 'answerability'> = {
  name: 'vizwiz',
  title: 'VizWiz',
  imagesPerExample: 1,
  read: readVizwiz,
  answers: 'built',
  // As many as VQA's table asks for; there by the most given answer of a question, here by any of its ten.
  minOccurrences: VQA_MIN_OCCURRENCES,
  unknownAnswers: 'skip',
  heads: [ANSWER_HEAD, { name: 'answerability', prefix: 'answerability_head', form: 'mlp', size: 1 }],
  loss: 'soft',
  targets: (examples, answerTable) => ({
    answer: answerTargets(examples, answerTable),
    answerability: Float32Array.from(examples, ({ questionId, answerable }) => {
      if (answerable !== undefined) return answerable;
      throw new LxmertError(
        `The question about ${questionId} has no 'answerable', so it cannot be trained on. Is this the test split?`,
      );
    }),
  }),
  trainingLoss: (logits, targets, loss) => {
    const answer = ANSWER_LOSSES[loss](logits.answer, targets.answer);
    // (B, 1) each: binary cross-entropy, mean over the batch.
    const answerability = softAnswerLoss(logits.answerability, targets.answerability);
    return { total: ops.add(answer, answerability), parts: { answer, answerability } };
  },
  activations: (loss) => ({ answer: probabilitiesOf(loss), answerability: 'sigmoid' }),
  predictions: predictionsOf,
  plainPredictions: predictionsOf,
  scores: vizwizScores,
  dump: jsonDump(({ questionId }, { answer, answerable }) => ({ answer, answerable, image: questionId })),
  // A recipe published for LXMERT on VizWiz; the rest as the paper's fine-tuning.
  defaults: { ...FINETUNING_DEFAULTS, batchSize: 64, learningRate: 1e-4, numEpochs: 20 },
  score: defineScore({
    help: {
      description:
        'Scores [{image, answer, answerable}], or a file with either of the two, against the official annotations: the ' +
        'accuracy of the VizWiz challenge, over all and by type of answer; average precision and F1 of the questions ' +
        'that cannot be answered. See docs/reference/metrics.md.',
      examples: [
        {
          command: 'lxmert score vizwiz val_predict.json --annotations val.json',
          does: 'scores predictions for the validation split',
        },
      ],
    },
    predictions: 'Predictions (JSON), as lxmert predict vizwiz writes them',
    flags: {
      annotations: existingFiles().describe('Official annotations with answers, such as val.json'),
      ...coverageFlags,
    },
    run: async (predictions, { annotations, ...rules }, signal) => {
      const files = namesOfFiles(annotations);
      const scorer = new VizwizScorer(await readVizwizPredictions(predictions), files, rules);
      const questions = readTogether(annotations, readVizwiz, signal);
      for await (const { questionId: image, answers, answerType, answerable } of questions) {
        if (answers === undefined || answerable === undefined) {
          throw new LxmertError(
            `${files}: ${image} has no answers, as in the test split, which only the challenge's server can score.`,
          );
        }
        scorer.add(image, { answers, answerType, answerable });
      }
      return { ...scorer.finish(), missing: rules.missing };
    },
    render: (result) =>
      [
        `${formatCount(result.numQuestions, 'question')} scored.`,
        ...coverageLines(result, result.missing),
        ...noteLines(result.notes),
        '',
        scoreLine('Accuracy', result.accuracy),
        scoreLine('Average precision', result.averagePrecision, 'of unanswerable questions'),
        scoreLine('F1', result.f1, 'of unanswerable questions'),
        ...tableLines('By answer type', result.byAnswerType),
        ...notComputedLines(result.notComputed),
      ].join('\n'),
  }),
  help: {
    finetune: {
      description:
        'Trains LXMERT to answer questions of blind people about their photos and, by a second head, to tell which can be ' +
        'answered, from the official annotations. Answers outside the table are skipped. Leaves a run folder as finetune ' +
        'vqa does.',
      examples: [
        {
          command:
            'lxmert finetune vizwiz --train train.json --valid val.json --features features/vizwiz --vocab vocab.txt --load-encoder model_LXRT.pth --output runs/vizwiz',
          does: 'fine-tunes the published weights with a table made of the training answers',
        },
      ],
    },
    evaluate: {
      description:
        'Answers the questions of a file and prints the official accuracy, over all and by type of answer, and average ' +
        'precision and F1 of the questions that cannot be answered. Questions about images without features stop it ' +
        'unless --max-left-out allows them to be left out.',
      examples: [
        {
          command: 'lxmert evaluate vizwiz val.json --model runs/vizwiz --features features/vizwiz',
          does: 'scores the best weights of a run',
        },
      ],
    },
    predict: {
      description:
        'Answers the questions of a file and writes [{answer, answerable, image}]: one file for both challenges, whose ' +
        'evaluators read the keys that they know. Labels are not needed. The file has an answer to every question, or is not written.',
      examples: [
        {
          command:
            'lxmert predict vizwiz test.json --model runs/vizwiz --features features/vizwiz --output test_predict.json',
          does: 'writes predictions for the test servers',
        },
      ],
    },
  },
};
