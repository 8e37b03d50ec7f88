/** @file Words and regions taken away: the same as asking without the word, about a picture without the region. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/common/errors.js';
import { type Explanation, explain, explanationOf } from '../../src/explain/explanation.js';
import { removalFrom, removalVariants, type WithoutPart, wordsOfPieces } from '../../src/explain/removal.js';
import { batchFromRows, type FeatureRow } from '../../src/features/index.js';
import { disposeModels, loadEnsemble } from '../../src/inference/ensemble.js';
import { imageRegionsFrom } from '../../src/inference/imageRegions.js';
import { Lxmert } from '../../src/inference/lxmert.js';
import { LxmertImage } from '../../src/inference/lxmertImage.js';
import type { LoadedModel } from '../../src/inference/modelFolder.js';
import { rankAnswers } from '../../src/tasks/index.js';
import { LabelNames } from '../../src/vision/detector/labelNames.js';
import { makeRow } from '../features/support.js';
import { ANSWERS, writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'removal-'));
const at = (name: string): string => path.join(folder, name);
const names = new LabelNames([], []);
let one: LoadedModel;
let three: LoadedModel;
beforeAll(async () => {
  for (const seed of [5, 6, 7]) await writeSmallRun(at(`${seed}`), { seed });
  one = (await loadEnsemble([at('5')], {})) as LoadedModel;
  three = (await loadEnsemble([at('5'), at('6'), at('7')], {})) as LoadedModel;
});
afterAll(() => {
  disposeModels(one);
  disposeModels(three);
  rmSync(folder, { recursive: true });
});

const row = makeRow(2, { numBoxes: 5, featureSize: 7, width: 200, height: 100 });
const question = 'What colors is the cat?';

function removed(answering: LoadedModel, asked = question, about = row, topK = 3): Explanation {
  const imageRegions = imageRegionsFrom(about, { hasLabels: false, names, provenance: undefined });
  return explanationOf(answering, imageRegions, asked, topK, 'removal');
}

/** The probability of every answer, asked in the ordinary way. */
function asked(answering: LoadedModel, sentence: string, about: FeatureRow): Map<string, number> {
  const source = { gather: (ids: readonly string[]) => batchFromRows(ids.map(() => about)) };
  const [ranked = []] = rankAnswers(answering, source, [{ imageIds: ['x'], sentence }], ANSWERS.length);
  return new Map(ranked.map(({ answer, probability }) => [answer, probability]));
}

/** That the answers are as probable without a part as when they are asked for without it. */
function expectAnswers(
  part: WithoutPart | null | undefined,
  answers: Explanation['answers'],
  truth: ReadonlyMap<string, number>,
): void {
  expect(part?.probabilities).toEqual(
    answers.map(({ answer }) => expect.closeTo(truth.get(answer) ?? Number.NaN, 5)),
  );
  expect(part?.changes).toEqual(
    answers.map(({ answer, probability }) => expect.closeTo((truth.get(answer) ?? 0) - probability, 5)),
  );
}

/** A row in which one region really is not. */
function without(about: FeatureRow, region: number): FeatureRow {
  const others = Array.from({ length: about.numBoxes }, (_, i) => i).filter((i) => i !== region);
  const pick = <T extends Float32Array | BigInt64Array>(values: T, size: number): T => {
    const parts = others.flatMap((i) => [...values.subarray(size * i, size * (i + 1))]);
    return (values.constructor as unknown as { from(parts: unknown[]): T }).from(parts);
  };
  return {
    ...about,
    numBoxes: others.length,
    boxes: pick(about.boxes, 4),
    features: pick(about.features, about.features.length / about.numBoxes),
    objectsId: pick(about.objectsId, 1),
    objectsConf: pick(about.objectsConf, 1),
    attrsId: pick(about.attrsId, 1),
    attrsConf: pick(about.attrsConf, 1),
  };
}

const WITHOUT_WORD = {
  what: 'colors is the cat?',
  colors: 'What is the cat?',
  is: 'What colors the cat?',
  the: 'What colors is cat?',
  cat: 'What colors is the ?',
  '?': 'What colors is the cat',
};

