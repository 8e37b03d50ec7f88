/** @file Classification of sentences about an image of one's own, as JSON lines (docs/how-to/custom-data.md). */

import { customTask } from './customTask.js';

export const task = customTask({
  name: 'custom',
  title: 'JSON lines of your own',
  imagesPerExample: 1,
  what: 'sentences about an image',
  fields: '{id, image, text, labels}',
});
