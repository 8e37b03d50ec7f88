import { describe, expect, it } from 'vitest';
import { AnswerHistogram, distributionScore } from '../../../src/tasks/metrics/gqaDistribution.js';
import { numReasoningSteps } from '../../../src/tasks/metrics/gqaMetrics.js';
import { scoreGqaFiles } from '../../../src/tasks/metrics/scoreFiles.js';
import { strict, temporaryFiles } from './support.js';

const write = temporaryFiles();

const question = (answer: string, more: Record<string, unknown> = {}) => ({
  answer,
  isBalanced: true,
  question: 'Is it red?',
  imageId: '1',
  types: { structural: 'verify', semantic: 'attr', detailed: 'verifyColor' },
  groups: { global: null, local: 'x' },
  entailed: [],
  semantic: [{ operation: 'select', argument: 'car (1)', dependencies: [] }],
  ...more,
});
const query = (answer: string, more: Record<string, unknown> = {}) =>
  question(answer, { types: { structural: 'query', semantic: 'obj', detailed: 'categoryThis' }, ...more });

const answers = (each: Record<string, string>) =>
  write(
    'predictions.json',
    Object.entries(each).map(([questionId, prediction]) => ({ prediction, questionId })),
  );

const score = (
  questions: Record<string, unknown>,
  predictions: Record<string, string>,
  more: Partial<Parameters<typeof scoreGqaFiles>[0]> = {},
) =>
  scoreGqaFiles({
    predictions: answers(predictions),
    questions: [write('questions.json', questions)],
    consistency: false,
    ...strict,
    ...more,
  });

describe('accuracy', () => {
  it('is over balanced questions; open is what is asked with query', async () => {
    const scores = await score(
      {
        '001': query('dog', { question: 'What animal is\u3000this ?' }),
        '002': query('cat'),
        '003': query('red'),
        '1': question('yes'),
        '2': question('no', { isBalanced: false }),
        '3': question('left', { types: { structural: 'choose', semantic: 'rel', detailed: 'relChooser' } }),
      },
      { '001': 'dog', '002': 'dog', '003': 'Red', '1': 'yes', '2': 'no', '3': 'left' },
    );
    expect(scores).toMatchObject({ numQuestions: 5, numMissing: 0, numExtra: 0, accuracy: 3 / 5 });
    expect(scores.open).toBeCloseTo(1 / 3, 12);
    expect(scores.binary).toBe(1);
    expect(scores.byStructuralType).toEqual([
      { type: 'choose', score: 1, numQuestions: 1 },
      { type: 'query', score: expect.closeTo(1 / 3, 12) as number, numQuestions: 3 },
      { type: 'verify', score: 1, numQuestions: 1 },
    ]);
    expect(scores.bySemanticType.map(({ type, score: mean }) => [type, mean])).toEqual([
      ['attr', 1],
      ['obj', expect.closeTo(1 / 3, 12)],
      ['rel', 1],
    ]);
    expect(scores.byWords.map(({ type, numQuestions }) => [type, numQuestions])).toEqual([
      ['3', 4],
      ['5', 1],
    ]);
    expect(scores.bySteps).toEqual([{ type: '1', score: 3 / 5, numQuestions: 5 }]);
  });

  it('counts the steps of reasoning without the final asking', () => {
    const step = (operation: string, argument = '') => ({ operation, argument });
    expect(
      numReasoningSteps([step('select', 'car (1)'), step('filter color', 'red'), step('exist', '?')]),
    ).toBe(2);
    expect(numReasoningSteps([step('select', 'car (1)'), step('query', 'name')])).toBe(1);
    expect(numReasoningSteps([step('select', 'car (1)'), step('query', 'color')])).toBe(2);
    expect(numReasoningSteps([step('relate', 'car,left,s (1)'), step('choose name', 'car|van')])).toBe(1);
    expect(numReasoningSteps([step('choose color', 'red|blue'), step('and')])).toBe(2);
    expect(numReasoningSteps([])).toBe(0);
  });

  it('takes several files of questions together and sorts numbers as numbers', async () => {
    const long = { question: 'one two three four five six seven eight nine ten' };
    const scores = await scoreGqaFiles({
      predictions: answers({ a: 'yes', b: 'no' }),
      questions: [write('1.json', { a: question('yes', long) }), write('2.json', { b: question('yes') })],
      consistency: false,
      ...strict,
    });
    expect(scores.accuracy).toBe(0.5);
    expect(scores.byWords.map(({ type }) => type)).toEqual(['3', '10']);
  });
});

