import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readVizwiz } from '../../../src/data/annotations/vizwizAnnotations.js';
import { AnswerTable } from '../../../src/data/answerTable.js';
import { prepareVizwiz } from '../../../src/data/prepare/prepareVizwiz.js';
import { makeZip, namesIn, readJson, temporaryFolder, writeFiles } from './support.js';

const folder = temporaryFolder();
let numFolders = 0;
const newFolder = (): string => path.join(folder, `made${numFolders++}`);

const photo = (split: string, number: number, ...given: string[]): object => ({
  image: `VizWiz_${split}_${String(number).padStart(8, '0')}.jpg`,
  question: 'What is this?',
  ...(given.length === 0
    ? {}
    : {
        answers: given.map((answer) => ({ answer, answer_confidence: 'maybe' })),
        answer_type: given[0] === 'unanswerable' ? 'unanswerable' : 'other',
        answerable: given[0] === 'unanswerable' ? 0 : 1,
      }),
});
const train = [
  photo('train', 0, 'basil leaves', 'basil leaves', 'basil'),
  photo('train', 1, 'basil', 'soup', 'soup'),
  photo('train', 2, 'unanswerable', 'unanswerable', 'soup'),
];

describe('prepareVizwiz', () => {
  it('takes the splits out of the archive, as they are, with a table of the training answers', async () => {
    const source = writeFiles(newFolder(), {
      'Annotations.zip': makeZip(
        Object.entries({
          'Annotations/train.json': train,
          'Annotations/val.json': [photo('val', 0, 'soup', 'tin')],
          'Annotations/test.json': [photo('test', 0)],
        }).map(([name, content]) => ({ name, content: JSON.stringify(content) })),
      ),
    });
    const outputFolder = newFolder();
    const prepared = await prepareVizwiz({ sources: [source], outputFolder, minOccurrences: 2 });
    expect(readJson(outputFolder, 'train.json')).toEqual(train);
    expect(readJson(outputFolder, 'test.json')).toEqual([photo('test', 0)]);
    // Each once a question: two have basil, two soup.
    expect(readJson(outputFolder, 'trainval_label2ans.json')).toEqual(['basil', 'soup']);
    expect(prepared.splits).toMatchObject([
      { file: 'train.json', numQuestions: 3, numWithLabel: 3, numAnswersOutsideTable: 2, numUnanswerable: 1 },
      { file: 'val.json', numWithLabel: 1, numAnswersOutsideTable: 1 },
      { file: 'test.json', numAnswered: 0 },
    ]);
    for await (const { questionId, answers } of readVizwiz(path.join(outputFolder, 'val.json')))
      expect([questionId, answers]).toEqual(['VizWiz_val_00000000.jpg', ['soup', 'tin']]);
  });

  it('knows a split by its images, whatever the file is called, and does without a table', async () => {
    const source = writeFiles(newFolder(), {
      'mine.json': [photo('val', 0, 'soup')],
      'other.json': [{ a: 1 }],
    });
    const outputFolder = newFolder();
    const prepared = await prepareVizwiz({ sources: [source], outputFolder });
    expect(namesIn(outputFolder)).toEqual(['val.json']);
    expect(prepared).toMatchObject({ tableFrom: 'nothing', numAnswers: undefined });
    const given = await prepareVizwiz({
      sources: [source],
      outputFolder: newFolder(),
      answerTable: new AnswerTable(['tin']),
    });
    expect(given).toMatchObject({ tableFrom: 'given', splits: [{ numWithLabel: 0 }] });
  });

  it("reads a hub's tables, the shards of a split as one", async () => {
    const outputFolder = newFolder();
    await prepareVizwiz({ sources: ['test/formats/parquet/tables/vizwiz'], outputFolder });
    const soup = [...new Array<string>(6).fill('soup'), ...new Array<string>(4).fill('tin')];
    const rows: unknown[] = [];
    for await (const { questionId, answers, answerable, answerType } of readVizwiz(
      path.join(outputFolder, 'val.json'),
    ))
      rows.push([questionId, answers, answerable, answerType]);
    expect(rows).toEqual([
      ['VizWiz_val_00000000.jpg', soup, 1, 'other'],
      ['VizWiz_val_00000001.jpg', new Array(10).fill('unanswerable'), 0, 'unanswerable'],
      ['VizWiz_val_00000002.jpg', soup, 1, 'other'],
    ]);
  });

  it('says how frequent the most frequent answer is where none is frequent enough', async () => {
    const source = writeFiles(newFolder(), { 'train.json': train });
    const { tableFrom, mostOccurrences, notes } = await prepareVizwiz({
      sources: [source],
      outputFolder: newFolder(),
    });
    expect([tableFrom, mostOccurrences]).toEqual(['nothing', 2]);
    expect(notes.join()).toMatch(
      /those of 9 training questions or more, the most frequent among those of 2,/,
    );
  });

  it('says what is wrong, and leaves nothing', async () => {
    const outputFolder = newFolder();
    const prepare = (content: Record<string, unknown>) =>
      prepareVizwiz({ sources: [writeFiles(newFolder(), content)], outputFolder, minOccurrences: 1 });
    await expect(prepare({ 'a.json': [train[0], train[0]] })).rejects.toThrow(
      'has the image VizWiz_train_00000000.jpg twice',
    );
    await expect(prepare({ 'a.json': train, 'b.json': train })).rejects.toThrow(
      'are the train split of VizWiz',
    );
    await expect(prepare({ 'a.json': [train[0], { ...train[1], answers: undefined }] })).rejects.toThrow(
      "question 1, key 'answers': expected it beside 'answerable'",
    );
    await expect(
      prepare({ 'q.json': { questions: [{ question_id: 1, image_id: 1, question: 'Why?' }] } }),
    ).rejects.toThrow(
      /No annotations of VizWiz were found: .*q\.json holds questions in the official form of VQA/,
    );
    expect(namesIn(outputFolder)).toEqual([]);
  });
});