describe('what is taken away together', () => {
  const imageRegions = imageRegionsFrom(row, { hasLabels: false, names, provenance: undefined });
  const together = (answering: LoadedModel, words: number[], regions: number[]): Explanation =>
    explanationOf(answering, imageRegions, question, 3, 'removal', { without: { words, regions } });

  it('is as if it had never been there, for one model and for several', () => {
    const sentence = 'What is the ?';
    for (const answering of [one, three]) {
      const { removal, answers, layers } = together(answering, [1, 4], [3, 0]);
      expect(removal).toMatchObject({ words: [], regions: [] });
      expectAnswers(removal?.together, answers, asked(answering, sentence, without(without(row, 3), 0)));
      expect(layers).toEqual([]);
    }
    const { removal, answers } = together(one, [], [2]);
    const alone = removed(one);
    expect(removal?.together?.probabilities).toEqual(
      alone.removal?.regions[2]?.probabilities.map((value) => expect.closeTo(value, 6)),
    );
    expect(answers).toEqual(alone.answers);
    expect(alone.removal?.together).toBeNull();
  });

  it('is there to be taken away, and leaves a region', () => {
    expect(() => together(one, [6], [])).toThrow('There are 6 words, counted from 0; 6 is none of them.');
    expect(() => together(one, [], [-1])).toThrow('There are 5 regions, counted from 0; -1 is none of them.');
    expect(() => together(one, [], [0, 1, 2, 3, 4])).toThrow('leave at least one');
    expect(() =>
      explanationOf(one, imageRegions, question, 1, 'relevance', { without: { words: [0], regions: [] } }),
    ).toThrow(UsageError);
  });
});

describe('what is taken away', () => {
  it('is a whole word with all of its pieces, and never [CLS] or [SEP]', () => {
    expect(wordsOfPieces(['[CLS]', 'un', '##color', '##ed', '##s', 'cat', '[SEP]', '?', '[SEP]'])).toEqual([
      { word: 'uncoloreds', pieces: [1, 2, 3, 4] },
      { word: 'cat', pieces: [5] },
      { word: '[SEP]', pieces: [6] },
      { word: '?', pieces: [7] },
    ]);
    expect(wordsOfPieces(['[CLS]', '[SEP]'])).toEqual([]);
    const { sentences, keptRegions } = removalVariants(
      [2, 7, 8, 9, 3],
      ['[CLS]', 'a', '##b', 'c', '[SEP]'],
      3,
    );
    expect(sentences).toEqual([
      [2, 9, 3],
      [2, 7, 8, 3],
    ]);
    expect(keptRegions).toEqual([
      [1, 2],
      [0, 2],
      [0, 1],
    ]);
    expect(removalVariants([2, 3], ['[CLS]', '[SEP]'], 1)).toEqual({
      words: [],
      sentences: [],
      keptRegions: [],
    });
  });

  it('is told with the change and, where another answer is the most probable then, with that', () => {
    const removal = removalFrom(
      { words: [{ word: 'a', pieces: [1] }], keptRegions: [[1], [0]] },
      2,
      [
        { answer: 'yes', probability: 0.75 },
        { answer: 'blue', probability: 0.125 },
      ],
      ['no', 'blue', 'yes'],
      {
        withoutWords: Float32Array.of(0, 0.25, 0.5),
        withoutRegions: Float32Array.of(0.5, 0.25, 0.25, 0, 0, 1),
      },
    );
    expect(removal).toEqual({
      words: [{ word: 'a', pieces: [1], probabilities: [0.5, 0.25], changes: [-0.25, 0.125], instead: null }],
      regions: [
        {
          probabilities: [0.25, 0.25],
          changes: [-0.5, 0.125],
          instead: { answer: 'no', probability: 0.5 },
        },
        { probabilities: [1, 0], changes: [0.25, -0.125], instead: null },
      ],
      together: null,
    });
  });
});

