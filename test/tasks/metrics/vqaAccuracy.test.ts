import { describe, expect, it } from 'vitest';
import { LxmertError } from '../../../src/common/errors.js';
import { softLabel } from '../../../src/data/softLabel.js';
import { scoreVqaFiles } from '../../../src/tasks/metrics/scoreFiles.js';
import { officialVqaScore } from '../../../src/tasks/metrics/vqaAccuracy.js';
import { strict, temporaryFiles } from './support.js';

const write = temporaryFiles();

/** Ten answers: `count` times `answer`, the rest all different. */
const tenWith = (answer: string, count: number): string[] =>
  Array.from({ length: 10 }, (_, i) => (i < count ? answer : `other ${i}`));

describe('officialVqaScore', () => {
  // By hand, k of ten agree: (k * min(1, (k - 1) / 3) + (10 - k) * min(1, k / 3)) / 10.
  it.each([
    [0, 0],
    [1, 0.3],
    [2, 0.6],
    [3, 0.9],
    [4, 1],
    [9, 1],
    [10, 1],
  ])('with %i of ten annotators is %f', (count, expected) => {
    expect(officialVqaScore('red', tenWith('red', count))).toBeCloseTo(expected, 12);
  });

  it('normalizes both sides where the annotators disagree', () => {
    expect(officialVqaScore('The RED.', tenWith('a red', 3))).toBeCloseTo(0.9, 12);
    expect(officialVqaScore('2', [...tenWith('two', 2).slice(0, 9), 'Two!'])).toBeCloseTo(0.9, 12);
  });

  it('compares letter by letter where they all say the same', () => {
    expect(officialVqaScore('none', tenWith('none', 10))).toBe(1);
    expect(officialVqaScore('0', tenWith('none', 10))).toBe(0);
    expect(officialVqaScore('Yes', tenWith('yes', 10))).toBe(0);
    expect(officialVqaScore(' yes\n', tenWith('yes', 10))).toBe(1);
    // The same but for spaces around is the same.
    expect(officialVqaScore('the cat', [...tenWith('the cat', 9).slice(0, 9), ' the cat\t'])).toBe(1);
  });

  it('takes other numbers of annotators, by the rule of soft labels', () => {
    expect(officialVqaScore('a', ['a'])).toBe(1);
    expect(officialVqaScore('b', ['a'])).toBe(0);
    expect(officialVqaScore('x', ['x', 'x', 'y'])).toBeCloseTo(2 / 3, 12);
    // Each of five is left out once: (3 * min(1, 2 / 3) + 2 * min(1, 3 / 3)) / 5.
    expect(officialVqaScore('x', ['x', 'x', 'x', 'y', 'z'])).toBeCloseTo(0.8, 12);
    expect(officialVqaScore('x', [])).toBe(0);
    for (let numAnnotators = 1; numAnnotators <= 12; numAnnotators++) {
      const label = softLabel(
        Array.from({ length: numAnnotators }, (_, i) => `w${Math.floor(Math.sqrt(i))}`),
      );
      const truth = Array.from({ length: numAnnotators }, (_, i) => `w${Math.floor(Math.sqrt(i))}`);
      for (const [answer, soft] of label) expect(officialVqaScore(answer, truth)).toBeCloseTo(soft, 12);
    }
  });
});

const annotation = (id: number, type: string, kind: string, answers: string[]) => ({
  question_id: id,
  image_id: 1,
  question_type: kind,
  answer_type: type,
  multiple_choice_answer: answers[0],
  answers: answers.map((answer, i) => ({ answer, answer_confidence: 'yes', answer_id: i + 1 })),
});

const annotations = write('annotations.json', {
  info: { annotations: [] },
  annotations: [
    annotation(1, 'yes/no', 'is the', tenWith('yes', 10)),
    annotation(2, 'number', 'how many', tenWith('two', 3)),
    annotation(3, 'other', 'what', tenWith('a cat', 2)),
    annotation(4, 'other', 'what color', tenWith('red', 10)),
  ],
  data_type: 'mscoco',
});
const predictions = write('predictions.json', [
  { question_id: 4, answer: 'blue' },
  { question_id: 3, answer: 'cat' },
  { question_id: 2, answer: '2' },
  { question_id: 1, answer: 'yes' },
]);

