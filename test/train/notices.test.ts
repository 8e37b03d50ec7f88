import { describe, expect, it } from 'vitest';
import { LxmertError } from '../../src/common/errors.js';
import { blindNotice, majorityNotice, mostFrequentAnswer, overlapNotice } from '../../src/train/notices.js';

/** `numYes` times yes, then `numOther` other answers. */
const answers = (numYes: number, numOther: number): string[] => [
  ...new Array<string>(numYes).fill('yes'),
  ...Array.from({ length: numOther }, (_, i) => `answer ${i}`),
];
const notice = (predictedAnswers: string[], more = {}) =>
  majorityNotice({
    predictedAnswers,
    majorityAnswer: 'yes',
    majorityShare: 0.312,
    numSteps: 2000,
    ...more,
  });

describe('majorityNotice', () => {
  it('says that the model answers the majority for everything, how often that is right, and after how long', () => {
    const sentence = notice(answers(1200, 0));
    expect(sentence).toContain("After 2,000 steps the model still answers 'yes'");
    expect(sentence).toContain('all 1,200 validation questions');
    expect(sentence).toContain('right for 31.2 % of them');
    expect(notice(answers(1200, 0), { numSteps: 1 })).toContain('After 1 step the');
  });

  it('says so for nearly everything, and where that ends', () => {
    expect(notice(answers(95, 5))).toContain('to 95 of 100 validation questions');
    expect(notice(answers(94, 6))).toBeUndefined();
    expect(notice([])).toBeUndefined();
  });

  it('is silent about another answer, few questions, and data where a good model does the same', () => {
    expect(notice(answers(100, 0), { majorityAnswer: 'no' })).toBeUndefined();
    expect(notice(answers(20, 0))).toBeDefined();
    expect(notice(answers(19, 0))).toBeUndefined();
    expect(notice(answers(100, 0), { majorityShare: 0.97 })).toBeUndefined();
  });

  it('refuses a share in percent', () => {
    expect(() => notice([], { majorityShare: 31 })).toThrow(LxmertError);
    expect(() => notice([], { majorityShare: Number.NaN })).toThrow(LxmertError);
  });
});

describe('mostFrequentAnswer', () => {
  const question = (...labels: [string, number][]) => ({ labels: new Map(labels) });

  it('counts the best answer of each labelled question', () => {
    const questions = [
      question(['red', 0.3], ['blue', 1]),
      question(['blue', 0.6], ['red', 0.6]),
      question(['red', 1]),
      question(),
      { labels: undefined },
    ];
    // red is best once, and blue twice: in the second both are, and blue is met first. Four have labels.
    expect(mostFrequentAnswer(questions)).toEqual({ answer: 'blue', share: 0.5 });
  });

  it('is nothing without answers', () => {
    expect(mostFrequentAnswer([])).toBeUndefined();
    expect(mostFrequentAnswer([question(), { labels: undefined }])).toBeUndefined();
  });
});

describe('overlapNotice', () => {
  it('counts images, not questions, and names the first', () => {
    const train = ['a', 'a', 'b', 'c', 'd', 'e'];
    const valid = ['e', 'x', 'd', 'e', 'c', 'b', 'y', 'z', 'w', 'v'];
    const sentence = overlapNotice(train, valid);
    // Shared: e, d, c, b, of e, x, d, c, b, y, z, w, v.
    expect(sentence).toMatch(
      /^4 of 9 validation images \(44\.4 %\) were also trained on \(e, d, c and others\)/,
    );
  });

  it('speaks of one, and of all', () => {
    expect(overlapNotice(['a'], ['a', 'b'])).toMatch(
      /^1 of 2 validation images \(50\.0 %\) was also .*\(a\)/,
    );
    expect(overlapNotice(['a', 'b'], ['b', 'a'])).toMatch(/^All 2 validation images were also/);
  });

  it('never rounds an overlap away', () => {
    const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}`);
    expect(overlapNotice(['0'], ids(0, 5000))).toContain('(under 0.1 %)');
    expect(overlapNotice(ids(1, 5000), ids(0, 5000))).toContain('(over 99.9 %)');
  });

  it('is silent when the splits share nothing', () => {
    expect(overlapNotice(['a'], ['b', 'A'])).toBeUndefined();
    expect(overlapNotice([], [])).toBeUndefined();
    expect(overlapNotice(['a'], [])).toBeUndefined();
  });
});

describe('blindNotice', () => {
  it('speaks when the score is what words alone give, or less', () => {
    expect(blindNotice(0.38, 0.38)).toMatch(/^The best epoch's 38\.0 % is not above the 38\.0 %/);
    expect(blindNotice(0.1, 0.5)).toContain('not above the 50.0 %');
  });

  it('is silent when looking helped', () => {
    expect(blindNotice(0.39, 0.38)).toBeUndefined();
  });
});