describe('consistency', () => {
  const questions = {
    // Right; entails itself (which does not count), b (right) and c (wrong): 1/2.
    a: question('yes', { entailed: ['a', 'b', 'c'] }),
    // Right; entails d, right: 1.
    b: question('no', { entailed: ['d'] }),
    // Wrong: not counted, whatever it entails.
    c: question('yes', { entailed: ['a'] }),
    // Right, but not balanced: not counted, only entailed.
    d: question('red', { isBalanced: false, entailed: ['c'] }),
    // Right, entails only itself: not counted.
    e: question('yes', { entailed: ['e'] }),
  };
  const all = { a: 'yes', b: 'no', c: 'no', d: 'red', e: 'yes' };

  it('is the mean over questions answered rightly of the accuracy on what they entail', async () => {
    const scores = await score(questions, all, { consistency: true });
    expect(scores.consistency).toBeCloseTo((1 / 2 + 1) / 2, 12);
    expect(scores.notComputed.map(({ metric }) => metric)).not.toContain('consistency');
  });

  it('needs to be asked for', async () => {
    const { d: _, ...balanced } = all;
    const scores = await score(questions, balanced);
    expect(scores.consistency).toBeNull();
    expect(scores.notComputed).toContainEqual({
      metric: 'consistency',
      needs: expect.stringContaining('unbalanced') as string,
    });
  });

  it('needs all questions answered', async () => {
    const { d: _, ...balanced } = all;
    await expect(score(questions, balanced, { consistency: true })).rejects.toThrow('1 question of');
    const skipped = await score(questions, balanced, { consistency: true, missing: 'skip' });
    expect(skipped.consistency).toBe(1 / 2);
    const wrong = await score(questions, balanced, { consistency: true, missing: 'wrong' });
    expect(wrong.consistency).toBe((1 / 2 + 0) / 2);
  });

  it('quotes a part only of an entailed question that is thousands of characters long', async () => {
    const long = { ...questions, a: { ...questions.a, entailed: ['a'.repeat(5000)] } };
    const scores = await score(long, all, { consistency: true });
    const needs = scores.notComputed.find(({ metric }) => metric === 'consistency')?.needs;
    expect(needs).toMatch(/entailed question 'a{100}\.\.\.' is in none/);
  });

  it('says when entailed questions are in no file', async () => {
    const { d: _, ...rest } = questions;
    const { d: __, ...predictions } = all;
    for (const [given, rules] of [
      [predictions, strict],
      [all, { missing: 'error', extra: 'ignore' }],
    ] as const) {
      const scores = await score(rest, given, { consistency: true, ...rules });
      expect(scores.consistency).toBeNull();
      expect(scores.notComputed).toContainEqual({
        metric: 'consistency',
        needs: expect.stringContaining("'d'") as string,
      });
    }
    expect((await score(rest, predictions, { consistency: true, missing: 'skip' })).consistency).toBe(1 / 2);
  });
});