describe('scoreVqaFiles', () => {
  it('gives means over all, by answer type and by question type', async () => {
    const scores = await scoreVqaFiles({ predictions, annotations, ...strict });
    expect(scores).toMatchObject({ numQuestions: 4, numPredictions: 4, numMissing: 0, numExtra: 0 });
    expect(scores.accuracy).toBeCloseTo((1 + 0.9 + 0.6 + 0) / 4, 12);
    expect(scores.byAnswerType).toEqual([
      { type: 'number', score: expect.closeTo(0.9, 12) as number, numQuestions: 1, percent: 90 },
      { type: 'other', score: expect.closeTo(0.3, 12) as number, numQuestions: 2, percent: 30 },
      { type: 'yes/no', score: 1, numQuestions: 1, percent: 100 },
    ]);
    expect(scores.byQuestionType.map(({ type }) => type)).toEqual([
      'how many',
      'is the',
      'what',
      'what color',
    ]);
  });

  it('stops at missing and extra questions unless told', async () => {
    const part = write('part.json', [
      { question_id: 1, answer: 'yes' },
      { question_id: 9, answer: 'no' },
    ]);
    const score = (missing: 'error' | 'skip' | 'wrong', extra: 'error' | 'ignore') =>
      scoreVqaFiles({ predictions: part, annotations, missing, extra });
    await expect(score('error', 'ignore')).rejects.toThrow('no prediction for 3 questions');
    await expect(score('error', 'ignore')).rejects.toThrow('2, 3, 4');
    await expect(score('skip', 'error')).rejects.toThrow(/1 prediction for questions .*: 9\./);
    expect(await score('skip', 'ignore')).toMatchObject({
      accuracy: 1,
      numQuestions: 1,
      numMissing: 3,
      numExtra: 1,
    });
    expect(await score('wrong', 'ignore')).toMatchObject({ accuracy: 0.25, numQuestions: 4, numMissing: 3 });
  });

  it('refuses predictions of another split, whatever it is told', async () => {
    const other = write('other.json', [{ question_id: 77, answer: 'yes' }]);
    const run = scoreVqaFiles({ predictions: other, annotations, missing: 'skip', extra: 'ignore' });
    await expect(run).rejects.toThrow('Are they of the same split?');
  });

  it.each([
    ['[]', 'holds no predictions'],
    ['{"a": 1}', 'expected a JSON array'],
    ['[{"question_id": 1}]', "element 0, key 'answer'"],
    [
      '[{"question_id": 1, "answer": "a"}, {"question_id": 1.5, "answer": "a"}]',
      "element 1, key 'question_id'",
    ],
    [
      '[{"question_id": 1, "answer": "a"}, {"question_id": 1, "answer": "b"}]',
      "element 1: question '1' was answered",
    ],
    ['[{"question_id": 1, "ans', 'cut short'],
  ])('says what is wrong with predictions %j', async (text, expected) => {
    const run = scoreVqaFiles({ predictions: write('bad.json', text), annotations, ...strict });
    await expect(run).rejects.toThrow(LxmertError);
    await expect(run).rejects.toThrow(expected);
    await expect(run).rejects.toThrow('bad.json');
  });

  const twice = annotation(1, 'other', 'what', ['a', 'b']);
  it.each([
    [{ questions: [] }, "the key 'annotations', but the keys are 'questions'"],
    [{ annotations: [] }, 'holds no annotations'],
    [{ annotations: [{ ...twice, answers: [] }] }, "annotation 0, key 'answers'"],
    [{ annotations: [twice, { ...twice, answers: [{}] }] }, "annotation 1, key 'answers.0.answer'"],
    [{ annotations: [twice, twice] }, "question '1' is there twice"],
  ])('says what is wrong with annotations %j', async (content, expected) => {
    const bad = write('bad-annotations.json', content);
    const run = scoreVqaFiles({ predictions, annotations: bad, missing: 'skip', extra: 'ignore' });
    await expect(run).rejects.toThrow(expected);
    await expect(run).rejects.toThrow('bad-annotations.json');
  });
});
