import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Question } from '../../../src/data/annotations/question.js';
import { readQuestions } from '../../../src/data/annotations/vqaAnnotations.js';
import { scoreAnswers } from '../../../src/data/answerScore.js';
import { loadAnswerTable } from '../../../src/data/answerTableFiles.js';
import { majorityAnswers, openingAnswers, sentenceOnlyLabels } from '../../../src/data/baselines.js';
import { makeSampleWorld, SAMPLE_FILES } from '../../../src/data/sampleWorld/makeSampleWorld.js';
import { renderScene } from '../../../src/data/sampleWorld/renderScene.js';
import type { Scene } from '../../../src/data/sampleWorld/scene.js';
import { type SampleSplit, SceneSource } from '../../../src/data/sampleWorld/sceneSource.js';
import { WordPieceTokenizer } from '../../../src/text/index.js';
import { loadVocabulary } from '../../../src/text/vocabularyFile.js';
import { pixelExtractor } from '../../../src/vision/pixelExtractor.js';
import { answerFrom, isTrueCaption, isTrueOfPair, matching } from './sceneReader.js';

const OPTIONS = { numImages: 400, seed: 5 };
/** The smallest world there can be. */
const SMALLEST = { numImages: 20, seed: 8 };
const source = new SceneSource(OPTIONS);
const scenes = new Map<string, Scene>();
for (const [split, number] of Object.entries(source.numImages) as [SampleSplit, number][]) {
  for (let i = 0; i < number; i++) scenes.set(source.imageId(split, i), source.scene(split, i));
}
const sceneOf = (imageId: string): Scene => {
  const scene = scenes.get(imageId);
  if (scene === undefined) throw new Error(`The world has no picture ${imageId}.`);
  return scene;
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annotations-'));
  const extractor = pixelExtractor({ numBoxes: 6 });
  await makeSampleWorld({ ...OPTIONS, folder: path.join(folder, 'world'), extractor });
  await makeSampleWorld({ ...SMALLEST, folder: path.join(folder, 'smallest'), extractor });
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

const inWorld = (file: string): string => path.join(folder, 'world', file);
const readJson = async <T>(file: string): Promise<T> => JSON.parse(await readFile(file, 'utf8')) as T;
const gqa = (split: string): Promise<Question[]> => readQuestions(inWorld(SAMPLE_FILES.gqa.questions(split)));

interface Statement {
  readonly identifier: string;
  readonly img0: string;
  readonly img1: string;
  readonly label: 0 | 1;
  readonly sent: string;
  readonly uid: string;
}
const nlvr2 = (split: string): Promise<Statement[]> =>
  readJson(inWorld(SAMPLE_FILES.nlvr2.statements(split)));

interface ImageSentences {
  readonly img_id: string;
  readonly sentf: Readonly<Record<'mscoco' | 'vqa', readonly string[]>>;
  readonly labelf: { readonly vqa: readonly Readonly<Record<string, number>>[] };
}
const captions = (split: string): Promise<ImageSentences[]> =>
  readJson(inWorld(SAMPLE_FILES.captions.sentences(split)));

interface OfficialQuestion {
  readonly question: string;
  readonly answer: string;
  readonly imageId: string;
  readonly isBalanced: boolean;
  readonly types: Readonly<Record<'structural' | 'semantic' | 'detailed', string>>;
  readonly groups: { readonly global: string | null; readonly local: string };
  readonly entailed: readonly string[];
  readonly equivalent: readonly string[];
  readonly semantic: readonly {
    readonly operation: string;
    readonly dependencies: readonly number[];
    readonly argument: string;
  }[];
}
const official = (): Promise<Record<string, OfficialQuestion>> =>
  readJson(inWorld(SAMPLE_FILES.gqa.official));

describe('scenes', () => {
  it('and their VQA questions do not depend on what else is written', async () => {
    const hash = createHash('sha256');
    for (const split of ['train', 'minival', 'heldout', 'test']) {
      hash.update(await readFile(path.join(folder, 'smallest', SAMPLE_FILES.questions(split))));
    }
    hash.update(await readFile(path.join(folder, 'smallest', SAMPLE_FILES.answers)));
    expect(hash.digest('hex')).toBe('191c1b7508850e3ce3b4f1d547bb0f8eacd368326a5a0fd36612f78129ff9727');
  });

  it('are what the pictures show', async () => {
    for (const [split, imageId] of [
      ['train', source.imageId('train', 17)],
      ['minival', source.imageId('minival', 3)],
      ['test', source.imageId('test', 0)],
    ] as const) {
      const pixels = await sharp(inWorld(SAMPLE_FILES.image(split, imageId)))
        .raw()
        .toBuffer();
      expect(pixels.equals(Buffer.from(renderScene(sceneOf(imageId)).data))).toBe(true);
    }
  });
});

describe('GQA-style questions', () => {
  it('have the one answer that the scene gives', async () => {
    for (const split of ['train', 'valid', 'testdev']) {
      for (const { imageIds, sentence, labels } of await gqa(split)) {
        const [imageId = ''] = imageIds;
        const answer = answerFrom(sceneOf(imageId), sentence);
        expect([...(labels ?? [])], `${imageId}: ${sentence}`).toEqual([[answer, 1]]);
      }
    }
  });

  it('share no picture between splits and no id at all; ids are strings with zeros in front', async () => {
    const splits = [await gqa('train'), await gqa('valid'), await gqa('testdev')];
    const images = splits.map((questions) => new Set(questions.map((question) => question.imageIds[0]!)));
    expect(images.map((each) => each.size)).toEqual([320, 40, 20]);
    expect(new Set(images.flatMap((each) => [...each])).size).toBe(380);
    const ids = splits.flat().map((question) => question.questionId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => typeof id === 'string')).toBe(true);
    expect(splits[0]?.every((question) => String(question.questionId).startsWith('0'))).toBe(true);
  });

  it('have a table of their answers', async () => {
    const table = await loadAnswerTable(inWorld(SAMPLE_FILES.gqa.answers));
    const asked = [...(await gqa('train')), ...(await gqa('valid'))];
    const answers = new Set(asked.flatMap((question) => [...(question.labels?.keys() ?? [])]));
    expect([...table.answers].sort()).toEqual([...answers].sort());
  });

  it('say yes as often as no, of each kind', async () => {
    const counts = new Map<string, number>();
    for (const { types, answer } of Object.values(await official())) {
      if (!['yes', 'no'].includes(answer)) continue;
      counts.set(types.detailed, (counts.get(types.detailed) ?? 0) + (answer === 'yes' ? 1 : -1));
    }
    expect(counts.size).toBeGreaterThanOrEqual(10);
    for (const lead of counts.values()) expect(Math.abs(lead)).toBeLessThanOrEqual(2);
  });

  it('cannot be answered without looking, even by their first words', async () => {
    const training = await gqa('train');
    const asked = [...(await gqa('valid')), ...(await gqa('testdev'))];
    const majority = scoreAnswers(asked, majorityAnswers(training, asked)).overall;
    const opening = scoreAnswers(asked, openingAnswers(training, asked)).overall;
    expect(opening).toBeGreaterThan(majority);
    expect(opening).toBeLessThan(0.6);
  });
});

