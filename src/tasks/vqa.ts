/** @file VQA v2: one image, one question, one of 3,129 answers with soft scores. */

import { existingFiles } from '../common/pathSchemas.js';
import { streamQuestions } from '../data/annotations/vqaAnnotations.js';
import { formatCount } from '../formats/numbers.js';
import { answeringTask } from './answering.js';
import { jsonDump } from './dumpFormat.js';
import { scoreVqaFiles } from './metrics/scoreFiles.js';
import { coverageFlags, coverageLines, noteLines, tableLines, textOf } from './metrics/scoreText.js';
import { type AnnotatorCount, hasOtherCounts } from './metrics/vqaAccuracy.js';
import { defineScore } from './task.js';

/** How questions with other than ten answers are scored; nothing where all have ten. */
function annotatorLines(annotators: readonly AnnotatorCount[]): string[] {
  if (!hasOtherCounts(annotators)) return [];
  return annotators.map(
    ({ numAnswers, numQuestions, rule }) =>
      `${formatCount(numQuestions, 'question')} with ${formatCount(numAnswers, 'answer')}: ${rule}.`,
  );
}

export const task = answeringTask({
  name: 'vqa',
  title: 'VQA',
  imagesPerExample: 1,
  read: streamQuestions,
  answers: 'table',
  // The reference stops at a training label outside the table.
  unknownAnswers: 'error',
  loss: 'soft',
  dump: jsonDump((question, { answer }) => ({ answer, question_id: question.questionId })),
  score: defineScore({
    help: {
      description:
        'Scores [{question_id, answer}] against the ten raw answers of the official annotations: the accuracy of the VQA ' +
        'v2 challenge, over all and by type of answer and question. Annotations of the same form with other numbers of ' +
        'answers are scored by a rule that is said. See docs/reference/metrics.md.',
      examples: [
        {
          command:
            'lxmert score vqa minival_predict.json --annotations v2_mscoco_val2014_annotations.json --missing skip',
          does: 'scores predictions for a part of val2014',
        },
      ],
    },
    predictions: 'Predictions (JSON), as lxmert predict vqa writes them',
    flags: {
      annotations: existingFiles().describe(
        'Official annotations, such as v2_mscoco_val2014_annotations.json',
      ),
      ...coverageFlags,
    },
    run: async (predictions, flags, signal) => ({
      ...(await scoreVqaFiles({ predictions, signal, ...flags })),
      missing: flags.missing,
    }),
    render: (result) =>
      [
        `Accuracy ${textOf({ score: result.accuracy, percent: result.percent })} over ${formatCount(result.numQuestions, 'question')}.`,
        ...coverageLines(result, result.missing),
        ...annotatorLines(result.annotators),
        ...noteLines(result.notes),
        ...tableLines('By answer type', result.byAnswerType),
        ...tableLines('By question type', result.byQuestionType),
      ].join('\n'),
  }),
  help: {
    finetune: {
      description:
        'Trains LXMERT to answer questions about images, from pre-trained weights or from scratch, as the reference does: ' +
        'binary cross-entropy over soft answers, BertAdam with linear warm-up, clipping at 5. Leaves a run folder with ' +
        'BEST.pth and LAST.pth, logs and the whole configuration.',
      examples: [
        {
          command:
            'lxmert finetune vqa --train train.json --valid minival.json --features features/train2014 --features features/val2014 --answers trainval_label2ans.json --vocab vocab.txt --load-encoder model_LXRT.pth --output runs/vqa',
          does: "fine-tunes the published weights with the paper's settings",
        },
      ],
    },
    evaluate: {
      description:
        'Answers the questions of a file and prints the soft accuracy, over all and by type of question and answer. ' +
        'Questions about images without features stop it unless --max-left-out allows them to be left out.',
      examples: [
        {
          command: 'lxmert evaluate vqa minival.json --model runs/vqa --features features/val2014',
          does: 'scores the best weights of a run',
        },
      ],
    },
    predict: {
      description:
        'Answers the questions of a file and writes [{answer, question_id}], the file that the VQA test server reads. ' +
        'Labels are not needed. The file has an answer to every question, or is not written.',
      examples: [
        {
          command:
            'lxmert predict vqa test.json --model runs/vqa --features features/test2015 --output test_predict.json',
          does: 'writes answers for the test server',
        },
      ],
    },
  },
});
