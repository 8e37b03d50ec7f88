/** @file Reading files that the operating system has in its cache: a checkpoint, and regions of a feature store. */

import { stat } from 'node:fs/promises';
import path from 'node:path';

import { CheckpointFile, loadWeights, saveCheckpoint } from '../../checkpoint/index.js';
import { Random } from '../../common/random.js';
import { FeatureStore } from '../../features/index.js';
import { questionAnsweringModel } from '../../model/index.js';
import { scope } from '../../torch/index.js';

import { copyRate } from '../limits.js';
import { NUM_REGIONS } from '../questions.js';
import { type BenchResult, type BenchSettings, timed } from '../result.js';
import { writeRandomStore } from './randomStore.js';

export async function load(settings: BenchSettings): Promise<BenchResult[]> {
  using model = questionAnsweringModel(settings.config, settings.numAnswers);
  const file = path.join(settings.folder, 'model.pth');
  const parameters = model.namedParameters();
  await saveCheckpoint(file, parameters, 'reference-finetuned');
  const { size } = await stat(file);
  const timing = await timed(settings, async () => {
    loadWeights(await CheckpointFile.open(file), parameters, { require: 'all' });
  });
  // From the operating system's cache every byte is read once and written once into a parameter.
  const limitRate = copyRate();
  const rate = size / timing.minSeconds;
  return [
    {
      name: 'load',
      description: `loading a checkpoint of ${(size / 1e6).toFixed(0)} MB that the system has in its cache`,
      ...timing,
      rate,
      rateUnit: 'bytes/s',
      limit: 'copying memory',
      limitRate,
      limitUnit: 'bytes/s',
      shareOfLimit: (2 * rate) / limitRate,
    },
  ];
}

export async function features(settings: BenchSettings): Promise<BenchResult[]> {
  const { batchSize, config } = settings;
  const numImages = 512;
  const store = path.join(settings.folder, 'store');
  await writeRandomStore(store, numImages, config.visualFeatureSize);
  using opened = FeatureStore.open(store);
  const random = new Random(1);
  const timing = await timed(settings, () =>
    scope(() => {
      opened.gatherAt(Array.from({ length: batchSize }, () => random.integer(numImages)));
    }),
  );
  // float16 is read, float32 written.
  const bytes = batchSize * NUM_REGIONS * config.visualFeatureSize * (2 + 4);
  const limitRate = copyRate();
  return [
    {
      name: 'features',
      description: `gathering ${batchSize} random images from a mapped float16 store in the cache`,
      ...timing,
      rate: batchSize / timing.minSeconds,
      rateUnit: 'images/s',
      limit: 'copying memory',
      limitRate,
      limitUnit: 'bytes/s',
      shareOfLimit: bytes / timing.minSeconds / limitRate,
    },
  ];
}