describe('testdev_questions.json', () => {
  it('is the questions of testdev with all that metrics need', async () => {
    const byId = await official();
    const asked = await gqa('testdev');
    expect(Object.keys(byId).sort()).toEqual(asked.map((each) => String(each.questionId)).sort());
    for (const { questionId, imageIds, sentence, labels } of asked) {
      const [imageId = ''] = imageIds;
      const entry = byId[String(questionId)]!;
      expect([entry.imageId, entry.question, entry.isBalanced]).toEqual([imageId, sentence, true]);
      expect(labels?.get(entry.answer)).toBe(1);
      expect(['verify', 'query', 'choose', 'logical', 'compare']).toContain(entry.types.structural);
      expect(['attr', 'obj', 'rel', 'cat', 'global']).toContain(entry.types.semantic);
      // GQA groups by answer only what is no yes-or-no question.
      expect(entry.groups.global === null).toBe(['yes', 'no'].includes(entry.answer));
      for (const [i, step] of entry.semantic.entries()) {
        expect(step.dependencies.every((each) => each >= 0 && each < i)).toBe(true);
      }
      expect(entry.equivalent).toContain(String(questionId));
      expect(entry.entailed).not.toContain(String(questionId));
    }
    const types = new Set(Object.values(byId).map((entry) => entry.types.structural));
    expect(types.size).toBe(5);
  });

  it('names as entailed only what holds in every scene where the question has the same answer', async () => {
    const byId = await official();
    let numEntailed = 0;
    for (const entry of Object.values(byId)) {
      for (const id of entry.entailed) {
        const other = byId[id]!;
        numEntailed++;
        expect(other.imageId).toBe(entry.imageId);
        for (const scene of scenes.values()) {
          if (answerFrom(scene, entry.question) !== entry.answer) continue;
          const answer = answerFrom(scene, other.question) ?? other.answer;
          expect(answer, `${entry.question} ${entry.answer}: ${other.question}`).toBe(other.answer);
        }
      }
    }
    expect(numEntailed).toBeGreaterThan(30);
  });

  it('names as equivalent only what has the same answer in every scene', async () => {
    const byId = await official();
    let numEquivalent = 0;
    for (const [id, entry] of Object.entries(byId)) {
      for (const other of entry.equivalent.filter((each) => each !== id)) {
        numEquivalent++;
        for (const scene of scenes.values()) {
          expect(answerFrom(scene, byId[other]!.question)).toBe(answerFrom(scene, entry.question));
        }
      }
    }
    expect(numEquivalent).toBeGreaterThan(0);
  });
});

