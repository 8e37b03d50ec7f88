/** @file Sentences into words: the rules that the golden sentences touch rarely or not at all. */

import { describe, expect, it } from 'vitest';
import { splitWords } from '../../src/text/index.js';

describe('splitWords', () => {
  it.each<[string, string, string[]]>([
    ['lower-cases and splits punctuation', "What's ON it?", ['what', "'", 's', 'on', 'it', '?']],
    ['joins what a removed character stood between', 'a\u200bb c\u0000d \x0b \u0085e', ['ab', 'cd', 'e']],
    ['takes a line or paragraph separator for space', 'a\u2028b\u2029c', ['a', 'b', 'c']],
    ['strips accents, single or composed', 'Caf\u00e9 cafe\u0301', ['cafe', 'cafe']],
    ['drops a word of accents alone', '\u0301 a', ['a']],
    ['turns Hangul into jamo', '\ud55c', ['\u1112\u1161\u11ab']],
    ['spaces Chinese characters', 'a\u65e5\u672cb', ['a', '\u65e5', '\u672c', 'b']],
    ['spaces Chinese characters outside the first plane', 'a\u{20000}b', ['a', '\u{20000}', 'b']],
    ['does not space kana', 'a\u3042b', ['a\u3042b']],
    ['keeps a special token by itself', 'the [MASK] is', ['the', '[MASK]', 'is']],
    ['splits a special token with anything beside it', '[MASK].', ['[', 'mask', ']', '.']],
    ['splits a lower-case special token', '[mask]', ['[', 'mask', ']']],
    ['sees a special token once removed characters are gone', '[MA\u200dSK]', ['[MASK]']],
    ['sees a special token beside a Chinese character', '[MASK]\u65e5', ['[MASK]', '\u65e5']],
    ['removes a lone surrogate', 'a\ud83d b', ['a', 'b']],
    [
      'lower-cases a sigma by its place in the chunk',
      '\u039f\u03a3 \u03a3\u039f',
      ['\u03bf\u03c2', '\u03c3\u03bf'],
    ],
    [
      'lower-cases a sigma before a full stop and a letter',
      '\u03a3\u03a3.\u03a3',
      ['\u03c3\u03c3', '.', '\u03c2'],
    ],
    ['lower-cases a dotted I', '\u0130x', ['ix']],
    ['takes the Kelvin sign for a k', '\u212a', ['k']],
    ['strips a mark that Unicode reclassified after version 14', 'a\u{1171e}b', ['ab']],
    ['has no words in nothing', ' \t\n', []],
  ])('%s', (_, text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it('keeps case and accents when told', () => {
    expect(splitWords('The Caf\u00e9. [MASK]', { lowerCase: false })).toEqual([
      'The',
      'Caf\u00e9',
      '.',
      '[MASK]',
    ]);
  });

  it('gives plain ASCII the same words as the full rules', () => {
    const sentences = [
      'a-b c',
      ' lead and trail ',
      '...',
      'tab\tnew\nline\r\n',
      'x',
      '',
      "it's 3.5$ (yes)",
      'A  B',
    ];
    // An ideograph at the end sends a sentence through the full rules and adds itself as one word.
    for (const sentence of sentences) {
      expect(splitWords(sentence), sentence).toEqual(splitWords(`${sentence}\u65e5`).slice(0, -1));
    }
  });

  it.each(['dog', 'two dogs, one cat', 'two dogs, one caf\u00e9'])('stops after maxWords: %s', (sentence) => {
    const all = splitWords(sentence);
    for (let maxWords = 0; maxWords <= all.length + 1; maxWords++) {
      expect(splitWords(sentence, { maxWords })).toEqual(all.slice(0, maxWords));
    }
  });
});
