/** @file `lxmert finetune vqa`. */

import path from 'node:path';
import { z } from 'zod';
import { CheckpointFile, guessedAttentionHeads, modelSizes } from '../../checkpoint/index.js';
import { UsageError } from '../../common/errors.js';
import { readQuestions } from '../../data/annotations/vqaAnnotations.js';
import { AnswerTable } from '../../data/answerTable.js';
import { QuestionSet } from '../../data/questionSet.js';
import { assertCompatible } from '../../features/index.js';
import { LXMERT_BASE, lxmertConfig } from '../../model/index.js';
import { vqa } from '../../tasks/vqa.js';
import { DEFAULT_MAX_LENGTH, Vocabulary } from '../../text/index.js';
import { finetuneAnswers } from '../../train/finetuneAnswers.js';
import { RunFolder } from '../../train/runFolder.js';
import { defineCommand } from '../command.js';
import {
  featureOptions,
  openFeatures,
  otherFeaturesOption,
  percent,
  precisionOption,
} from '../modelOptions.js';
import { existingFile, outputPath } from '../options.js';

export const command = defineCommand({
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
    {
      command: 'lxmert finetune vqa --config configs/vqa.toml --output runs/second --seed 2',
      does: 'takes all settings from a file but two',
    },
  ],
  configurable: true,
  arguments: z.strictObject({}),
  options: z.strictObject({
    train: z.array(existingFile()).min(1).describe('Training questions (JSON)'),
    valid: existingFile().describe('Validation questions (JSON)'),
    ...featureOptions,
    ...otherFeaturesOption,
    answers: existingFile().describe('Answer table (label2ans JSON)'),
    vocab: existingFile().describe('Vocabulary file (BERT vocab.txt)'),
    output: outputPath().describe('Run folder to make; it must not hold files yet'),
    loadEncoder: existingFile().optional().describe('Pre-trained weights; the answer head is drawn anew'),
    loadWithAnswers: existingFile()
      .optional()
      .describe('Pre-trained weights; answers that the pre-trained head knows start from its rows'),
    pretrainingAnswers: existingFile()
      .optional()
      .describe('Answer table of the pre-trained head (all_ans.json), for --load-with-answers'),
    load: existingFile().optional().describe('Fine-tuned weights to go on from, head included'),
    languageLayers: z
      .int()
      .min(0)
      .default(LXMERT_BASE.numLanguageLayers)
      .describe('Language layers, from scratch'),
    visionLayers: z.int().min(0).default(LXMERT_BASE.numVisionLayers).describe('Vision layers, from scratch'),
    crossLayers: z
      .int()
      .min(0)
      .default(LXMERT_BASE.numCrossLayers)
      .describe('Cross-modality layers, from scratch'),
    hiddenSize: z.int().min(4).default(LXMERT_BASE.hiddenSize).describe('Width of the model, from scratch'),
    attentionHeads: z.int().min(1).optional().describe('Attention heads [default: hidden size / 64]'),
    dropout: z.number().min(0).lt(1).default(LXMERT_BASE.hiddenDropout).describe('Dropout probability'),
    batchSize: z.int().min(1).default(32).describe('Questions in a training step'),
    epochs: z.int().min(1).default(4).describe('Passes over the training questions'),
    learningRate: z.number().gt(0).default(5e-5).describe('Peak learning rate'),
    warmupRatio: z.number().gt(0).lt(1).default(0.1).describe('Share of the steps with a rising rate'),
    clipNorm: z.number().gt(0).default(5).describe('Largest global norm of the gradients'),
    maxLength: z
      .int()
      .min(3)
      .max(512)
      .default(DEFAULT_MAX_LENGTH)
      .describe('Word pieces of a sentence, at most'),
    ...precisionOption,
    seed: z.int().min(0).default(9595).describe('Seed of the first weights, dropout and order'),
  }),
  async run({ options, progress, notice, signal }) {
    const given = [options.load, options.loadEncoder, options.loadWithAnswers];
    if (given.filter((file) => file !== undefined).length > 1) {
      throw new UsageError('--load, --load-encoder and --load-with-answers contradict each other: give one.');
    }
    if ((options.loadWithAnswers === undefined) !== (options.pretrainingAnswers === undefined)) {
      throw new UsageError(
        '--load-with-answers and --pretraining-answers belong together: give both or none.',
      );
    }
    using store = openFeatures(options);
    const mixing = { allowMismatch: options.allowOtherFeatures, wayOut: 'pass --allow-other-features' };
    for (const warning of assertCompatible(store, {}, mixing)) notice(warning);
    const vocabulary = await Vocabulary.load(options.vocab);
    const answerTable = await AnswerTable.load(options.answers);
    const split = async (files: readonly string[], isTraining: boolean): Promise<QuestionSet> => {
      const set = new QuestionSet({
        questions: (await Promise.all(files.map((file) => readQuestions(file)))).flat(),
        hasImage: (id) => store.has(id),
        answerTable,
        unknownAnswers: isTraining ? vqa.unknownAnswers : 'skip',
        name: files.map((file) => path.basename(file)).join(', '),
      });
      if (set.numWithoutImage > 0)
        notice(`${set.numWithoutImage} questions left out: their images have no features here.`);
      return set;
    };
    const training = await split(options.train, true);
    const validation = await split([options.valid], false);
    const weights = options.load ?? options.loadEncoder ?? options.loadWithAnswers;
    const sizes =
      weights === undefined
        ? {
            vocabSize: vocabulary.size,
            hiddenSize: options.hiddenSize,
            intermediateSize: 4 * options.hiddenSize,
            numLanguageLayers: options.languageLayers,
            numVisionLayers: options.visionLayers,
            numCrossLayers: options.crossLayers,
            visualFeatureSize: store.featureSize,
          }
        : modelSizes(await CheckpointFile.open(weights));
    const config = lxmertConfig({
      ...sizes,
      numAttentionHeads: options.attentionHeads ?? guessedAttentionHeads(sizes.hiddenSize, weights),
      hiddenDropout: options.dropout,
      attentionDropout: options.dropout,
    });
    if (config.vocabSize !== vocabulary.size || config.visualFeatureSize !== store.featureSize) {
      throw new UsageError(
        `The weights are for ${config.vocabSize} word pieces and features of ${config.visualFeatureSize} values, but the vocabulary has ${vocabulary.size} and the features have ${store.featureSize}.`,
      );
    }
    const parts =
      options.load !== undefined ? 'all' : options.loadEncoder !== undefined ? 'encoder' : 'answers';
    const pretrainingAnswers =
      options.pretrainingAnswers === undefined
        ? undefined
        : await AnswerTable.loadPretraining(options.pretrainingAnswers);
    const run = await RunFolder.create(options.output);
    const display = progress('Training', 'steps');
    const { steps: _, ...result } = await finetuneAnswers({
      task: vqa,
      training,
      validation,
      features: store,
      vocabulary,
      config,
      settings: {
        batchSize: options.batchSize,
        numEpochs: options.epochs,
        learningRate: options.learningRate,
        warmupRatio: options.warmupRatio,
        clipNorm: options.clipNorm,
        seed: options.seed,
        precision: options.precision,
        maxLength: options.maxLength,
      },
      initialWeights: weights === undefined ? undefined : { file: weights, parts, pretrainingAnswers },
      run,
      provenance: { command: 'finetune vqa', options, features: store.origins },
      progress: display,
      signal,
      notice,
    }).finally(() => display.stop());
    return result;
  },
  render: (result) => {
    const lines: string[] = [];
    if (result.wasInterrupted) lines.push(`Interrupted after ${result.numSteps} steps; LAST.pth is saved.`);
    if (result.bestEpoch !== undefined) {
      lines.push(`Best: ${percent(result.bestScore)} after epoch ${result.bestEpoch}.`);
    } else if (!result.wasInterrupted) {
      lines.push('No epoch scored above 0, so there is no BEST.pth.');
    }
    lines.push(`The run is in ${result.runFolder}.`);
    return lines.join('\n');
  },
});
