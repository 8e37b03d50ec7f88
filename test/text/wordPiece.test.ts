/** @file Words into pieces, sentences into ids. */

import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/common/errors.js';
import { encodeBatch, SPECIAL_TOKENS, Vocabulary, WordPieceTokenizer } from '../../src/text/index.js';

const entries = [
  ...SPECIAL_TOKENS,
  'a',
  '##a',
  'un',
  '##want',
  '##ed',
  'unwan',
  'dog',
  '\u{1f600}',
  '##\u{1f600}',
];
const tokenizer = new WordPieceTokenizer(new Vocabulary(entries));

describe('WordPieceTokenizer', () => {
  it('prefers the longest beginning, even when it leads nowhere', () => {
    expect(tokenizer.tokenize('unwanted')).toEqual(['[UNK]']);
    const without = new WordPieceTokenizer(new Vocabulary(entries.filter((entry) => entry !== 'unwan')));
    expect(without.tokenize('unwanted')).toEqual(['un', '##want', '##ed']);
  });

  it('makes one [UNK] of a word that cannot be spelled to its end', () => {
    expect(tokenizer.tokenize('dog aaz dog')).toEqual(['dog', '[UNK]', 'dog']);
  });

  it.each(['a', '\u{1f600}'])('spells a word of 100 code points, not one of 101: %s', (character) => {
    expect(tokenizer.tokenize(character.repeat(100))).toHaveLength(100);
    expect(tokenizer.tokenize(character.repeat(101))).toEqual(['[UNK]']);
    expect(tokenizer.tokenize(character.repeat(1000))).toEqual(['[UNK]']);
  });

  it('does not take a typed ## for a continuation', () => {
    expect(tokenizer.tokenize('##ed')).toEqual(['[UNK]', '[UNK]', '[UNK]']);
  });

  it('cuts to maxPieces as it cuts the whole list', () => {
    const text = 'dog aaa unwan, aa dog';
    const all = tokenizer.pieceIds(text);
    expect(all).toHaveLength(9);
    for (let max = 0; max <= 10; max++) expect(tokenizer.pieceIds(text, max)).toEqual(all.slice(0, max));
  });

  it('encodes between [CLS] and [SEP]', () => {
    expect(tokenizer.encode('a dog')).toEqual([2, 5, 11, 3]);
    expect(tokenizer.encode('a '.repeat(30))).toEqual([2, ...Array<number>(18).fill(5), 3]);
    expect(tokenizer.encode('a dog', 3)).toEqual([2, 5, 3]);
    expect(tokenizer.encode('a dog', 2)).toEqual([2, 3]);
  });

  it.each([1, 0, -1, 2.5, Number.NaN])('refuses a length of %s', (maxLength) => {
    expect(() => tokenizer.encode('a', maxLength)).toThrow(UsageError);
    expect(() => encodeBatch(tokenizer, ['a'], { maxLength })).toThrow(/at least 2/);
  });

  it('reads a long sentence in time that grows with its length', () => {
    const started = performance.now();
    for (const text of ['a'.repeat(1e6), '[ '.repeat(3e5), '\u00e9'.repeat(1e6), '!'.repeat(1e6)])
      tokenizer.encode(text);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('encodeBatch', () => {
  it('pads each row and says how many tokens it has', () => {
    const batch = encodeBatch(tokenizer, ['dog', '', 'aa dog dog'], { maxLength: 5 });
    expect(batch).toEqual({
      batchSize: 3,
      maxLength: 5,
      inputIds: Int32Array.of(2, 11, 3, 0, 0, 2, 3, 0, 0, 0, 2, 5, 6, 11, 3),
      attentionMask: Int32Array.of(1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1),
      tokenTypeIds: new Int32Array(15),
      numTokens: Int32Array.of(3, 2, 5),
    });
  });

  it('encodes no sentences to empty arrays', () => {
    const batch = encodeBatch(tokenizer, []);
    expect([batch.batchSize, batch.inputIds.length, batch.numTokens.length]).toEqual([0, 0, 0]);
  });
});
