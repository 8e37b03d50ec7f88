/** @file What of a sentence a model does not read: the end of a long one, words that the vocabulary does not have. */

import { expect, it } from 'vitest';
import { unreadOf, Vocabulary, WordPieceTokenizer } from '../../src/text/index.js';

const tokenizer = new WordPieceTokenizer(
  new Vocabulary(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'the', 'cat', '##s', 'is', 'black', '?']),
);

it('is the end, from the first word that is not whole', () => {
  const lostOf = (sentence: string, maxLength: number) => unreadOf({ tokenizer, maxLength }, sentence).lost;
  expect(lostOf('The cats is black?', 8)).toBe('');
  // [CLS] the cat ##s is [SEP]
  expect(lostOf('The cats  is black?', 6)).toBe('black?');
  expect(lostOf('The cats  is black?', 5)).toBe('is black?');
  expect(lostOf('The cats  is black?', 4)).toBe('cats  is black?');
  expect(lostOf('The cats is black?', 2)).toBe('The cats is black?');
  expect(lostOf('', 2)).toBe('');
});

it('is the words that cannot be spelled, of those that are read', () => {
  const unknownOf = (sentence: string, maxLength = 20) =>
    unreadOf({ tokenizer, maxLength }, sentence).unknownWords;
  expect(unknownOf('Is the quokka black, cat?')).toEqual(['quokka', ',']);
  expect(unknownOf('the cats')).toEqual([]);
  // [CLS] is the quokka [SEP]
  expect(unknownOf('Is the quokka or wombat black?', 5)).toEqual(['quokka']);
});