describe('NLVR2-style statements', () => {
  it('are labelled as the two scenes say, and pair pictures of one split', async () => {
    for (const [split, scenesOf] of [
      ['train', 'train'],
      ['valid', 'minival'],
    ] as const) {
      for (const { img0, img1, label, sent } of await nlvr2(split)) {
        expect(img0).not.toBe(img1);
        expect([img0, img1].every((each) => each.startsWith(`sample_${scenesOf}_`))).toBe(true);
        expect(isTrueOfPair(sceneOf(img0), sceneOf(img1), sent), `${img0} ${img1} ${sent}`).toBe(label === 1);
      }
    }
  });

  it('stand with different pairs, half of them true, under identifiers of one set', async () => {
    for (const [split, word, least] of [
      ['train', 'train', 1500],
      ['valid', 'dev', 190],
    ] as const) {
      const examples = await nlvr2(split);
      expect(examples.length).toBeGreaterThan(least);
      expect(new Set(examples.map((each) => each.uid)).size).toBe(examples.length);
      const sets = new Map<string, Statement[]>();
      for (const example of examples) {
        const [first, set, pair, sentence] = example.identifier.split('-');
        const members = sets.get(`${set}-${sentence}`) ?? [];
        expect([first, pair]).toEqual([word, String(members.length)]);
        sets.set(`${set}-${sentence}`, [...members, example]);
      }
      for (const members of sets.values()) {
        expect(new Set(members.map((each) => each.sent)).size).toBe(1);
        expect(new Set(members.map((each) => `${each.img0} ${each.img1}`)).size).toBe(members.length);
        expect(members.filter((each) => each.label === 1).length).toBe(members.length / 2);
      }
      const isUsual = [...sets.values()].filter((members) => members.length === 4).length;
      expect(isUsual / sets.size).toBeGreaterThan(0.9);
    }
  });

  it('cannot be judged by the sentence', async () => {
    const known = (await nlvr2('train')).map(({ sent, label }) => ({ sentence: sent, isTrue: label === 1 }));
    const asked = (await nlvr2('valid')).map(({ sent, label }) => ({ sentence: sent, isTrue: label === 1 }));
    const labels = sentenceOnlyLabels(known, asked);
    const numRight = asked.filter(({ isTrue }, i) => labels[i] === isTrue).length;
    expect(numRight / asked.length).toBeLessThan(0.55);
  });

  it('cannot be judged by whether a thing is anywhere: "exactly one" is false of none and of both', async () => {
    const seen = new Set<number>();
    for (const { img0, img1, sent, label } of await nlvr2('train')) {
      const [, name] = /^Exactly one of the images contains an? (.+)\.$/.exec(sent) ?? [];
      if (name === undefined || label === 1) continue;
      const isThere = (imageId: string): boolean => matching(sceneOf(imageId).objects, name).length > 0;
      seen.add(Number(isThere(img0)) + Number(isThere(img1)));
    }
    expect([...seen].sort()).toEqual([0, 2]);
  });
});

