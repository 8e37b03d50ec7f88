/** @file The tokenizer against what the reference made of the same sentences. */

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeBatch, splitWords, type Vocabulary, WordPieceTokenizer } from '../../src/text/index.js';
import { loadVocabulary } from '../../src/text/vocabularyFile.js';
import { goldenPath } from '../support/golden.js';
import { publishedPath } from '../support/published.js';

interface GoldenCase {
  text: string;
  tokens: string[];
  ids: number[];
}
interface SmallGolden {
  tests: (GoldenCase & { basic: string[]; tokens_cased: string[] })[];
  features: { sent: string; input_ids: number[]; input_mask: number[]; segment_ids: number[] }[];
}
type RealSentence = Omit<GoldenCase, 'text'> & { sent: string };

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(goldenPath(name), 'utf8')) as T;
}

describe('with the small vocabulary', () => {
  let golden: SmallGolden;
  let vocabulary: Vocabulary;
  beforeAll(async () => {
    golden = readJson<SmallGolden>('tokenizer.json');
    vocabulary = await loadVocabulary(goldenPath('vocab_small.txt'));
  });

  it('splits every sentence into the same words', () => {
    expect(golden.tests).toHaveLength(80);
    for (const { text, basic } of golden.tests) expect(splitWords(text), text).toEqual(basic);
  });

  it('finds the same pieces and ids', () => {
    const tokenizer = new WordPieceTokenizer(vocabulary);
    for (const { text, tokens, ids } of golden.tests) {
      expect(tokenizer.tokenize(text), text).toEqual(tokens);
      expect(tokenizer.pieceIds(text), text).toEqual(ids);
    }
  });

  it('finds the same pieces when case is kept', () => {
    const tokenizer = new WordPieceTokenizer(vocabulary, { lowerCase: false });
    for (const test of golden.tests)
      expect(tokenizer.tokenize(test.text), test.text).toEqual(test.tokens_cased);
  });

  it('encodes a batch to the same ids, mask and segments', () => {
    const { features } = golden;
    const sentences = features.map(({ sent }) => sent);
    const batch = encodeBatch(new WordPieceTokenizer(vocabulary), sentences);
    expect(features.length).toBeGreaterThan(0);
    expect([...batch.inputIds]).toEqual(features.flatMap((row) => row.input_ids));
    expect([...batch.attentionMask]).toEqual(features.flatMap((row) => row.input_mask));
    expect([...batch.tokenTypeIds]).toEqual(features.flatMap((row) => row.segment_ids));
    expect([...batch.numTokens]).toEqual(
      features.map((row) => row.input_mask.filter((bit) => bit === 1).length),
    );
  });
});

describe('with the vocabulary of bert-base-uncased', () => {
  let tokenizer: WordPieceTokenizer;
  beforeAll(async () => {
    tokenizer = new WordPieceTokenizer(await loadVocabulary(publishedPath('bert', 'vocab.txt')));
  });

  it('reads all entries, with the special tokens where BERT has them', () => {
    const { size, padId, unknownId, clsId, sepId, maskId } = tokenizer.vocabulary;
    expect({ size, padId, unknownId, clsId, sepId, maskId }).toEqual({
      size: 30522,
      padId: 0,
      unknownId: 100,
      clsId: 101,
      sepId: 102,
      maskId: 103,
    });
  });

  it('finds the same pieces and ids in difficult sentences', () => {
    const { tests } = readJson<{ tests: GoldenCase[] }>('tokenizer_bert_base_uncased.json');
    expect(tests).toHaveLength(80);
    for (const { text, tokens, ids } of tests) {
      expect(tokenizer.tokenize(text), text).toEqual(tokens);
      expect(tokenizer.pieceIds(text), text).toEqual(ids);
    }
  });

  it('finds the same pieces and ids in 1,520 sentences of VQA, GQA and NLVR2', () => {
    const lines = readFileSync(publishedPath('bert', 'golden-tokens.jsonl'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(1520);
    for (const line of lines) {
      const { sent, tokens, ids } = JSON.parse(line) as RealSentence;
      expect(tokenizer.tokenize(sent), sent).toEqual(tokens);
      expect(tokenizer.pieceIds(sent), sent).toEqual(ids);
      expect(tokenizer.encode(sent), sent).toEqual([101, ...ids.slice(0, 18), 102]);
    }
  });
});
