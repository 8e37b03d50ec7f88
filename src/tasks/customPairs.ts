/** @file Classification of sentences about two images of one's own, as JSON lines (docs/how-to/custom-data.md). */

import { customTask } from './customTask.js';

export const task = customTask({
  name: 'custom-pairs',
  title: 'JSON lines of your own with pairs of images',
  imagesPerExample: 2,
  what: 'sentences about two images',
  fields: '{id, images, text, labels}',
});
