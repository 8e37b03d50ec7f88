/** @file A step of pre-training with all of its losses. */

import { PretrainingModel, PUBLISHED_CLASSES } from '../../model/index.js';
import {
  DEFAULT_LOSSES,
  type PretrainingBatch,
  predictionPlaces,
  pretrainingLosses,
} from '../../tasks/pretraining/index.js';
import { fromTypedArray, scope } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { type PredictedCounts, pretrainingOperations } from '../operations.js';
import { batchOf, NUM_REGIONS, randomInputs } from '../questions.js';
import { type BenchResult, type BenchSettings, timedProducts } from '../result.js';
import { BenchTrainer } from './trainer.js';

const WARM_UP = 2;

export async function pretrainingWork(settings: BenchSettings): Promise<BenchResult[]> {
  const { config, batchSize } = settings;
  using trainer = new BenchTrainer(new PretrainingModel(config, PUBLISHED_CLASSES), settings.precision);
  const size = batchOf(batchSize);
  const counts = scope(() => countsOf(randomBatch(settings)));
  const step = await timedProducts(
    settings,
    pretrainingOperations(config, size, PUBLISHED_CLASSES, counts),
    () =>
      scope(() => {
        const batch = randomBatch(settings);
        trainer.step(pretrainingLosses(trainer.model, batch, DEFAULT_LOSSES, { training: true }).total);
      }),
    WARM_UP,
  );
  return [
    {
      name: 'pretraining',
      description: `step of ${batchSize} sentences, all losses, dropout ${config.hiddenDropout}`,
      rate: batchSize / step.minSeconds,
      rateUnit: 'sentences/s',
      ...step,
    },
  ];
}

/** 15 % of words and regions are to be predicted, half of the sentences match, half of those are questions. */
function randomBatch({ config, batchSize }: BenchSettings): PretrainingBatch {
  const inputs = randomInputs(config, batchOf(batchSize));
  const ids = inputs.inputIds.data() as Int32Array;
  const isPiece = inputs.attentionMask?.data() as Int32Array;
  const isHidden = (place: number): boolean => (place * 7) % 20 < 3;
  const numRegions = batchSize * NUM_REGIONS;
  const shape = [batchSize, NUM_REGIONS];
  const classes = (below: number) =>
    fromTypedArray(
      BigInt64Array.from({ length: numRegions }, (_, i) => BigInt((i * 31) % below)),
      shape,
    );
  return {
    inputs,
    labels: {
      words: ids.map((id, place) => (isPiece[place] === 1 && isHidden(place) ? id : -1)),
      isMatched: Uint8Array.from({ length: batchSize }, (_, i) => i % 2),
      isRegion: new Uint8Array(numRegions).fill(1),
      regionMask: Uint8Array.from({ length: numRegions }, (_, i) => (isHidden(i) ? 1 : 0)),
      objects: classes(PUBLISHED_CLASSES.numObjects),
      objectConfidences: ops.rand(shape),
      attributes: classes(PUBLISHED_CLASSES.numAttributes),
      attributeConfidences: ops.rand(shape),
      features: inputs.features,
      answers: Int32Array.from({ length: batchSize }, (_, i) => (i % 4 === 1 ? i : -1)),
    },
  };
}

function countsOf({ labels }: PretrainingBatch): PredictedCounts {
  const places = predictionPlaces(labels, DEFAULT_LOSSES);
  return {
    numWords: places.words?.length ?? 0,
    numMaskedRegions: places.features?.length ?? 0,
    numAnswers: places.answers?.length ?? 0,
  };
}
