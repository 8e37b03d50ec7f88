/** @file Image-text matching: whether a sentence belongs to an image, by the head that pre-training trains for it. */

import { z } from 'zod';
import { type Caption, streamCaptions } from '../data/annotations/captions.js';
import type { Question } from '../data/annotations/question.js';
import { drawsOf } from '../data/pretraining/draws.js';
import { type ImageSentences, otherImagesExample, pairSentence } from '../data/pretraining/sampling.js';
import { answerTargets, answerTaskScores, FINETUNING_DEFAULTS } from './answering.js';
import { lineDump } from './dumpFormat.js';
import { classLoss } from './losses.js';
import { rankPairs, renderRetrieval } from './matchRetrieval.js';
import { MATCH_HEAD } from './matchScores.js';
import { matchProbabilities } from './probabilities.js';
import type { ProbabilityRows } from './probabilityRows.js';
import { defineModelEvaluation, type Prediction, type Task } from './task.js';

const MATCHED = 'matched';
const MISMATCHED = 'mismatched';

/** Draws the sentences that evaluation exchanges: the same for every model. */
const EVALUATION_SEED = 0;

interface MatchPrediction extends Prediction {
  /** That sentence and image belong together. */
  readonly matchProbability: number;
}

export const task: Task<Question, MatchPrediction, 'match'> = {
  name: 'match',
  title: 'image-text matching',
  imagesPerExample: 1,
  read: readPairs,
  // In the order of the head's outputs.
  answers: [MISMATCHED, MATCHED],
  unknownAnswers: 'error',
  heads: [MATCH_HEAD],
  loss: 'class',
  sample: (examples, index, draws) => paired(examples, index, pairSentence(byImage(examples), index, draws)),
  evaluated: (examples) =>
    examples.flatMap((_, index) => {
      const draws = drawsOf(EVALUATION_SEED, 'evaluation', index);
      return [
        paired(examples, index, index),
        paired(examples, index, otherImagesExample(byImage(examples), index, draws)),
      ];
    }),
  targets: (examples, answerTable) => ({ match: answerTargets(examples, answerTable) }),
  trainingLoss: (logits, targets) => classLoss(logits.match, targets.match),
  activations: () => ({ match: 'softmax' }),
  predictions: ({ match }) => predictionsOf(match),
  plainPredictions: ({ match }) => predictionsOf(match),
  scores: (examples, predictions) => {
    const { tables, ...scores } = answerTaskScores(examples, predictions);
    const byPair = tables.filter(({ key }) => key === 'byAnswerType');
    return { ...scores, tables: byPair.map((table) => ({ ...table, title: 'By pair' })) };
  },
  dump: lineDump(
    ({ imageIds: [image], sentence: text }, { matchProbability: probability }) =>
      `${JSON.stringify({ image, text, probability })}\n`,
  ),
  evaluateModel: defineModelEvaluation({
    flags: {
      maxImages: z
        .int()
        .min(0)
        .optional()
        .describe('Images whose sentences are ranked, the first of the file; 0: none [default: all]'),
    },
    run: rankPairs,
    render: renderRetrieval,
  }),
  defaults: FINETUNING_DEFAULTS,
  help: {
    finetune: {
      description:
        'Trains the cross-modality matching head, and the encoder with it, to tell whether a sentence belongs to an image, ' +
        'from captions: half of the images are shown with a sentence of another, as in pre-training. Leaves a run folder as ' +
        'finetune vqa does, with weights under the names of pre-training.',
      examples: [
        {
          command:
            'lxmert finetune match --train captions_train.jsonl --valid captions_val.jsonl --features features/mine --vocab vocab.txt --load model_LXRT.pth --output runs/match',
          does: 'goes on from the encoder and the matching head of the published weights',
        },
      ],
    },
    evaluate: {
      description:
        'Prints how many pairs of a caption file are judged rightly, each once as it is and once with a fixed sentence of ' +
        'another image; then ranks all its sentences for each image and all images for each sentence, and prints recall ' +
        'at 1, 5 and 10. Ranking takes one pass for each image with each sentence.',
      examples: [
        {
          command:
            'lxmert evaluate match captions_val2014.json --model model_LXRT.pth --vocab vocab.txt --features features/val2014 --max-images 100',
          does: 'ranks the sentences of the first 100 images by the published weights',
        },
      ],
    },
    predict: {
      description:
        'Writes lines {image, text, probability} for the pairs of a caption file: the probability that the sentence belongs ' +
        'to the image.',
      examples: [
        {
          command:
            'lxmert predict match pairs.jsonl --model runs/match --features features/mine --output probabilities.jsonl',
          does: 'writes a probability for each line',
        },
      ],
    },
  },
};

async function* readPairs(file: string): AsyncGenerator<Question> {
  let questionId = 0;
  for await (const caption of streamCaptions(file)) yield pairOf(caption, questionId++, true);
}

function pairOf({ imageId, sentence }: Caption, questionId: number, isMatched: boolean): Question {
  return {
    imageIds: [imageId],
    questionId,
    sentence,
    labels: new Map([[isMatched ? MATCHED : MISMATCHED, 1]]),
    questionType: '',
    answerType: isMatched ? 'own sentence' : "another image's sentence",
  };
}

/** The image of one example with the sentence of another, or its own. */
function paired(examples: readonly Question[], index: number, sentenceOf: number): Question {
  const { imageIds: [imageId = ''] = [], questionId = index } = examples[index] ?? {};
  const { sentence = '' } = examples[sentenceOf] ?? {};
  return pairOf({ imageId, sentence }, Number(questionId), sentenceOf === index);
}

function byImage(examples: readonly Question[]): ImageSentences {
  return { size: examples.length, imageOf: (index) => examples[index]?.imageIds[0] };
}

/** @param probabilities (B, 2) */
function predictionsOf(probabilities: ProbabilityRows): MatchPrediction[] {
  return matchProbabilities(probabilities).map((matchProbability) =>
    matchProbability >= 0.5
      ? { answer: MATCHED, probability: matchProbability, matchProbability }
      : { answer: MISMATCHED, probability: 1 - matchProbability, matchProbability },
  );
}