describe('an explanation by removal', () => {
  it.each([
    ['of one model', () => one],
    ['of several models that answer together', () => three],
  ])('%s says what is answered when the word is not asked and the region not there', (_, answering) => {
    const explanation = removed(answering());
    const { removal, answers, words } = explanation;
    const whole = asked(answering(), question, row);
    expect(answers.map(({ probability }) => probability)).toEqual([...whole.values()].slice(0, 3));
    expect(removal?.words.map(({ word }) => word)).toEqual(Object.keys(WITHOUT_WORD));
    expect(removal?.words[1]?.pieces.map((piece) => words[piece])).toEqual(['color', '##s']);
    expect(removal?.regions).toHaveLength(5);
    const truths = [
      ...Object.values(WITHOUT_WORD).map((sentence) => asked(answering(), sentence, row)),
      ...Array.from({ length: 5 }, (__, region) => asked(answering(), question, without(row, region))),
    ];
    let numOthers = 0;
    for (const [i, part] of [...removal!.words, ...removal!.regions].entries()) {
      const truth = truths[i] as Map<string, number>;
      expectAnswers(part, answers, truth);
      const [best = ''] = truth.keys();
      expect(part?.instead?.answer).toBe(best === answers[0]?.answer ? undefined : best);
      if (part?.instead) numOthers++;
    }
    // Both kinds occur, and nothing is without effect: a removal that removed nothing would be found.
    expect(numOthers).toBeGreaterThan(0);
    expect(numOthers).toBeLessThan(truths.length);
    for (const part of [...removal!.words, ...removal!.regions]) {
      expect(Math.max(...part!.changes.map(Math.abs))).toBeGreaterThan(1e-4);
    }
    expect(explanation).toMatchObject({ method: 'removal', relevance: [] });
    expect(explanation.layers).toHaveLength(answering().models.length === 1 ? 2 : 0);
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
  });

  it('is the same by the mask as by rows that are not there, to the last place of rounding', () => {
    // The masked region is full of what would be seen: nothing of it may come through.
    const loud = { ...row, features: row.features.slice() };
    loud.features.fill(1e4, 7 * 2, 7 * 3);
    const { removal, answers } = removed(one, question, loud);
    const truth = asked(one, question, without(loud, 2));
    answers.forEach(({ answer }, k) => {
      expect(Math.abs(removal!.regions[2]!.probabilities[k]! - truth.get(answer)!)).toBeLessThan(1e-6);
    });
    // Features of zeros are another question: the region is still there.
    const zeros = { ...row, features: row.features.slice() };
    zeros.features.fill(0, 7 * 2, 7 * 3);
    const zeroed = asked(one, question, zeros);
    const { removal: own, answers: ranked } = removed(one);
    const differences = ranked.map(({ answer }, k) =>
      Math.abs(own!.regions[2]!.probabilities[k]! - zeroed.get(answer)!),
    );
    expect(Math.max(...differences)).toBeGreaterThan(1e-3);
  });

  it('of a question of one word leaves [CLS] and [SEP]; the only region stays', () => {
    const single = { ...without(without(without(without(row, 4), 3), 2), 1) };
    const { removal, answers } = removed(one, 'cat', single);
    expect(removal?.regions).toEqual([null]);
    expect(removal?.words).toHaveLength(1);
    const truth = asked(one, '', single);
    expectAnswers(removal?.words[0], answers, truth);
  });

  it('of a question without words the model can read has no words, and regions all the same', () => {
    const { removal } = removed(one, '\u200b');
    expect(removal?.words).toEqual([]);
    expect(removal?.regions).toHaveLength(5);
  });

  it('lets nothing in for a word of a question that was cut', () => {
    // 18 pieces are read; the last word, "is", is beyond them.
    const pieces = [...Array.from({ length: 17 }, () => 'cat'), 'the', 'is'];
    const { removal, isCut, answers } = removed(one, pieces.join(' '));
    expect([isCut, removal?.words.length]).toEqual([true, 18]);
    const truth = asked(one, pieces.slice(1, 18).join(' '), row);
    const withTheRest = asked(one, pieces.slice(1).join(' '), row);
    expectAnswers(removal?.words[0], answers, truth);
    expect(answers.some(({ answer }) => Math.abs(truth.get(answer)! - withTheRest.get(answer)!) > 1e-4)).toBe(
      true,
    );
  });

  it('of more regions than one pass takes is the same in several', () => {
    const many = makeRow(3, { numBoxes: 100, featureSize: 7, width: 200, height: 100 });
    const { removal, answers } = removed(one, question, many);
    for (const region of [0, 48, 49, 50, 99]) {
      const truth = asked(one, question, without(many, region));
      expectAnswers(removal?.regions[region], answers, truth);
    }
  });

  it('gives of the other methods what they are: nothing is removed, attention alone has no relevance', () => {
    const imageRegions = imageRegionsFrom(row, { hasLabels: false, names, provenance: undefined });
    const by = (method?: 'relevance' | 'attention') => explanationOf(one, imageRegions, question, 2, method);
    expect(by()).toEqual(by('relevance'));
    expect(by()).toMatchObject({ method: 'relevance', removal: null });
    expect(by().relevance).toHaveLength(2);
    expect(by('attention')).toEqual({ ...by(), method: 'attention', relevance: [] });
  });

  it('is refused of a model that reads two images, and by a method that is none', async () => {
    await writeSmallRun(at('pairs'), { imagesPerExample: 2 });
    const pairs = (await loadEnsemble([at('pairs')], {})) as LoadedModel;
    expect(() => removed(pairs)).toThrow(/judges statements about two images/);
    disposeModels(pairs);
    const imageRegions = imageRegionsFrom(row, { hasLabels: false, names, provenance: undefined });
    expect(() => explanationOf(one, imageRegions, question, 1, 'guessing' as 'removal')).toThrow(
      new UsageError("Answers are explained by relevance, attention, removal; there is no 'guessing'."),
    );
    using lxmert = await Lxmert.load({ model: at('5') });
    await expect(explain(lxmert, LxmertImage.fromRegions(imageRegions), ' ')).rejects.toThrow(UsageError);
    const none = { topK: 0, method: 'removal' } as const;
    await expect(explain(lxmert, LxmertImage.fromRegions(imageRegions), 'cat', none)).rejects.toThrow(/topK/);
    expect(() => explanationOf(three, imageRegions, question, 1, 'relevance')).toThrow(/--method removal/);
  });
});