describe('validity and plausibility', () => {
  const choices = (each: Record<string, unknown>) => write('choices.json', each);
  const questions = {
    a: question('red'),
    b: question('red'),
    c: question('color', { types: { structural: 'compare', semantic: 'attr', detailed: 'twoCommon' } }),
    d: question('yes', { types: { structural: 'compare', semantic: 'attr', detailed: 'twoCommon' } }),
  };
  const predictions = { a: 'blue', b: 'green', c: 'shape', d: 'red' };

  it('ask the choices file, but for questions about common attributes', async () => {
    const entry = { valid: ['red', 'blue', 'green'], plausible: ['red', 'blue'] };
    const file = choices({ a: entry, b: entry, c: { valid: [], plausible: [] }, d: entry });
    const scores = await score(questions, predictions, { choices: file });
    // a and b are valid, only a is plausible; c is one of color, material, shape; d is not.
    expect(scores).toMatchObject({ validity: 3 / 4, plausibility: 2 / 4 });
  });

  it('need the file, with all questions', async () => {
    const scores = await score(questions, predictions);
    expect(scores).toMatchObject({ validity: null, plausibility: null });
    expect(scores.notComputed).toContainEqual({
      metric: 'validity and plausibility',
      needs: 'the choices file (--choices)',
    });
    const file = choices({ a: { valid: [], plausible: [] } });
    await expect(score(questions, predictions, { choices: file })).rejects.toThrow(
      "no entry for question 'b'",
    );
    await expect(score(questions, predictions, { choices: choices({ a: { valid: [1] } }) })).rejects.toThrow(
      "choices of question 'a', key 'valid.0'",
    );
    await expect(score(questions, predictions, { choices: choices({}) })).rejects.toThrow('holds no choices');
  });
});

describe('distribution', () => {
  it('is chi-square over true answers, weighted by the size of each group', () => {
    const [gold, predicted] = [new AnswerHistogram(), new AnswerHistogram()];
    const fill = (to: AnswerHistogram, group: string, counts: Record<string, number>) => {
      for (const [answer, count] of Object.entries(counts)) {
        for (let i = 0; i < count; i++) to.add(group, answer);
      }
    };
    fill(gold, 'fruit', { apple: 4, pear: 2 });
    fill(predicted, 'fruit', { apple: 6 });
    fill(gold, 'animal', { dog: 1, cat: 1 });
    fill(predicted, 'animal', { dog: 1, cow: 1 });
    // fruit: (6-4)^2/4 + (0-2)^2/2 = 3, 6 questions; animal: 0 + (0-1)^2/1 = 1 (cow does not count), 2 questions.
    expect(distributionScore(gold, predicted)).toBeCloseTo((3 * 6 + 1 * 2) / 8 / 100, 12);
    expect(distributionScore(gold, gold)).toBe(0);
    expect(distributionScore(new AnswerHistogram(), predicted)).toBeNull();
  });

  it('is over balanced questions with a global group', async () => {
    const inGroup = { groups: { global: 'fruit', local: null } };
    const scores = await score(
      {
        a: query('apple', inGroup),
        b: query('pear', inGroup),
        c: query('apple', { ...inGroup, isBalanced: false }),
        d: query('dog'),
      },
      { a: 'apple', b: 'apple', c: 'apple', d: 'cat' },
    );
    // apple: (2-1)^2/1, pear: (0-1)^2/1.
    expect(scores.distribution).toBeCloseTo(2 / 100, 12);
    const none = await score({ d: query('dog') }, { d: 'dog' });
    expect(none.distribution).toBeNull();
    expect(none.notComputed.map(({ metric }) => metric)).toContain('distribution');
  });
});

