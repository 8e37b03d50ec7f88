/** @file `lxmert explain`. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { EXPLANATION_METHODS } from '../../explain/removal.js';
import { defineCommand } from '../command.js';
import { cutNotice, loadAskedModel } from '../models/askedModel.js';
import { withDefaultModels } from '../models/defaultModels.js';
import { existingFile, existingPath, outputFile } from '../options.js';
import { askedPicture, refuseTwoSources } from '../pictures/askedPicture.js';
import { type Explained, explainedFrom, renderExplained } from '../pictures/explained.js';
import { writeExplanation } from '../pictures/explanationFile.js';
import { withNamesBeside } from '../pictures/namesBeside.js';
import { repeatCommand } from '../repeat.js';
import { detectionOptions } from '../sharedOptions/detectorOptions.js';
import { modelOptions, otherFeaturesOption } from '../sharedOptions/modelOptions.js';
import { askedArguments, askedOf, sampleOption } from '../sharedOptions/sampleOption.js';

export const command = defineCommand({
  description:
    'Answers one question about one image and writes a web page, one file that needs no network, that shows what the answer was ' +
    'found in: how much each word and region counted for each answer, and what every word and region looked at in every ' +
    'cross-modality layer and head; by removal, what is answered without each word and each region. Without --model the published model of VQA v2 ' +
    'answers, from the hub as for lxmert answer; with --sample, and for pictures of a quickstart made here, the model of the sample world.',
  examples: [
    {
      command: 'lxmert explain --sample 3 "What color is the circle?"',
      does: 'explains an answer about a scene that comes with lxmert',
    },
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
      command: 'lxmert explain scene.png "What color is the ring?" --model quickstart/run --method removal',
      does: 'shows what is answered without each word and each region',
    },
  ],
  arguments: askedArguments,
  options: z.strictObject({
    ...sampleOption,
    output: outputFile().default('explanation.html').describe('Page to write'),
    ...modelOptions,
    model: modelOptions.model
      .optional()
      .describe(
        "Exported folder, run folder, weights file, or a name on the hub; of several the probabilities are averaged [default: unc-nlp/lxmert-vqa-uncased; with --sample the sample world's model]",
      ),
    method: z
      .enum(EXPLANATION_METHODS)
      .optional()
      .describe(
        'relevance: what counted over all layers; attention: what the layers looked at; removal: what is answered without each word and region [default: relevance; removal for exported folders and several models]',
      ),
    ...detectionOptions,
    features: existingPath()
      .optional()
      .describe('Feature store, or file that lxmert features convert takes, that holds the image'),
    ...otherFeaturesOption,
    top: z.int().min(1).max(100).default(5).describe('Answers to explain'),
    picture: existingFile().optional().describe('With --features: the picture, to draw on'),
  }),
  async run({ arguments: given, options, notice, findModels }): Promise<Explained> {
    const { image, question } = askedOf(given, options);
    const { features, picture } = options;
    refuseTwoSources(options);
    if (picture !== undefined && features === undefined) {
      throw new UsageError('--picture is for regions that come from --features; leave it out.');
    }
    const { method } = options;
    const complete = await withDefaultModels(options, image, { notice, findModels });
    await using lxmert = await loadAskedModel(withNamesBeside(complete), 'answers');
    const imageRegions = await lxmert.detectRegions(await askedPicture(image, options));
    for (const warning of lxmert.warnings) notice(warning);
    const explanation = await writeExplanation({
      file: options.output,
      imageRegions,
      explain: (regions, by = method) => lxmert.explain(regions, question, options.top, by),
      origin: {
        picture: image,
        model: complete.model.join(', '),
        command: repeatCommand(['explain', image, question], complete),
      },
      picture: features === undefined ? image : picture,
    });
    if (explanation.isCut) notice(cutNotice(lxmert.maxLength));
    return explainedFrom(image, options.output, explanation);
  },
  render: renderExplained,
});
