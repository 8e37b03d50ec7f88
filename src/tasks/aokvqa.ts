/** @file A-OKVQA: questions that need knowledge of the world; a direct answer, and one of four choices. */

import { existingFiles } from '../common/pathSchemas.js';
import { type AokvqaQuestion, streamAokvqaQuestions } from '../data/annotations/aokvqaAnnotations.js';
import type { AnswerTable } from '../data/answerTable.js';
import { directAnswerScore } from '../data/aokvqaScore.js';
import { formatCount, formatNumber } from '../formats/numbers.js';
import { ANSWER_HEAD, answerTargets, FINETUNING_DEFAULTS } from './answering.js';
import { bestChoices } from './choices.js';
import { jsonObjectDump } from './dumpFormat.js';
import { ANSWER_LOSSES, probabilitiesOf } from './losses.js';
import { scoreAokvqaFiles } from './metrics/aokvqaMetrics.js';
import { coverageFlags, coverageLines, notComputedLines, noteLines, scoreLine } from './metrics/scoreText.js';
import { Tally } from './metrics/tally.js';
import { bestAnswers } from './probabilities.js';
import type { ProbabilityRows } from './probabilityRows.js';
import { defineScore, type Prediction, type Task } from './task.js';
import type { TaskScores } from './taskScores.js';

export interface AokvqaPrediction extends Prediction {
  /** One of the question's choices. */
  readonly choice: string;
}

/** Both official scores of a split: questions without answers do not count, difficult ones not for direct answers. */
export function aokvqaScores(
  examples: readonly AokvqaQuestion[],
  predictions: readonly AokvqaPrediction[],
): TaskScores {
  const [direct, choice] = [new Tally(), new Tally()];
  for (const [i, { directAnswers, isDifficult, correctChoice }] of examples.entries()) {
    const predicted = predictions[i];
    if (directAnswers !== undefined && !isDifficult)
      direct.add(directAnswerScore(predicted?.answer ?? '', directAnswers));
    if (correctChoice !== undefined) choice.add(Number(predicted?.choice === correctChoice));
  }
  return {
    overall: direct.mean ?? 0,
    numQuestions: direct.count,
    title: 'Accuracy of direct answers',
    measures: { multipleChoice: { title: 'Accuracy of multiple choice', value: choice.mean } },
    tables: [],
  };
}

function predictionsOf(
  { answer }: Readonly<Record<'answer', ProbabilityRows>>,
  answerTable: AnswerTable,
  examples: readonly AokvqaQuestion[],
): AokvqaPrediction[] {
  const chosen = bestChoices(
    answer,
    answerTable,
    examples.map(({ choices }) => choices),
  );
  return bestAnswers(answer, answerTable).map((best, row) => ({
    ...best,
    choice: chosen[row]?.answer ?? '',
  }));
}

export const task: Task<AokvqaQuestion, AokvqaPrediction, 'answer'> = {
  name: 'aokvqa',
  title: 'A-OKVQA',
  imagesPerExample: 1,
  read: streamAokvqaQuestions,
  answers: 'table',
  unknownAnswers: 'skip',
  heads: [ANSWER_HEAD],
  loss: 'soft',
  targets: (examples, answerTable) => ({ answer: answerTargets(examples, answerTable) }),
  trainingLoss: (logits, targets, loss) => ANSWER_LOSSES[loss](logits.answer, targets.answer),
  activations: (loss) => ({ answer: probabilitiesOf(loss) }),
  predictions: predictionsOf,
  plainPredictions: predictionsOf,
  scores: aokvqaScores,
  dump: jsonObjectDump(
    ({ questionId }) => questionId,
    (_, { answer, choice }) => ({ direct_answer: answer, multiple_choice: choice }),
  ),
  defaults: FINETUNING_DEFAULTS,
  score: defineScore({
    help: {
      description:
        'Scores {question id: {multiple_choice, direct_answer}}, or a file with either of the two, against the official ' +
        'answers of A-OKVQA: direct answers by the annotators who gave them, divided by 3, without the difficult questions; ' +
        'multiple choice by the right choice. See docs/reference/metrics.md.',
      examples: [
        {
          command: 'lxmert score aokvqa val_predict.json --annotations aokvqa_v1p0_val.json',
          does: 'scores predictions for the validation split',
        },
      ],
    },
    predictions: 'Predictions (JSON), as lxmert predict aokvqa writes them',
    flags: {
      annotations: existingFiles().describe('Official questions with answers, such as aokvqa_v1p0_val.json'),
      ...coverageFlags,
    },
    run: async (predictions, flags, signal) => ({
      ...(await scoreAokvqaFiles({ predictions, signal, ...flags })),
      missing: flags.missing,
    }),
    render: (result) =>
      [
        `${formatCount(result.numQuestions, 'question')} scored, ${formatNumber(result.numDirect)} of them for direct answers.`,
        ...coverageLines(result, result.missing),
        ...noteLines(result.notes),
        '',
        scoreLine('Direct answers', result.directAnswer),
        scoreLine('Multiple choice', result.multipleChoice),
        ...notComputedLines(result.notComputed),
      ].join('\n'),
  }),
  help: {
    finetune: {
      description:
        "Trains LXMERT to answer A-OKVQA's questions directly, from files that prepare aokvqa made; the most probable of a " +
        "question's choices is its answer to multiple choice. Answers outside the table are skipped. Leaves a run folder as finetune vqa does.",
      examples: [
        {
          command:
            'lxmert finetune aokvqa --train data/aokvqa/train.json --valid data/aokvqa/val.json --answers data/aokvqa/trainval_label2ans.json --features features/coco2017 --vocab vocab.txt --load-encoder model_LXRT.pth --output runs/aokvqa',
          does: 'fine-tunes the published weights',
        },
      ],
    },
    evaluate: {
      description:
        'Answers the questions of a file and prints the official accuracies of direct answers and of multiple choice. ' +
        'Questions about images without features stop it unless --max-left-out allows them to be left out.',
      examples: [
        {
          command:
            'lxmert evaluate aokvqa data/aokvqa/val.json --model runs/aokvqa --features features/coco2017',
          does: 'scores the best weights of a run',
        },
      ],
    },
    predict: {
      description:
        'Answers the questions of a file and writes {question id: {direct_answer, multiple_choice}}, the file that the ' +
        'leaderboard of A-OKVQA reads. Answers are not needed. The file has an answer to every question, or is not written.',
      examples: [
        {
          command:
            'lxmert predict aokvqa data/aokvqa/test.json --model runs/aokvqa --features features/coco2017 --output predictions_test.json',
          does: 'writes answers for the leaderboard',
        },
      ],
    },
  },
};
