/** @file `lxmert evaluate pretrain`, made from the task. */

import { z } from 'zod';
import { assertCompatible } from '../../features/index.js';
import { formatCount } from '../../formats/numbers.js';
import { loadPretrainedModel } from '../../inference/pretrainedModel.js';
import type { PretrainingTask } from '../../tasks/pretraining/index.js';
import { type Command, defineCommand } from '../command.js';
import { existingFile, weightsPath } from '../options.js';
import {
  openPretrainFeatures,
  pretrainFeatureOptions,
  qaSetsOption,
  readSentences,
  renderScores,
  sourcesOption,
} from '../pretrainData.js';
import { leftOutLimit, leftOutOption } from '../sharedOptions/leftOutOption.js';
import {
  computeOptions,
  computeSettings,
  otherFeaturesOption,
  untoldOptions,
} from '../sharedOptions/modelOptions.js';
import { seedOption } from '../sharedOptions/seedOption.js';

const flagsOf = (task: PretrainingTask) =>
  z.strictObject({
    model: weightsPath().describe('Run folder, or a weights file (.pth, .bin, .safetensors)'),
    ...sourcesOption,
    ...pretrainFeatureOptions,
    ...otherFeaturesOption,
    ...leftOutOption(0),
    vocab: existingFile().optional().describe('Vocabulary file, for a weights file (BERT vocab.txt)'),
    answers: existingFile()
      .optional()
      .describe('Answer table, for a weights file (all_ans.json); without one, no answers are judged'),
    ...qaSetsOption,
    ...untoldOptions,
    batchSize: z
      .int()
      .min(1)
      .default(task.defaults.evaluationBatchSize)
      .describe('Examples computed at once'),
    ...seedOption('masks and exchanged sentences'),
    ...computeOptions,
  });

/** The command of the task. */
export function evaluatePretrainCommand(task: PretrainingTask): Command {
  return defineCommand({
    ...task.help.evaluate,
    needsLibtorch: true,
    arguments: z.strictObject({
      sentences: existingFile().describe('Sentences of images (aggregated JSON)'),
    }),
    options: flagsOf(task),
    run: async ({ arguments: { sentences }, options, progress, notice, signal }) => {
      const loaded = await loadPretrainedModel({
        model: options.model,
        vocabulary: options.vocab,
        answers: options.answers,
        qaSets: options.qaSets,
        numAttentionHeads: options.attentionHeads,
        modelConfig: options.modelConfig,
        say: notice,
        ...computeSettings(options),
      });
      const { model, tokenizer, answerTable, losses } = loaded;
      for (const note of loaded.notes) notice(note);
      try {
        using store = openPretrainFeatures(options);
        const expected = {
          featureSize: model.config.visualFeatureSize,
          provenance: loaded.trainedOn ?? null,
        };
        const mixing = { allowMismatch: options.allowOtherFeatures, wayOut: 'pass --allow-other-features' };
        for (const warning of assertCompatible(store, expected, mixing)) notice(warning);
        if (answerTable === undefined && model.answerHead !== undefined) {
          notice('The answer head is not judged: name its answer table with --answers.');
        }
        const { corpus, leftOut } = await readSentences(
          [sentences],
          store,
          { answerTable, sources: options.sources, maxLeftOut: leftOutLimit(options) },
          notice,
        );
        for (const line of corpus.notices) notice(line);
        const display = progress('Evaluating', 'sentences');
        const tally = await task
          .evaluate(
            model,
            { corpus, features: store, tokenizer, classes: model.classes },
            {
              sampling: loaded.sampling,
              losses,
              maxLength: loaded.maxLength,
              batchSize: options.batchSize,
              seed: options.seed,
              progress: display,
              signal,
            },
          )
          .finally(() => display.stop());
        return {
          weights: loaded.weightsFile,
          numSentences: corpus.size,
          numImages: corpus.imageIds.length,
          ...leftOut.counts,
          ...task.scores([tally], losses),
        };
      } finally {
        model.dispose();
      }
    },
    render: (result) =>
      [
        `${result.weights} on ${formatCount(result.numSentences, 'sentence')} about ${formatCount(result.numImages, 'image')}`,
        ...renderScores(result),
      ].join('\n'),
  });
}
