import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAnswerTable } from '../../../src/data/answerTableFiles.js';

import { prepareAnswers } from '../../../src/data/prepare/prepareAnswers.js';
import { publishedPath } from '../../support/published.js';
import { readJson, temporaryFolder, writeFiles } from './support.js';

const folder = temporaryFolder();
const raw = writeFiles(path.join(folder, 'raw'), {
  'train.json': [
    {
      img_id: 'a',
      sentf: { mscoco: ['A dog.'], vqa: ['How many?', 'Which?', 'What?'] },
      // 'two' and '2' are one answer after normalisation, and count once in one example.
      labelf: { vqa: [{ two: 1, 2: 0.3 }, { 'The dog.': 0.6, grey: 0.3 }, {}] },
    },
    { img_id: 'b', sentf: { mscoco: ['A cat.'] } },
  ],
  'valid.json': [
    {
      img_id: 'c',
      labelf: { gqa: [{ dog: 1 }, { gray: 1 }], visual7w: [{ 'A dog.': 1 }], extra: [{ dog: 1 }] },
    },
    { img_id: 'd', labelf: { gqa: [{ zebra: 1 }] } },
  ],
});
const outputFile = path.join(folder, 'all_ans.json');

describe('prepareAnswers', () => {
  it('counts examples after normalisation and keeps the most frequent, sorted', async () => {
    const prepared = await prepareAnswers({ sources: [raw], outputFile, numAnswers: 3 });
    expect(readJson(outputFile)).toEqual([
      { ans: '2', dsets: ['vqa'] },
      { ans: 'dog', dsets: ['vqa', 'visual7w', 'gqa', 'extra'] },
      { ans: 'gray', dsets: ['vqa', 'gqa'] },
    ]);
    expect(prepared).toEqual({
      numImages: 4,
      numExamples: 7,
      numExamplesCovered: 6,
      numAnswersFound: 4,
      numAnswers: 3,
      fewestOccurrences: 1,
    });
    expect((await loadAnswerTable(outputFile)).answers).toEqual(['2', 'dog', 'gray']);
    await expect(prepareAnswers({ sources: [raw], outputFile })).rejects.toThrow('is already there');
    await prepareAnswers({ sources: [raw], outputFile, minOccurrences: 2, overwrite: true });
    expect((readJson(outputFile) as { ans: string }[]).map((entry) => entry.ans)).toEqual(['dog', 'gray']);
    await expect(
      prepareAnswers({ sources: [raw], outputFile, minOccurrences: 9, overwrite: true }),
    ).rejects.toThrow('No answer is that of 9 examples or more; there are 7 examples.');
  });

  it('gives the published table back, byte for byte, from data that holds its answers', async () => {
    const published = publishedPath('lxmert', 'lxmert', 'all_ans.json');
    const entries = readJson(published) as { ans: string; dsets: string[] }[];
    const images = entries.reverse().map(({ ans, dsets }, i) => ({
      img_id: String(i),
      labelf: Object.fromEntries(dsets.reverse().map((set) => [set, [{ [ans]: 1 }]])),
    }));
    const source = writeFiles(path.join(folder, 'published'), { 'train.json': images });
    const target = path.join(folder, 'published_again.json');
    await prepareAnswers({ sources: [source], outputFile: target });
    expect(readFileSync(target, 'utf8')).toBe(readFileSync(published, 'utf8'));
  });
});
