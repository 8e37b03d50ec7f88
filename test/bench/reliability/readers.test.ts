/** A small share of what `node dist/bench/mutatedInputs.js` does, in this process: readers that crash or hang are for the driver. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { damagedInput } from '../../../bench/reliability/mutations/damagedInput.js';
import { type Kit, makeKit } from '../../../bench/reliability/mutations/kit.js';
import { readersOf } from '../../../bench/reliability/mutations/readers.js';
import type { Reader } from '../../../bench/reliability/mutations/ways.js';
import { makeWholeFiles } from '../../../bench/reliability/mutations/wholeFiles.js';
import { catalogue } from '../../../src/cli/catalogue.js';
import { runCommandLine } from '../../../src/cli/program.js';
import { needing } from '../../support/skips.js';

const NUM_INPUTS = 25;
const SEED = 5;
const folder = mkdtempSync(path.join(tmpdir(), 'readers-'));
afterAll(() => rmSync(folder, { recursive: true }));
const kit: Kit = makeKit(path.join(folder, 'whole'), path.join(folder, 'work'), {
  runCommandLine: (words, streams) => runCommandLine(words, streams as never),
  catalogue,
});

needing('bridge').describe('damaged inputs', () => {
  beforeAll(() => makeWholeFiles(kit), 300_000);

  it.each(readersOf(kit).map(({ name }) => [name]))(
    'of the reader of %s are read or refused with a sentence',
    async (name) => {
      const reader = readersOf(kit).find((each) => each.name === name) as Reader;
      const counts = { accepted: 0, refused: 0 };
      const faults: string[] = [];
      for (let i = 0; i < NUM_INPUTS; i++) {
        const { file, read } = damagedInput(kit, reader, SEED, i);
        try {
          counts[await read()]++;
        } catch (error) {
          faults.push(`${i}, ${file}: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
        }
      }
      expect(faults).toEqual([]);
      expect(counts.accepted + counts.refused).toBe(NUM_INPUTS);
      // A reader that took everything would be none, or the damage.
      expect(counts.refused).toBeGreaterThan(0);
    },
    300_000,
  );
});
