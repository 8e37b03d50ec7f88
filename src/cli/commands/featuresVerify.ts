/** @file `lxmert features verify`. */

import { z } from 'zod';
import { formatVerifyResult, verifyStore } from '../../features/files.js';
import { defineCommand } from '../command.js';
import { existingPath } from '../options.js';

export const command = defineCommand({
  description:
    'Reads a whole feature store again and reports what is wrong: checksums, counts, ids, values that are not finite, ' +
    'boxes outside their image. Ends with 1 when anything is.',
  examples: [
    { command: 'lxmert features verify features/train2014', does: 'checks a store after copying it' },
  ],
  arguments: z.strictObject({ store: existingPath().describe('A folder of shards, or one shard') }),
  options: z.strictObject({}),
  async run({ arguments: { store }, progress, signal }) {
    const display = progress('verifying', 'images');
    try {
      return await verifyStore(store, { progress: display, signal });
    } finally {
      display.stop();
    }
  },
  render: formatVerifyResult,
  exitCode: (result) => (result.numProblems === 0 ? 0 : 1),
});
