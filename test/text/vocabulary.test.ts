/** @file Vocabularies: files good and damaged, and those made from sentences. */

import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import { buildVocabulary, SPECIAL_TOKENS, Vocabulary, WordPieceTokenizer } from '../../src/text/index.js';
import { loadVocabulary, saveVocabulary } from '../../src/text/vocabularyFile.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lxmert-text-'));
});
afterAll(() => rm(folder, { recursive: true }));

const special = `${SPECIAL_TOKENS.join('\n')}\n`;

describe('Vocabulary', () => {
  it('comes back from its file', async () => {
    const file = path.join(folder, 'nested', 'vocab.txt');
    const vocabulary = new Vocabulary([...SPECIAL_TOKENS, 'a', '##\u00e9', '\u65e5']);
    await saveVocabulary(vocabulary, file);
    expect(await readFile(file, 'utf8')).toBe(`${special}a\n##\u00e9\n\u65e5\n`);
    expect((await loadVocabulary(file)).entries).toEqual(vocabulary.entries);
    expect(await readdir(path.dirname(file))).toEqual(['vocab.txt']);
  });

  it('reads a last line without its end, and a byte-order mark', async () => {
    const file = path.join(folder, 'bom.txt');
    await writeFile(file, `\ufeff${special}last`);
    const vocabulary = await loadVocabulary(file);
    expect([vocabulary.padId, vocabulary.id('last'), vocabulary.size]).toEqual([0, 5, 6]);
  });

  it('gives entries for ids, and refuses others', () => {
    const vocabulary = new Vocabulary([...SPECIAL_TOKENS, 'a']);
    expect(vocabulary.tokens(Int32Array.of(2, 5, 3, 0))).toEqual(['[CLS]', 'a', '[SEP]', '[PAD]']);
    for (const id of [6, -1, 1.5])
      expect(() => vocabulary.token(id)).toThrow(`${id} is outside the vocabulary`);
  });

  it('is not changed through the list it was made from', () => {
    const entries = [...SPECIAL_TOKENS, 'a'];
    const vocabulary = new Vocabulary(entries);
    entries[5] = 'b';
    expect(vocabulary.token(5)).toBe('a');
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['an empty file', '', /is empty/],
    ['carriage returns', special.replaceAll('\n', '\r\n'), /carriage return in line 1\b/],
    ['one carriage return', `${special}a\r\nb\n`, /carriage return in line 6\b/],
    ['a doubled entry', `${special}a\nb\na\n`, /"a" in line 6 and again in line 8/],
    ['an empty line', `${special}a\n\nb\n`, /empty line 7/],
    ['no mask token', special.replace('[MASK]\n', 'a\n'), /has no \[MASK\] among its 5 entries/],
    ['answers by line', 'red\nblue\n', /no \[PAD\].*the first is "red"/],
    ['a web page', '<!DOCTYPE html>\n<p>Not found</p>\n', /is a web page .*; expected a vocabulary/],
    [
      'a picture',
      Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46),
      /is a JPEG picture; expected a vocabulary/,
    ],
    ['space around an entry', `${special}a \n`, /line 6 the entry "a "/],
    ['padding elsewhere', 'a\n'.concat(special), /\[PAD\] as entry 2 with id 1/],
    ['bytes that are not UTF-8', Uint8Array.of(0x5b, 0xff, 0xfe, 0x0a), /not UTF-8/],
  ])('refuses %s', async (name, content, message) => {
    const file = path.join(folder, `${name}.txt`);
    await writeFile(file, content);
    const loading = loadVocabulary(file);
    await expect(loading).rejects.toThrow(LxmertError);
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow(file);
  });

  it.each([
    ['questions', [{ question_id: 1, img_id: 'a', sent: 'What?', label: { red: 1 } }], 'questions of VQA'],
    ['a table', ['red', 'blue'], 'an answer table'],
  ])('names JSON that is %s', async (name, content, what) => {
    const file = path.join(folder, `${name}.json`);
    await writeFile(file, JSON.stringify(content));
    await expect(loadVocabulary(file)).rejects.toThrow(
      new RegExp(`holds ${what}.*; expected a vocabulary of word pieces`),
    );
  });

  it('says which file is missing or no file', async () => {
    const missing = path.join(folder, 'absent.txt');
    await expect(loadVocabulary(missing)).rejects.toThrow(UsageError);
    await expect(loadVocabulary(missing)).rejects.toThrow(`There is no vocabulary file ${missing}`);
    await expect(loadVocabulary(folder)).rejects.toThrow(UsageError);
  });

  it('does not read a file far too large', async () => {
    const file = path.join(folder, 'weights.txt');
    await writeFile(file, special);
    await truncate(file, 65 * 1024 * 1024);
    await expect(loadVocabulary(file)).rejects.toThrow(/has 68157440 bytes/);
  });

  it('refuses a list that would not come back from a file', () => {
    for (const entry of ['a\nb', '\ud83d', '']) {
      expect(() => new Vocabulary([...SPECIAL_TOKENS, entry])).toThrow(LxmertError);
    }
  });
});

