import { describe, expect, it } from 'vitest';
import { loadAnswerTable } from '../../../src/data/answerTableFiles.js';
import type { Draws } from '../../../src/data/pretraining/draws.js';
import { readCorpus } from '../../../src/data/pretraining/readCorpus.js';
import { sampleExample } from '../../../src/data/pretraining/sampling.js';
import { sentencePieces } from '../../../src/tasks/pretraining/batch.js';
import { type Vocabulary, WordPieceTokenizer } from '../../../src/text/index.js';
import { loadVocabulary } from '../../../src/text/vocabularyFile.js';
import { Golden, type GoldenDraw, goldenPath } from '../../support/golden.js';

async function toyCorpus() {
  const answerTable = await loadAnswerTable(goldenPath('toy', 'all_ans.json'));
  const { corpus } = await readCorpus({
    files: [goldenPath('toy', 'lxmert_train.json')],
    hasImage: () => true,
    answerTable,
  });
  return { corpus, answerTable };
}

/** Gives recorded decisions, and insists on their kind and range. */
class ReplayedDraws implements Draws {
  #next = 0;

  constructor(
    private readonly recorded: readonly GoldenDraw[],
    private readonly vocabulary: Vocabulary,
  ) {}

  uniform(): number {
    const draw = this.#take();
    if (draw[0] !== 'random') throw new Error(`A ${draw[0]} was recorded, not a random.`);
    return draw[1];
  }

  integer(n: number): number {
    const draw = this.#take();
    if (draw[0] === 'choice') {
      expect(n).toBe(this.vocabulary.size);
      return this.vocabulary.id(draw[1])!;
    }
    if (draw[0] !== 'randint') throw new Error(`A ${draw[0]} was recorded, not a randint.`);
    expect([draw[1], draw[2]]).toEqual([0, n - 1]);
    return draw[3];
  }

  weighted(weights: ArrayLike<number>): number {
    const draw = this.#take();
    if (draw[0] !== 'multinomial') throw new Error(`A ${draw[0]} was recorded, not a multinomial.`);
    const total = Array.from(weights).reduce((sum, weight) => sum + weight, 0);
    for (const [i, share] of draw[1].entries()) expect(weights[i]! / total).toBeCloseTo(share, 6);
    return draw[2];
  }

  get numLeft(): number {
    return this.recorded.length - this.#next;
  }

  #take(): GoldenDraw {
    const draw = this.recorded[this.#next++];
    if (draw === undefined) throw new Error('More was drawn than was recorded.');
    return draw;
  }
}

describe('the reference data set', () => {
  it('has the same examples, with cleaned answers in the same order', async () => {
    const { corpus, answerTable } = await toyCorpus();
    const examples = Array.from({ length: corpus.size }, (_, i) => {
      const { rows, scores } = corpus.answers(i);
      const label = [...rows].map((row, k) => [answerTable.answer(row), Number(scores[k]!.toFixed(6))]);
      return [corpus.imageIdOf(i), corpus.sentence(i), corpus.isQuestion(i) ? label : null];
    });
    const { entries } = new Golden().index.dataset;
    expect(examples).toEqual(entries.map(({ img_id, sent, label }) => [img_id, sent, label]));
    for (const [i, { uid, img_id }] of entries.entries()) {
      expect(uid.startsWith(`${img_id}_${corpus.sourceOf(i)}_`)).toBe(true);
    }
  });

  it('has the same answers of each selection of question sets', async () => {
    const file = goldenPath('toy', 'all_ans.json');
    const { all, ...selections } = new Golden().index.answers.num_answers;
    expect((await loadAnswerTable(file)).size).toBe(all);
    for (const [sets, size] of Object.entries(selections)) {
      expect((await loadAnswerTable(file, { sets: sets.split(',') })).size, sets).toBe(size);
    }
    await expect(loadAnswerTable(file, { sets: ['okvqa'] })).rejects.toThrow(/okvqa.*gqa, visual7w, vqa/);
  });

  it('shows each example as the reference does when the same is drawn', async () => {
    const { corpus } = await toyCorpus();
    const vocabulary = await loadVocabulary(goldenPath('vocab_small.txt'));
    const text = sentencePieces(new WordPieceTokenizer(vocabulary), 20);
    const { cases } = new Golden().index.masking;
    expect(cases.length).toBe(10);
    for (const expected of cases) {
      const draws = new ReplayedDraws(
        [...expected.draws_in_getitem, ...expected.draws_in_convert],
        vocabulary,
      );
      const settings = {
        matching: true,
        wordMaskRate: expected.word_mask_rate,
        regionMaskRate: expected.obj_mask_rate,
      };
      const sampled = sampleExample(corpus, expected.item, text, () => 36, settings, draws);
      expect(draws.numLeft).toBe(0);
      expect(sampled.isMatched).toBe(expected.is_matched === 1);
      expect(sampled.answer).toBe(expected.ans);
      const numPieces = expected.input_mask.filter((is) => is === 1).length - 2;
      expect(sampled.words.pieces).toEqual(expected.input_ids.slice(1, numPieces + 1));
      expect(sampled.words.labels).toEqual(expected.lm_label_ids.slice(1, numPieces + 1));
      expect([...sampled.regions.mask]).toEqual(expected.feat_mask);
      const kinds = new Array<string>(36).fill('same');
      for (const region of sampled.regions.zeroed) kinds[region] = 'zero';
      for (const { region } of sampled.regions.substitutes) kinds[region] = 'random';
      expect(kinds).toEqual(expected.feat_kind);
    }
  });
});
