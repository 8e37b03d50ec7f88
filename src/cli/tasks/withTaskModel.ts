/** @file What `evaluate TASK` and `predict TASK` share: a task's model and the features of a file's images. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import type { FeatureStore } from '../../features/index.js';
import { disposeModels, loadEnsemble } from '../../inference/ensemble.js';
import type { LoadedModel } from '../../inference/modelFolder.js';
import type { Task } from '../../tasks/index.js';
import {
  bfloat16Warning,
  int8Warnings,
  loadWarning,
  namedPrecision,
  requireLibtorch,
  runtimeLine,
} from '../../torch/index.js';
import type { CommandContext } from '../command.js';
import {
  checkFeatures,
  featureOptions,
  featuresOf,
  modelOptions,
  modelSource,
  openFeatures,
  otherFeaturesOption,
} from '../sharedOptions/modelOptions.js';

/** The flags that {@link withTaskModel} reads. */
export function taskModelOptions(task: Task) {
  const { answers: _, ...others } = modelOptions;
  // A task that fixes its answers asks for no table.
  const ofModel = (typeof task.answers === 'string' ? modelOptions : others) as typeof modelOptions;
  return {
    ...ofModel,
    ...featureOptions,
    ...otherFeaturesOption,
    batchSize: z.int().min(1).default(task.defaults.evaluationBatchSize).describe('Examples at a time'),
  };
}

type Options = z.output<z.ZodObject<ReturnType<typeof taskModelOptions>>>;

/**
 * Runs `work` with the model and the features that the flags name, after checking that they belong together and to
 * the task.
 */
export async function withTaskModel<T>(
  task: Task,
  options: Options,
  { notice }: Pick<CommandContext<unknown, unknown>, 'notice'>,
  work: (predictor: LoadedModel<string>, store: FeatureStore) => Promise<T>,
): Promise<T> {
  requireLibtorch();
  using store = openFeatures(options);
  const predictor = await loadEnsemble(options.model, {
    ...modelSource(options),
    task,
    say: notice,
  });
  try {
    const device = predictor.models[0]?.device ?? 'cpu';
    notice(
      `${runtimeLine()}, ${namedPrecision(options.precision)}${device === 'cpu' ? '' : ` on ${device}`}`,
    );
    const busy = loadWarning();
    if (busy !== undefined) notice(busy);
    const warning = options.precision === 'bfloat16' && device === 'cpu' ? bfloat16Warning() : undefined;
    if (warning !== undefined) notice(warning);
    if (options.precision === 'int8') for (const line of int8Warnings()) notice(line);
    for (const note of predictor.notes) notice(note);
    requireImages(task, predictor.models[0]?.imagesPerExample ?? 1, predictor.weightsFiles);
    checkFeatures(store, featuresOf(predictor), options.allowOtherFeatures, notice);
    return await work(predictor, store);
  } finally {
    disposeModels(predictor);
  }
}

/** @param models how they were named @throws UsageError for models of another task */
export function requireImages(task: Task, imagesPerExample: number, models: readonly string[]): void {
  if (imagesPerExample === task.imagesPerExample) return;
  const images = (count: number): string => (count === 1 ? 'one image' : `${count} images`);
  throw new UsageError(
    `${models.join(', ')} looks at ${images(imagesPerExample)} for each sentence, but ${task.title} has ${images(task.imagesPerExample)}. Name a model that was fine-tuned for ${task.title}.`,
  );
}