describe('captions', () => {
  it('are true of their pictures', async () => {
    for (const split of ['train', 'minival']) {
      for (const { img_id, sentf } of await captions(split)) {
        expect(sentf.mscoco.length).toBeGreaterThanOrEqual(4);
        expect(new Set(sentf.mscoco).size).toBe(sentf.mscoco.length);
        for (const caption of sentf.mscoco) {
          expect(isTrueCaption(sceneOf(img_id), caption), `${img_id}: ${caption}`).toBe(true);
        }
      }
    }
  });

  it('stand beside the questions of the split with their labels in the same order', async () => {
    for (const split of ['train', 'minival']) {
      const asked = await readQuestions(inWorld(SAMPLE_FILES.questions(split)));
      const flat = (await captions(split)).flatMap(({ img_id, sentf, labelf }) => {
        expect(Object.keys(labelf)).toEqual(['vqa']);
        expect(labelf.vqa.length).toBe(sentf.vqa.length);
        return sentf.vqa.map((sentence, k) => ({ img_id, sentence, label: labelf.vqa[k] }));
      });
      expect(flat).toEqual(
        asked.map(({ imageIds, sentence, labels }) => ({
          img_id: imageIds[0]!,
          sentence,
          label: Object.fromEntries(labels ?? []),
        })),
      );
    }
  });
});

describe('vocabulary', () => {
  it('has every word of every file whole, and no sentence is longer than a model reads', async () => {
    const vocabulary = await loadVocabulary(inWorld(SAMPLE_FILES.vocabulary));
    const tokenizer = new WordPieceTokenizer(vocabulary);
    const sentences: string[] = [];
    for (const split of ['train', 'valid', 'testdev']) {
      sentences.push(...(await gqa(split)).map((question) => question.sentence));
    }
    for (const split of ['train', 'valid']) sentences.push(...(await nlvr2(split)).map((each) => each.sent));
    for (const split of ['train', 'minival']) {
      sentences.push(...(await captions(split)).flatMap(({ sentf }) => [...sentf.mscoco, ...sentf.vqa]));
    }
    for (const sentence of new Set(sentences)) {
      const pieces = tokenizer.pieceIds(sentence);
      expect(pieces, sentence).not.toContain(vocabulary.unknownId);
      expect(vocabulary.tokens(pieces).filter((piece) => piece.startsWith('##'))).toEqual([]);
      // 20 with [CLS] and [SEP].
      expect(pieces.length, sentence).toBeLessThanOrEqual(18);
    }
  });
});

describe('the smallest world', () => {
  it('has every file, whatever its two validation pictures give', async () => {
    const at = (file: string): string => path.join(folder, 'smallest', file);
    const statements = await readJson<Statement[]>(at(SAMPLE_FILES.nlvr2.statements('valid')));
    for (const label of [0, 1]) {
      expect(statements.filter((each) => each.label === label).length).toBe(statements.length / 2);
    }
    expect((await readQuestions(at(SAMPLE_FILES.gqa.questions('testdev')))).length).toBeGreaterThan(0);
  });
});
