/** @file Which models' answers are the sample world's. */

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { sampleModelFolder } from '../../../src/common/sampleAssets.js';
import { loadAnswerTable } from '../../../src/data/answerTableFiles.js';
import { namesSampleWorld } from '../../../src/data/sampleWorld/namesSampleWorld.js';

it('knows the answers of the model that comes along, and not those of other drawn shapes', async () => {
  const file = readdirSync(sampleModelFolder()).find((name) => /answers|label2ans/.test(name)) ?? '';
  const { answers } = await loadAnswerTable(path.join(sampleModelFolder(), file));
  expect(namesSampleWorld(answers)).toBe(true);
  const easyVqa = 'circle green red gray yes teal black rectangle yellow triangle brown blue no'.split(' ');
  expect(namesSampleWorld(easyVqa)).toBe(false);
});
