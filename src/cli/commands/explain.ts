/** @file `lxmert explain`. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { EXPLANATION_METHODS } from '../../explain/removal.js';
import { readRow } from '../../features/files.js';
import { Lxmert } from '../../inference/lxmert.js';
import { LxmertImage } from '../../inference/lxmertImage.js';
import { sampleModel } from '../../quickstart/sampleModel.js';
import { defineCommand } from '../command.js';
import { detectionOptions } from '../detectorOptions.js';
import { deviceOf } from '../deviceOptions.js';
import { type Explained, explainedFrom, renderExplained } from '../explained.js';
import { writeExplanation } from '../explanationFile.js';
import { modelOptions, otherFeaturesOption } from '../modelOptions.js';
import { existingFile, existingPath, outputPath } from '../options.js';

export const command = defineCommand({
  description:
    'Answers one question about one image and writes a web page, one file that needs no network, that shows what the answer was ' +
    'found in: how much each word and region counted for each answer, and what every word and region looked at in every ' +
    'cross-modality layer and head. --method removal takes every word and every region away in turn instead, and shows what the ' +
    'answers become: also of several models, whose probabilities are averaged. Without --model the model of the sample world ' +
    'explains, and is trained first if there is none.',
  examples: [
    {
      command: 'lxmert explain scene.png "What color is the ring?" --output why.html',
      does: 'explains an answer about a picture of the sample world',
    },
    {
      command:
        'lxmert explain photo.jpg "What is the man holding?" --model runs/vqa --detector resnet101.caffemodel --output why.html',
      does: 'explains an answer about a photo',
    },
    {
      command: 'lxmert explain scene.png "What color is the ring?" --method removal',
      does: 'shows what is answered without each word and each region',
    },
  ],
  arguments: z.strictObject({
    image: z.string().min(1).describe('Picture file, or an image id with --features'),
    question: z.string().min(1).describe('The question, in quotes'),
  }),
  options: z.strictObject({
    output: outputPath().default('explanation.html').describe('Page to write'),
    ...modelOptions,
    model: modelOptions.model
      .optional()
      .describe(
        "Run folder, or a weights file; several with --method removal [default: the sample world's model]",
      ),
    method: z
      .enum(EXPLANATION_METHODS)
      .default('relevance')
      .describe(
        'relevance: what counted over all layers; attention: what the layers looked at; removal: what is answered without each word and region',
      ),
    ...detectionOptions,
    features: existingPath().optional().describe('Feature store or obj36 TSV file that holds the image'),
    ...otherFeaturesOption,
    top: z.int().min(1).max(100).default(5).describe('Answers to explain'),
    picture: existingFile().optional().describe('With --features: the picture, to draw on'),
  }),
  async run({
    arguments: { image, question },
    options,
    notice,
    progress,
    signal,
  }): Promise<Explained | undefined> {
    const { features, picture, detector } = options;
    if (question.trim() === '') throw new UsageError('The question is empty.');
    if (features !== undefined && detector !== undefined) {
      throw new UsageError(
        '--features has the regions already and --detector would find them: give one of the two.',
      );
    }
    if (picture !== undefined && features === undefined) {
      throw new UsageError('--picture is for regions that come from --features; leave it out.');
    }
    const { method } = options;
    if (method !== 'removal' && options.model !== undefined && options.model.length > 1) {
      throw new UsageError(
        `The attention of several models has no common meaning, and ${options.model.length} were given. Name one of them, or explain by --method removal.`,
      );
    }
    const model = options.model ?? (await sampleModel({ notice, progress, signal }));
    if (model === undefined) return undefined;
    using lxmert = await Lxmert.load({
      ...options,
      model,
      device: deviceOf(options),
      vocabulary: options.vocab,
      numAttentionHeads: options.attentionHeads,
    });
    const { answering } = lxmert;
    const imageRegions = await lxmert.detectRegions(
      features === undefined ? image : LxmertImage.fromRow(await readRow(features, image)),
    );
    for (const warning of lxmert.warnings) notice(warning);
    const explanation = await writeExplanation({
      file: options.output,
      answering,
      imageRegions,
      question,
      topK: options.top,
      method,
      picture: features === undefined ? image : picture,
    });
    return explainedFrom(image, options.output, explanation);
  },
  render: (explained) => (explained === undefined ? '' : renderExplained(explained)),
});