describe('files that are not whole', () => {
  it('leave out what a question has no key for, and say which', async () => {
    const bare = { answer: 'yes', isBalanced: true };
    const scores = await score(
      { a: question('yes'), b: bare },
      { a: 'yes', b: 'yes' },
      { consistency: true },
    );
    expect(scores).toMatchObject({
      accuracy: 1,
      binary: null,
      open: null,
      consistency: null,
      distribution: null,
    });
    expect([scores.bySteps, scores.byWords, scores.bySemanticType]).toEqual([[], [], []]);
    for (const key of ['types.structural', 'types.semantic', 'semantic', 'question', 'groups', 'entailed']) {
      const needs = `the key '${key}' in all questions, which question 'b' has not`;
      expect(scores.notComputed.map((each) => each.needs)).toContain(needs);
    }
  });

  it('says when there is no balanced question', async () => {
    const scores = await score({ a: question('yes', { isBalanced: false }) }, { a: 'yes' });
    expect(scores).toMatchObject({ accuracy: null, numQuestions: 0 });
    expect(scores.notComputed[0]?.metric).toBe('accuracy');
  });

  it.each([
    ['[]', 'expected a JSON object at the top level'],
    ['{"a": {"isBalanced": true}}', "question 'a', key 'answer': expected the answer; the test"],
    ['{"a": {"answer": "yes"}}', "question 'a', key 'isBalanced'"],
    ['{"a": {"answer": "yes", "isBalanced": true, "entailed": [1]}}', "key 'entailed.0'"],
    [
      '{"a": {"answer": "yes", "isBalanced": true}, "a": {"answer": "no", "isBalanced": true}}',
      "'a' is there twice",
    ],
    ['{"a": {"answer": "yes", "isBal', 'cut short'],
  ])('stop at questions %j', async (text, expected) => {
    const questions = [write('bad-questions.json', text)];
    const run = scoreGqaFiles({
      predictions: answers({ a: 'yes' }),
      questions,
      consistency: false,
      ...strict,
    });
    await expect(run).rejects.toThrow(expected);
    await expect(run).rejects.toThrow('bad-questions.json');
  });

  it('stops at a prediction without its keys', async () => {
    const predictions = write('other-form.json', [{ number: 1, value: 'yes' }]);
    const questions = [write('q.json', { a: question('yes') })];
    await expect(scoreGqaFiles({ predictions, questions, consistency: false, ...strict })).rejects.toThrow(
      /other-form\.json: element 0, key 'questionId'/,
    );
  });
});

describe("GQA-OOD's head and tail", () => {
  const questions = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`q${i}`, query(i % 4 === 0 ? 'rare' : 'usual')]),
  );
  const part = (name: string, wanted: (i: number) => boolean) =>
    write(name, Object.fromEntries(Object.entries(questions).filter((_, i) => wanted(i))));
  const files = { head: part('head.json', (i) => i % 4 !== 0), tail: part('tail.json', (i) => i % 4 === 0) };
  // Every third is wrong; predictions are for all of a split, of which these are a part.
  const predictions = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [`q${i}`, i % 3 === 0 ? 'none' : i % 4 === 0 ? 'rare' : 'usual']),
  );

  it('are scored beside all', async () => {
    const { accuracy, parts, delta } = await score(questions, predictions, { ...files, extra: 'ignore' });
    const share = (wanted: (i: number) => boolean) => {
      const places = Array.from({ length: 40 }, (_, i) => i).filter(wanted);
      return places.filter((i) => i % 3 !== 0).length / places.length;
    };
    const [head, tail] = [share((i) => i % 4 !== 0), share((i) => i % 4 === 0)];
    expect(accuracy).toBeCloseTo(
      share(() => true),
      12,
    );
    expect(parts).toEqual([
      { part: 'head', accuracy: expect.closeTo(head, 12) as number, numQuestions: 30 },
      { part: 'tail', accuracy: expect.closeTo(tail, 12) as number, numQuestions: 10 },
    ]);
    expect(delta).toBeCloseTo((head - tail) / tail, 12);
    expect(await score(questions, predictions, { extra: 'ignore' })).not.toHaveProperty('parts');
  });

  it('of another split are refused', async () => {
    const head = write('other.json', { elsewhere: query('rare') });
    await expect(score(questions, predictions, { head, extra: 'ignore' })).rejects.toThrow(
      '1 question of --head',
    );
  });
});
