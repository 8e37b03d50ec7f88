import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { streamAokvqaQuestions } from '../../../src/data/annotations/aokvqaAnnotations.js';
import { readQuestions } from '../../../src/data/annotations/vqaAnnotations.js';
import { AnswerTable } from '../../../src/data/answerTable.js';
import { prepareAokvqa } from '../../../src/data/prepare/prepareAokvqa.js';
import { makeTar } from '../../formats/tarFile.js';
import { namesIn, readJson, temporaryFolder, writeFiles } from './support.js';

const folder = temporaryFolder();
let numFolders = 0;
const newFolder = (): string => path.join(folder, `made${numFolders++}`);

const record = (split: string, id: string, more: object = {}): object => ({
  split,
  image_id: 299207,
  question_id: id,
  question: 'What is the man by the bags awaiting?',
  choices: ['skateboarder', 'train', 'delivery', 'cab'],
  ...(split === 'test'
    ? {}
    : {
        correct_choice_idx: 3,
        direct_answers: ['ride', 'ride', 'ride', 'bus', 'bus', 'bus', 'bus', 'taxi', 'taxi', 'plane'],
        difficult_direct_answer: false,
        rationales: ['He waits.'],
      }),
  ...more,
});
const files = {
  'aokvqa_v1p0_train.json': [
    record('train', 'abcdefghijklmnopqrstuv'),
    record('train', '22Mex', { image_id: 7 }),
  ],
  'aokvqa_v1p0_val.json': [record('val', 'v1', { difficult_direct_answer: true, correct_choice_idx: 1 })],
  'aokvqa_v1p0_test.json': [record('test', 't1')],
};

const tarball = (): Buffer =>
  gzipSync(
    makeTar(
      Object.fromEntries(
        Object.entries(files).map(([name, content]) => [`./${name}`, JSON.stringify(content)]),
      ),
    ),
  );

describe('prepareAokvqa', () => {
  it('makes every split from the archive, with the table of the training questions', async () => {
    const source = writeFiles(newFolder(), { 'aokvqa_v1p0.tar.gz': tarball() });
    const outputFolder = newFolder();
    const prepared = await prepareAokvqa({ sources: [source], outputFolder, minOccurrences: 2 });
    expect(namesIn(outputFolder)).toEqual([
      'test.json',
      'train.json',
      'trainval_ans2label.json',
      'trainval_label2ans.json',
      'val.json',
    ]);
    // Right choices; choices of two questions; direct answers of two; sorted.
    expect(readJson(outputFolder, 'trainval_label2ans.json')).toEqual([
      'bus',
      'cab',
      'delivery',
      'plane',
      'ride',
      'skateboarder',
      'taxi',
      'train',
    ]);
    const rows = readJson(outputFolder, 'train.json') as Record<string, unknown>[];
    expect(rows[0]).toEqual({
      img_id: '000000299207',
      question_id: 'abcdefghijklmnopqrstuv',
      sent: 'What is the man by the bags awaiting?',
      choices: ['skateboarder', 'train', 'delivery', 'cab'],
      correct_choice_idx: 3,
      direct_answers: ['ride', 'ride', 'ride', 'bus', 'bus', 'bus', 'bus', 'taxi', 'taxi', 'plane'],
      difficult_direct_answer: false,
      label: { ride: 1, bus: 1, taxi: 2 / 3, plane: 1 / 3 },
    });
    expect(
      prepared.splits.map(({ file, numWithLabel, numDifficult }) => [file, numWithLabel, numDifficult]),
    ).toEqual([
      ['train.json', 2, 0],
      ['val.json', 1, 1],
      ['test.json', 0, 0],
    ]);
    const [test] = await readQuestions(path.join(outputFolder, 'test.json'));
    expect(test).toMatchObject({ questionId: 't1', labels: undefined });
    for await (const { questionId, correctChoice, isDifficult, directAnswers } of streamAokvqaQuestions(
      path.join(outputFolder, 'val.json'),
    )) {
      expect([questionId, correctChoice, isDifficult, directAnswers?.length]).toEqual([
        'v1',
        'train',
        true,
        10,
      ]);
    }
  });

  it('leaves rare answers out, and takes a given table', async () => {
    const source = writeFiles(newFolder(), files);
    const [rare, given] = [newFolder(), newFolder()];
    await prepareAokvqa({ sources: [source], outputFolder: rare });
    expect(readJson(rare, 'trainval_label2ans.json')).toEqual(['cab']);
    const prepared = await prepareAokvqa({
      sources: [path.join(source, 'aokvqa_v1p0_val.json')],
      outputFolder: given,
      answerTable: new AnswerTable(['taxi', 'train']),
    });
    expect(prepared.splits).toMatchObject([
      { numChoices: 4, numChoicesInTable: 1, numWithLabel: 1, numAnswersOutsideTable: 3 },
    ]);
    expect(readJson(given, 'val.json')).toMatchObject([{ label: { taxi: 2 / 3 } }]);
  });

  it('takes the ids of the features that there are', async () => {
    const source = writeFiles(newFolder(), files);
    const outputFolder = newFolder();
    const knownImages = new Set(['COCO_val2014_000000299207']);
    const prepared = await prepareAokvqa({ sources: [source], outputFolder, knownImages });
    const rows = readJson(outputFolder, 'train.json') as { img_id: string }[];
    expect(rows.map(({ img_id }) => img_id)).toEqual(['COCO_val2014_000000299207', '000000000007']);
    expect(prepared.splits[0]).toMatchObject({ numUnknownImages: 1 });
  });

  it("reads a hub's table, whose pictures go by their questions", async () => {
    const outputFolder = newFolder();
    await prepareAokvqa({
      sources: ['test/formats/parquet/tables/aokvqa'],
      outputFolder,
      minOccurrences: 1,
    });
    expect(readJson(outputFolder, 'train.json')).toMatchObject([
      {
        img_id: '22MexNkBPpdZGX6sxbxVBH',
        question_id: '22MexNkBPpdZGX6sxbxVBH',
        correct_choice_idx: 3,
        direct_answers: [...new Array<string>(3).fill('ride'), ...new Array<string>(7).fill("driver's cab")],
        label: { ride: 1, "driver's cab": 1 },
      },
    ]);
  });

  it('says what is missing or wrong, and leaves nothing', async () => {
    const outputFolder = newFolder();
    const prepare = (content: Record<string, unknown>) =>
      prepareAokvqa({ sources: [writeFiles(newFolder(), content)], outputFolder });
    await expect(prepare({ 'val.json': files['aokvqa_v1p0_val.json'] })).rejects.toThrow(
      'There are no training questions to make an answer table from',
    );
    await expect(prepare({ 'x.json': [{ image: 'a.jpg', question: 'Why?' }] })).rejects.toThrow(
      /No questions of A-OKVQA were found: .*x\.json holds questions of VizWiz without answers/,
    );
    const twice = [record('train', 'a'), record('train', 'a')];
    await expect(prepare({ 'train.json': twice })).rejects.toThrow('has the question a twice');
    const wrong = [record('train', 'a'), record('train', 'b', { correct_choice_idx: 4 })];
    await expect(prepare({ 'train.json': wrong })).rejects.toThrow(
      "question 1, key 'correct_choice_idx': expected the place of one of the choices",
    );
    await expect(
      prepare({ 'a.json': files['aokvqa_v1p0_train.json'], 'b.json': files['aokvqa_v1p0_train.json'] }),
    ).rejects.toThrow('are the train split of A-OKVQA; give only one');
    expect(namesIn(outputFolder)).toEqual([]);
  });
});
