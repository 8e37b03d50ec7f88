/** @file `lxmert prepare captions`. */

import { z } from 'zod';
import { withAtomicFile } from '../../common/atomicFile.js';
import { LxmertError } from '../../common/errors.js';
import { streamCaptions } from '../../data/annotations/captions.js';
import { formatCount } from '../../formats/numbers.js';
import { defineCommand } from '../command.js';
import { existingFile, outputFile, refuseFileThere } from '../options.js';

/** Characters gathered before they go to the file. */
const FLUSH_AT = 1 << 16;

export const command = defineCommand({
  description:
    'Writes the captions of a file as lines {image, text}, which finetune match and evaluate match read: official COCO ' +
    'captions, dataset_coco.json and dataset_flickr30k.json, whose split is chosen here, or the sentences of a pre-training ' +
    'file that are not questions. An image goes by its file name up to the first dot, as in feature files.',
  examples: [
    {
      command: 'lxmert prepare captions dataset_coco.json --split test --output coco_test.jsonl',
      does: 'writes the captions of the 5,000 test images',
    },
    {
      command: 'lxmert prepare captions dataset_coco.json --split train,restval --output coco_train.jsonl',
      does: 'writes those that are trained on',
    },
  ],
  arguments: z.strictObject({ captions: existingFile().describe('Caption file (JSON)') }),
  options: z.strictObject({
    output: outputFile().describe('File to write'),
    split: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Splits to take, where the file has several'),
    overwrite: z.boolean().default(false).describe('Replace the file if it is already there'),
  }),
  async run({ arguments: { captions: file }, options: { output, split, overwrite }, signal }) {
    if (!overwrite) refuseFileThere(output);
    const images = new Set<string>();
    let numCaptions = 0;
    await withAtomicFile(output, async ({ handle }) => {
      let text = '';
      for await (const { imageId, sentence } of streamCaptions(file, split)) {
        images.add(imageId);
        numCaptions++;
        text += `${JSON.stringify({ image: imageId, text: sentence })}\n`;
        if (text.length < FLUSH_AT) continue;
        signal.throwIfAborted();
        await handle.appendFile(text);
        text = '';
      }
      if (numCaptions === 0) throw new LxmertError(`There is no caption in ${file}.`);
      await handle.appendFile(text);
    });
    return { output, numCaptions, numImages: images.size };
  },
  render: ({ output, numCaptions, numImages }) =>
    `Wrote ${formatCount(numCaptions, 'caption')} of ${formatCount(numImages, 'image')} to ${output}.`,
});