describe('buildVocabulary', () => {
  const sentences = [
    'Is the red square left of the circle?',
    'How many circles are red?',
    'Caf\u00e9 \u65e5\u672c \ud55c\uad6d \u{1f600}\u{1f600}! [MASK] is no word',
  ];

  it('puts [PAD] first and leaves no word of its sentences unknown', () => {
    const vocabulary = buildVocabulary(sentences);
    const tokenizer = new WordPieceTokenizer(vocabulary);
    expect(vocabulary.entries.slice(0, 5)).toEqual(SPECIAL_TOKENS);
    expect(vocabulary.id('##[')).toBeUndefined();
    for (const sentence of sentences) expect(tokenizer.tokenize(sentence)).not.toContain('[UNK]');
    expect(tokenizer.tokenize('is the red square')).toEqual(['is', 'the', 'red', 'square']);
  });

  it('can spell English words it never saw', () => {
    const tokenizer = new WordPieceTokenizer(buildVocabulary(['the red']));
    expect(tokenizer.tokenize('The zoo 42 @ (x)')).toEqual([
      'the',
      'z',
      '##o',
      '##o',
      '4',
      '##2',
      '@',
      '(',
      'x',
      ')',
    ]);
  });

  it('depends on the sentences, not on their order', () => {
    expect(buildVocabulary(sentences.toReversed()).entries).toEqual(buildVocabulary(sentences).entries);
  });

  it('orders words by how often they occur, then by code unit', () => {
    const { entries } = buildVocabulary(['dog cat dog', 'bee cat dog']);
    expect(entries.slice(-3)).toEqual(['dog', 'cat', 'bee']);
    expect(buildVocabulary(['bb aa']).entries.slice(-2)).toEqual(['aa', 'bb']);
  });

  it('spells rare words and words beyond the limit in characters', () => {
    const texts = ['dog cat dog', 'bee cat dog'];
    const frequent = new WordPieceTokenizer(buildVocabulary(texts, { minCount: 2 }));
    expect(frequent.tokenize('dog cat bee')).toEqual(['dog', 'cat', 'b', '##e', '##e']);
    const first = new WordPieceTokenizer(buildVocabulary(texts, { maxWords: 1 }));
    expect(first.tokenize('dog cat')).toEqual(['dog', 'c', '##a', '##t']);
  });

  it('keeps case when told', () => {
    const cased = new WordPieceTokenizer(buildVocabulary(['The dog'], { lowerCase: false }), {
      lowerCase: false,
    });
    expect(cased.tokenize('The the')).toEqual(['The', 't', '##h', '##e']);
  });

  it.each([{ minCount: 0 }, { minCount: 1.5 }, { maxWords: -1 }])('refuses %o', (options) => {
    expect(() => buildVocabulary([], options)).toThrow(UsageError);
  });
});
