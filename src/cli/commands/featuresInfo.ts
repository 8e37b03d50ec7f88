/** @file `lxmert features info`. */

import { statSync } from 'node:fs';
import { z } from 'zod';
import {
  archiveInfo,
  type FeatureFileInfo,
  findFormat,
  formatFeatureFileInfo,
  sourceInfo,
  sourceKindOf,
  tableInfo,
} from '../../features/fileInfo.js';
import { formatStoreInfo, type StoreInfo, storeInfo } from '../../features/storeInfo.js';
import { defineCommand } from '../command.js';
import { existingPath } from '../options.js';

export const command = defineCommand({
  description:
    'Prints what a feature store holds: images, shards, bytes, boxes, sizes, and the detector behind it. ' +
    'Only headers and some images are read. Of a TSV file, or another file that lxmert features convert takes, the first rows are read, and the number of ' +
    'images is estimated by them.',
  examples: [
    { command: 'lxmert features info features/train2014', does: 'describes a store' },
    { command: 'lxmert features info val2014_obj36.tsv', does: 'describes a TSV file by its first rows' },
    { command: 'lxmert features info features/train2014 --json', does: 'gives the same as JSON' },
  ],
  arguments: z.strictObject({
    store: existingPath().describe(
      'A folder of shards, one shard, or any file that lxmert features convert takes',
    ),
  }),
  options: z.strictObject({}),
  run: async ({ arguments: { store } }): Promise<StoreInfo | FeatureFileInfo> => {
    if (findFormat(store) !== undefined) return await sourceInfo(store);
    const kind = statSync(store).isDirectory() ? 'store' : sourceKindOf(store);
    switch (kind) {
      case 'text':
        return await tableInfo(store);
      case 'zip':
      case 'gzip':
      case 'tar':
        return await archiveInfo(store, kind);
      default:
        return storeInfo(store);
    }
  },
  render: (info) => ('isEstimate' in info ? formatFeatureFileInfo(info) : formatStoreInfo(info)),
});
