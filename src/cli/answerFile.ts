/** @file What the commands share in which a model answers the examples of a file. */

import { z } from 'zod';
import { UsageError } from '../common/errors.js';
import type { FeatureStore } from '../features/index.js';
import { disposeModels, loadEnsemble } from '../inference/ensemble.js';
import type { LoadedModel } from '../inference/modelFolder.js';
import type { AnsweringTask } from '../tasks/answeringTask.js';
import { bfloat16Warning } from '../torch/processor.js';
import { runtimeLine } from '../torch/runtime.js';
import type { CommandContext } from './command.js';
import {
  checkFeatures,
  featureOptions,
  modelOptions,
  modelSource,
  openFeatures,
  otherFeaturesOption,
} from './modelOptions.js';

/** The flags that {@link withAnsweringModel} reads. */
export function answerFileOptions(task: AnsweringTask) {
  return {
    ...modelOptions,
    ...featureOptions,
    ...otherFeaturesOption,
    batchSize: z.int().min(1).default(task.evaluationBatchSize).describe('Examples at a time'),
  };
}

type Options = z.output<z.ZodObject<ReturnType<typeof answerFileOptions>>>;

/**
 * Runs `work` with the model and the features that the flags name, after checking that they belong together and to
 * the task.
 */
export async function withAnsweringModel<T>(
  task: AnsweringTask,
  options: Options,
  { notice }: Pick<CommandContext<unknown, unknown>, 'notice'>,
  work: (answering: LoadedModel, store: FeatureStore) => Promise<T>,
): Promise<T> {
  using store = openFeatures(options);
  const answering = await loadEnsemble(options.model, {
    ...modelSource(options),
    fixedAnswers: typeof task.answers === 'string' ? undefined : task.answers,
  });
  try {
    const device = answering.models[0]?.device ?? 'cpu';
    notice(`${runtimeLine()}, ${options.precision}${device === 'cpu' ? '' : ` on ${device}`}`);
    const warning = options.precision === 'bfloat16' && device === 'cpu' ? bfloat16Warning() : undefined;
    if (warning !== undefined) notice(warning);
    checkTask(task, answering);
    checkFeatures(store, answering, options.allowOtherFeatures, notice);
    return await work(answering, store);
  } finally {
    disposeModels(answering);
  }
}

/** @throws UsageError for a model of another task */
function checkTask(task: AnsweringTask, { models, weightsFiles }: LoadedModel): void {
  const { imagesPerExample = 1 } = models[0] ?? {};
  if (imagesPerExample === task.imagesPerExample) return;
  const images = (count: number): string => (count === 1 ? 'one image' : `${count} images`);
  throw new UsageError(
    `${weightsFiles.join(', ')} looks at ${images(imagesPerExample)} for each sentence, but ${task.title} has ${images(task.imagesPerExample)}. Name a model that was fine-tuned for ${task.title}.`,
  );
}
