/** @file `lxmert predict TASK` with exported models: the same file, without libtorch. */

import type { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import type { Question } from '../../data/annotations/question.js';
import type { AnswerTable } from '../../data/answerTable.js';
import type { HeadProbabilities } from '../../runtime/node.js';
import { answerExamples } from '../../runtime/together/index.js';
import {
  type PredictedFile,
  type Prediction,
  type PredictToFileOptions,
  type ProbabilityRows,
  type Task,
  writePredictions,
} from '../../tasks/index.js';
import { processRank } from '../../train/distributed/index.js';
import { loadExported } from '../models/exportedModel.js';
import { checkFeatures, openFeatures } from '../sharedOptions/modelOptions.js';
import { requireImages, type taskModelOptions } from './withTaskModel.js';

type Options = z.output<z.ZodObject<ReturnType<typeof taskModelOptions>>>;

/**
 * @param output file to write
 * @throws UsageError for models of another task, and for several processes; and as `predictToFile`
 */
export async function predictExported(
  task: Task,
  options: Options,
  file: string,
  output: string,
  { notice, ...writing }: PredictToFileOptions & { readonly notice: (line: string) => void },
): Promise<PredictedFile> {
  if (processRank() !== undefined) {
    throw new UsageError('An exported model answers in one process; leave the launcher out.');
  }
  using store = openFeatures(options);
  await using models = await loadExported(options.model, options);
  const { first } = models;
  const { manifest, answerTable, tokenizer, maxLength, weights } = first.model;
  const { name, version, device, numThreads } = first.engine;
  notice(`${name} ${version} (${device}), ${numThreads} threads, ${weights.precision}`);
  requireImages(task, manifest.imagesPerExample, options.model);
  checkFeatures(
    store,
    {
      featureSize: manifest.model.visualFeatureSize,
      trainedOn: manifest.regions.provenance ?? undefined,
    },
    options.allowOtherFeatures,
    notice,
  );
  const { signal } = writing;
  const predict = (examples: readonly Question[]): Promise<Prediction[]> =>
    answerExamples(models, examples, {
      batchSize: options.batchSize,
      rowOf: (id) => store.readRow(id),
      read: (probabilities, places) =>
        predictionsOf(
          task,
          probabilities,
          answerTable,
          places.map((place) => examples[place] as Question),
          options.model,
        ),
      signal,
    });
  const predictor = { tokenizer, maxLength, predict };
  return await writePredictions(task.dump, predictor, store, () => task.read(file), output, writing);
}

/** @throws UsageError for a model without the task's heads */
function predictionsOf(
  task: Task,
  probabilities: HeadProbabilities,
  answerTable: AnswerTable,
  examples: readonly Question[],
  folders: readonly string[],
): readonly Prediction[] {
  const found = probabilities as Readonly<Record<string, ProbabilityRows | undefined>>;
  const missing = task.heads.find(({ name }) => found[name] === undefined);
  if (missing !== undefined || task.plainPredictions === undefined) {
    throw new UsageError(
      `${folders[0]} was not exported with the head '${missing?.name}' that ${task.title} needs. Export a model that was fine-tuned for ${task.title}.`,
    );
  }
  return task.plainPredictions(found as Readonly<Record<string, ProbabilityRows>>, answerTable, examples);
}
