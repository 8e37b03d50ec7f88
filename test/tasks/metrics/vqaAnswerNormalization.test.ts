import { describe, expect, it } from 'vitest';
import { CONTRACTION_SPELLINGS } from '../../../src/data/vqaAnswerRule.js';
import {
  cleanVqaAnswer,
  normalizeVqaAnswer,
  processDigitArticle,
  processPunctuation,
} from '../../../src/tasks/metrics/vqaAnswerNormalization.js';

// Expected values: worked out by hand from the rules of vqaEval.py.
describe('cleanVqaAnswer', () => {
  it.each([
    ['\ta\nb\t', 'a b'],
    ['  two  words ', 'two  words'],
    ['\u3000yes\u001f', 'yes'],
    ['\ufeffyes', '\ufeffyes'],
    ['Yes.', 'Yes.'],
  ])('%j becomes %j', (answer, expected) => expect(cleanVqaAnswer(answer)).toBe(expected));
});

describe('processPunctuation', () => {
  it.each([
    // A mark between letters becomes a space, one beside a space goes.
    ['black-white', 'black white'],
    ['black - white', 'black  white'],
    ['black- white', 'black white'],
    // Beside a space once, gone everywhere.
    ['a-b- c', 'ab c'],
    ['yes!', 'yes '],
    ['yes, no', 'yes no'],
    // A comma between digits takes all marks away without a space.
    ['1,000', '1000'],
    ['1,000/day', '1000day'],
    ['a,b', 'a b'],
    [';/[]"{}()=+\\_-><@`,?!', ' '.repeat(21)],
    // Apostrophe and colon are kept.
    ["12:30 o'clock", "12:30 o'clock"],
    // Periods go, unless a digit follows.
    ['u.s.a.', 'usa'],
    ['2.5', '2.5'],
    ['5.', '5'],
    ['.5', '.5'],
    ['v.2', 'v.2'],
    ['$3.50', '$3.50'],
    // The flags of the official call land in its count: 32 periods at most.
    ['.'.repeat(40), '.'.repeat(8)],
    // Digits of any script, as in Python.
    ['\u0663,\u0664-x', '\u0663\u0664x'],
    ['', ''],
  ])('%j becomes %j', (answer, expected) => expect(processPunctuation(answer)).toBe(expected));
});

describe('processDigitArticle', () => {
  it.each([
    ['None', '0'],
    ['zero', '0'],
    ['one two three four five six seven eight nine ten', '1 2 3 4 5 6 7 8 9 10'],
    ['eleven', 'eleven'],
    ['The cat and a dog on an apple', 'cat and dog on apple'],
    ['a', ''],
    ['theatre', 'theatre'],
    ['Dont  know', "don't know"],
    ['couldntve', 'couldntve'],
    ["couldn'tve couldnt've", "couldn't've couldn't've"],
    ['lets', 'lets'],
    ['im', 'im'],
    ["somebody'd", 'somebodyd'],
    ["ow's'at twas oclock", "'ow's'at 'twas o'clock"],
    ['constructor', 'constructor'],
  ])('%j becomes %j', (answer, expected) => expect(processDigitArticle(answer)).toBe(expected));
});

describe('normalizeVqaAnswer', () => {
  it.each([
    ['The two-story house.', '2 story house'],
    [' A\tbaseball bat ', 'baseball bat'],
    ['10,000 B.C.', '10000 bc'],
  ])('%j becomes %j', (answer, expected) => expect(normalizeVqaAnswer(answer)).toBe(expected));

  it('has the official number of contractions that can do something', () => {
    // The official table has 120 entries, six of which change no word in lower case.
    expect(CONTRACTION_SPELLINGS.size).toBe(114);
    for (const [from, to] of CONTRACTION_SPELLINGS)
      expect(from.replaceAll("'", '')).toBe(to.replaceAll("'", ''));
  });
});
