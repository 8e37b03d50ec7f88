/** @file docs/how-to/from-the-reference.md speaks of every flag of the reference, and only of flags that are here. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/catalogue.js';
import { parametersOf } from '../../src/cli/options.js';

/** All that src/param.py of the published code declares. */
const referenceFlags = [
  ...[
    'train',
    'valid',
    'test',
    'batchSize',
    'optim',
    'lr',
    'epochs',
    'dropout',
    'seed',
    'output',
    'fast',
    'tiny',
  ],
  ...[
    'tqdm',
    'load',
    'loadLXMERT',
    'loadLXMERTQA',
    'fromScratch',
    'mceLoss',
    'llayers',
    'xlayers',
    'rlayers',
  ],
  ...['taskMatched', 'taskMaskLM', 'taskObjPredict', 'taskQA', 'visualLosses', 'qaSets', 'wordMaskRate'],
  ...['objMaskRate', 'multiGPU', 'numWorkers'],
];

const page = readFileSync('docs/how-to/from-the-reference.md', 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split('|').map((cell) => cell.trim()));
const flagsIn = (text: string): string[] =>
  [...text.matchAll(/(?<![\w-])--([A-Za-z][\w-]*)(?![\w.-])/g)].map((match) => match[1]!);

describe('docs/how-to/from-the-reference.md', () => {
  it('has a row for every flag of the reference', () => {
    const named = rows.flatMap((cells) => flagsIn(cells[1]!));
    expect(referenceFlags.filter((flag) => !named.includes(flag))).toEqual([]);
    const tableOfFlags = page.split('## Flags of src/param.py')[1]!.split('##')[0]!;
    for (const line of tableOfFlags.split('\n').filter((each) => each.startsWith('| `--')))
      for (const flag of flagsIn(line.split('|')[1]!)) expect(referenceFlags).toContain(flag);
  });

  it('names flags that exist', async () => {
    const known = new Set(['config', 'json']);
    for (const entry of catalogue) {
      for (const { name } of parametersOf((await entry.load()).command.options)) known.add(name);
    }
    // The row waits for the command.
    if (!catalogue.some((entry) => entry.name === 'finetune gqa')) known.add('mce-loss');
    const here = [
      ...rows.map((cells) => cells[2]!),
      page.slice(page.indexOf('Written into'), page.indexOf('## Files')),
    ];
    for (const flag of here.flatMap(flagsIn)) expect([...known]).toContain(flag);
  });
});
