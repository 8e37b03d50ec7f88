import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareNlvr2 } from '../../../src/data/prepare/prepareNlvr2.js';
import { publishedPath } from '../../support/published.js';
import { namesIn, readJson, temporaryFolder, writeFiles } from './support.js';

const folder = temporaryFolder();
let numFolders = 0;
const newFolder = (): string => path.join(folder, `made${numFolders++}`);

const line = (identifier: string, label: unknown, sentence = 'Two dogs.\n'): string =>
  JSON.stringify({ validation: { 61: 'False' }, sentence, left_url: 'x', label, identifier });

describe('prepareNlvr2', () => {
  it('makes the files of all splits', async () => {
    const source = writeFiles(newFolder(), {
      'train.json': `${line('train-850-0-0', 'False')}\n${line('train-10171-2-1', 'True', 'caf\u00e9')}\n`,
      'test1.json': line('test1-0-1-0', 'True'),
      'test2.json': line('test2-0-1-0', undefined),
    });
    const outputFolder = newFolder();
    const prepared = await prepareNlvr2({ sources: [source], outputFolder });
    expect(readJson(outputFolder, 'train.json')).toEqual([
      {
        identifier: 'train-850-0-0',
        img0: 'train-850-0-img0',
        img1: 'train-850-0-img1',
        label: 0,
        sent: 'Two dogs.\n',
        uid: 'nlvr2_train_0',
      },
      {
        identifier: 'train-10171-2-1',
        img0: 'train-10171-2-img0',
        img1: 'train-10171-2-img1',
        label: 1,
        sent: 'caf\u00e9',
        uid: 'nlvr2_train_1',
      },
    ]);
    expect(readJson(outputFolder, 'test.json')).toMatchObject([{ label: 1, uid: 'nlvr2_test_0' }]);
    expect(Object.keys((readJson(outputFolder, 'hidden.json') as object[])[0]!)).not.toContain('label');
    expect(
      prepared.splits.map(({ file, numQuestions, numAnswered }) => [file, numQuestions, numAnswered]),
    ).toEqual([
      ['train.json', 2, 2],
      ['test.json', 1, 1],
      ['hidden.json', 1, 0],
    ]);
  });

  it.each([
    [line('dev-1-0', 'True'), "example 1 (counted from 0), key 'identifier'"],
    [line('dev-1-0-0', 'maybe'), "example 1 (counted from 0), key 'label'"],
    [line('dev-1-0-0', 'True').slice(0, -4), 'at value 1 (counted from 0). The file is cut short'],
  ])('%s', async (wrong, message) => {
    const outputFolder = newFolder();
    const source = writeFiles(newFolder(), { 'dev.json': `${line('dev-0-0-0', 'True')}\n${wrong}` });
    await expect(prepareNlvr2({ sources: [source], outputFolder })).rejects.toThrow(message);
    expect(namesIn(outputFolder)).toEqual([]);
  });

  it('reads labels in each plain form, and names the key that one may stand under', async () => {
    const labels = ['True', false, 1, 'false'];
    const source = writeFiles(newFolder(), {
      'dev.json': labels.map((label, i) => line(`dev-${i}-0-0`, label)).join('\n'),
      'test1.json': line('test1-0-1-0', undefined).replace('"left_url"', '"lable": "True", "left_url"'),
    });
    const outputFolder = newFolder();
    const { notes } = await prepareNlvr2({ sources: [source], outputFolder });
    const rows = readJson(outputFolder, 'valid.json') as { label: number }[];
    expect(rows.map(({ label }) => label)).toEqual([1, 0, 1, 0]);
    expect(notes.join('\n')).toMatch(/test1\.json: .* the key 'lable', which is not read/);
  });

  it('says when nothing is there', async () => {
    const source = writeFiles(newFolder(), { 'balanced_dev.json': '' });
    await expect(prepareNlvr2({ sources: [source], outputFolder: newFolder() })).rejects.toThrow(
      'No NLVR2 examples were found: expected train.json, dev.json, test1.json or test2.json, or files in their form, found balanced_dev.json',
    );
  });

  it("makes the reference's validation file byte for byte", async () => {
    const outputFolder = newFolder();
    const prepared = await prepareNlvr2({ sources: [publishedPath('nlvr2', 'dev.json')], outputFolder });
    expect(prepared.splits[0]?.numQuestions).toBe(6982);
    const bytes = readFileSync(path.join(outputFolder, 'valid.json'));
    expect(createHash('sha256').update(bytes).digest('hex')).toMatch(/^1de87ab7cd82b565/);
  });
});
