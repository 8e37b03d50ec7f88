/** @file `lxmert features info`. */

import { z } from 'zod';
import { formatStoreInfo, storeInfo } from '../../features/storeInfo.js';
import { defineCommand } from '../command.js';
import { existingPath } from '../options.js';

export const command = defineCommand({
  description:
    'Prints what a feature store holds: images, shards, bytes, boxes, sizes, and the detector behind it. ' +
    'Only headers are read.',
  examples: [
    { command: 'lxmert features info features/train2014', does: 'describes a store' },
    { command: 'lxmert features info features/train2014 --json', does: 'gives the same as JSON' },
  ],
  arguments: z.strictObject({ store: existingPath().describe('A folder of shards, or one shard') }),
  options: z.strictObject({}),
  run: ({ arguments: { store } }) => storeInfo(store),
  render: formatStoreInfo,
});
