import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../../src/common/random.js';
import type { Question } from '../../../src/data/annotations/question.js';
import { readQuestions } from '../../../src/data/annotations/vqaAnnotations.js';
import { scoreAnswers } from '../../../src/data/answerScore.js';
import { loadAnswerTable } from '../../../src/data/answerTableFiles.js';
import { questionOnlyAnswers } from '../../../src/data/baselines.js';
import { intersectionOverUnion } from '../../../src/data/sampleWorld/labelRegions.js';
import { makeSampleWorld, SAMPLE_FILES } from '../../../src/data/sampleWorld/makeSampleWorld.js';
import { SAMPLE_COLORS, SAMPLE_SHAPES, SAMPLE_SIZES } from '../../../src/data/sampleWorld/palette.js';
import { renderScene } from '../../../src/data/sampleWorld/renderScene.js';
import { drawScene } from '../../../src/data/sampleWorld/scene.js';
import { readObj36 } from '../../../src/features/obj36Reader.js';
import { WordPieceTokenizer } from '../../../src/text/index.js';
import { loadVocabulary } from '../../../src/text/vocabularyFile.js';
import { pixelExtractor } from '../../../src/vision/pixelExtractor.js';

let parent = '';
const world = (name: string): string => path.join(parent, name);
const extractor = pixelExtractor({ numBoxes: 8 });
beforeAll(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'world-'));
  await makeSampleWorld({ folder: world('a'), numImages: 120, seed: 7, extractor });
});
afterAll(() => rm(parent, { recursive: true }));

const questionsOf = (split: string): Promise<Question[]> =>
  readQuestions(path.join(world('a'), SAMPLE_FILES.questions(split)));

async function hashOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) =>
    each.isFile(),
  );
  const paths = files.map((each) => path.join(each.parentPath, each.name)).sort();
  for (const file of paths) hash.update(path.relative(folder, file)).update(await readFile(file));
  return hash.digest('hex');
}

describe('makeSampleWorld', () => {
  it('gives the same bytes for the same seed and others for another', async () => {
    await makeSampleWorld({ folder: world('b'), numImages: 30, seed: 3, extractor });
    await makeSampleWorld({ folder: world('c'), numImages: 30, seed: 3, extractor });
    await makeSampleWorld({ folder: world('d'), numImages: 30, seed: 4, extractor });
    expect(await hashOf(world('b'))).toBe(await hashOf(world('c')));
    expect(await hashOf(world('b'))).not.toBe(await hashOf(world('d')));
  });

  it('refuses a folder that holds files', async () => {
    await expect(makeSampleWorld({ folder: world('a'), numImages: 30, seed: 1, extractor })).rejects.toThrow(
      'not empty',
    );
  });

  it('shares no image between splits, and labels all but the test split', async () => {
    const splits = await Promise.all(['train', 'minival', 'heldout', 'test'].map(questionsOf));
    const images = splits.map((questions) => new Set(questions.map((question) => question.imageIds[0]!)));
    const total = images.reduce((sum, each) => sum + each.size, 0);
    expect(new Set(images.flatMap((each) => [...each])).size).toBe(total);
    expect(splits[3]?.every((question) => question.labels === undefined)).toBe(true);
    expect(splits[0]?.every((question) => (question.labels?.size ?? 0) > 0)).toBe(true);
    const ids = splits.flat().map((question) => question.questionId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has features for every image, in its frame, without labels inside', async () => {
    let numRows = 0;
    for await (const { row } of readObj36(path.join(world('a'), SAMPLE_FILES.features('train')))) {
      numRows++;
      expect(row.numBoxes).toBe(8);
      expect(row.features.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
      expect(Math.max(...row.boxes)).toBeLessThanOrEqual(128);
    }
    expect(numRows).toBe(96);
  });

  it('asks in words that its vocabulary has, with answers that its table has', async () => {
    const vocabulary = await loadVocabulary(path.join(world('a'), SAMPLE_FILES.vocabulary));
    const tokenizer = new WordPieceTokenizer(vocabulary);
    const table = await loadAnswerTable(path.join(world('a'), SAMPLE_FILES.answers));
    for (const question of await questionsOf('train')) {
      expect(tokenizer.pieceIds(question.sentence)).not.toContain(vocabulary.unknownId);
      for (const answer of question.labels?.keys() ?? []) expect(table.indexOf(answer)).toBeDefined();
    }
  });

  it('cannot be answered without looking', async () => {
    const [training, asked] = await Promise.all([questionsOf('train'), questionsOf('minival')]);
    expect(scoreAnswers(asked, questionOnlyAnswers(training, asked)).overall).toBeLessThan(0.6);
  });
});

describe('regions from pixels', () => {
  it('find the objects that were drawn', () => {
    let numObjects = 0;
    let numFound = 0;
    for (let i = 0; i < 60; i++) {
      const scene = drawScene(
        `scene${i}`,
        {
          width: 128,
          height: 128,
          minObjects: 2,
          maxObjects: 5,
          sizes: SAMPLE_SIZES,
          pairs: SAMPLE_COLORS.flatMap(({ name }) => SAMPLE_SHAPES.map((shape) => ({ color: name, shape }))),
          repeatChance: 0.4,
        },
        Random.derive(11, `scene${i}`),
      );
      const { boxes } = extractor.extract(renderScene(scene));
      for (const object of scene.objects) {
        numObjects++;
        const overlaps = Array.from({ length: 8 }, (_, k) =>
          intersectionOverUnion(boxes.subarray(4 * k, 4 * k + 4), object.box),
        );
        if (Math.max(...overlaps) > 0.5) numFound++;
      }
    }
    expect(numFound / numObjects).toBeGreaterThan(0.95);
  });
});
