import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkSubmission, type SubmissionTask } from '../../src/tasks/submissions/index.js';

const folder = mkdtempSync(path.join(tmpdir(), 'check-'));
afterAll(() => rmSync(folder, { recursive: true }));
function write(name: string, content: unknown): string {
  const file = path.join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const vqa = write('questions.json', {
  info: {},
  questions: [1, 2, 3].map((id) => ({ question_id: id, image_id: 7, question: 'What?' })),
});
const answers = (...ids: unknown[]) => ids.map((id) => ({ question_id: id, answer: 'red' }));
const check = (results: unknown, task: SubmissionTask = 'vqa', questions = vqa) =>
  checkSubmission(task, write('results', results), questions);

describe("results for VQA's server", () => {
  it('that are whole have no problem, whatever their order', async () => {
    expect(await check(answers(3, 1, 2))).toEqual({
      task: 'vqa',
      results: path.join(folder, 'results'),
      numResults: 3,
      numQuestions: 3,
      problems: [],
      notes: [],
    });
  });

  it('have a problem of each kind, with how often and where first', async () => {
    const { problems, notes, numResults } = await check([
      { question_id: 1, answer: 'red' },
      { question_id: 1, answer: 'blue' },
      { question_id: '2', answer: 'two' },
      { question_id: 9, answer: 4 },
      { question_id: 8, answer: 'a'.repeat(101) },
      { id: 3, answer: 'red' },
      null,
    ]);
    expect(numResults).toBe(7);
    expect(problems.map(({ kind, count }) => [kind, count])).toEqual([
      ['record', 2],
      ['idType', 1],
      ['answerType', 1],
      ['twice', 1],
      ['unknown', 2],
      ['missing', 1],
    ]);
    expect(problems.map(({ message }) => message).join('\n')).toMatch(
      /result 5 \{"id":3.*\n1 result whose question_id is not a whole number: result 2 "2".\n1 result without an answer of the right type \(answer text\): result 3 .*\n1 id answered more than once: 1\.\n2 ids that no question has: 9, 8\.\n1 question without a result: 3\./,
    );
    expect(notes).toEqual(['1 answer of more than 100 characters: result 4.']);
  });

  it('name the first of many', async () => {
    const { problems } = await check(answers(...Array.from({ length: 20 }, (_, i) => i + 1)));
    expect(problems).toMatchObject([
      { kind: 'unknown', count: 17, message: '17 ids that no question has: 4, 5, 6, 7, 8 and 12 more.' },
    ]);
  });

  it.each([
    [
      'JSON lines',
      '{"question_id": 1, "answer": "a"}\n{"question_id": 2, "answer": "a"}\n',
      /holds JSON lines; expected a JSON list/,
    ],
    ['a list under a key', { predictions: answers(1, 2, 3) }, /holds a list under a key/],
    ['an object by id', { 1: 'red', 2: 'blue' }, /holds an object/],
    ['text', 'question_id,answer\n1,red\n', /is text; expected a JSON list/],
    ['nothing', '', /is empty/],
  ])('of another form are told as such: %s', async (_, content, message) => {
    const { problems } = await check(content);
    expect(problems).toMatchObject([{ kind: 'form', count: 1, message: expect.stringMatching(message) }]);
  });

  it('answer questions of several files', async () => {
    const more = write('more.json', [{ question_id: 4, image_id: 7, question: 'What?' }]);
    const { numQuestions, problems } = await checkSubmission(
      'vqa',
      write('of-both.json', answers(1, 2, 3, 4)),
      [vqa, more],
    );
    expect([numQuestions, problems]).toEqual([4, []]);
  });

  it('that are cut are refused with the place', async () => {
    await expect(check('[{"question_id": 1, "answer": "a"}, {"quest')).rejects.toThrow(/byte/);
  });
});

describe('results of other data sets', () => {
  const gqa = write('gqa.json', {
    '05': { imageId: 'a', question: '?' },
    7: { imageId: 'b', question: '?' },
  });
  it("GQA's ids are text, from official questions or prepared rows", async () => {
    const right = [
      { questionId: '05', prediction: 'red' },
      { questionId: '7', prediction: '' },
    ];
    expect((await check(right, 'gqa', gqa)).problems).toEqual([]);
    const rows = write('rows.json', [
      { img_id: 'a', question_id: '05', sent: '?' },
      { img_id: 'b', question_id: '7', sent: '?' },
    ]);
    expect((await check(right, 'gqa', rows)).problems).toEqual([]);
    const spelled = await check([{ questionId: '05', prediction: 'Red.' }, right[1]], 'gqa', gqa);
    expect(spelled).toMatchObject({
      problems: [],
      notes: [expect.stringMatching(/^1 answer with capitals .*: result 0\.$/)],
    });
    const wrong = await check([{ questionId: 7, prediction: 'x' }, right[0]], 'gqa', gqa);
    expect(wrong.problems.map(({ kind }) => kind)).toEqual(['idType']);
  });

  const nlvr2 = write(
    'test1.json',
    '{"identifier": "test1-0-0-0", "sentence": "a"}\n{"identifier": "test1-0-0-1", "sentence": "b"}\n',
  );
  it("NLVR2's are lines, in any case, without blanks and column names", async () => {
    expect((await check('test1-0-0-0,True\ntest1-0-0-1,false\n', 'nlvr2', nlvr2)).problems).toEqual([]);
    const { problems } = await check(
      'identifier,prediction\ntest1-0-0-0, True\ntest1-0-0-1,maybe\ntest1-0-0-1,True\n',
      'nlvr2',
      nlvr2,
    );
    expect(problems.map(({ kind, count }) => [kind, count])).toEqual([
      ['record', 3],
      ['missing', 1],
    ]);
    const json = await check([{ identifier: 'test1-0-0-0', prediction: 'True' }], 'nlvr2', nlvr2);
    expect(json.problems).toMatchObject([{ kind: 'form', message: expect.stringContaining('a list') }]);
  });

  it("VizWiz's have the picture as the id, and an answer or how answerable it is", async () => {
    const questions = write(
      'vizwiz.json',
      [1, 2].map((i) => ({ image: `VizWiz_test_${i}.jpg`, question: '?' })),
    );
    const right = [
      { image: 'VizWiz_test_1.jpg', answer: 'blue', answerable: 0.5 },
      { image: 'VizWiz_test_2.jpg', answer: '', answerable: 0 },
    ];
    for (const key of ['answer', 'answerable', 'neither'])
      expect(
        (
          await check(
            right.map((each) => ({ ...each, [key]: undefined })),
            'vizwiz',
            questions,
          )
        ).problems,
      ).toEqual([]);
    const mixed = [right[0], { image: 'VizWiz_test_2.jpg', answerable: 0.5 }];
    expect((await check(mixed, 'vizwiz', questions)).problems).toMatchObject([
      { kind: 'partly', count: 1, message: '1 result without answer, which others have: result 1.' },
    ]);
    const wrong = [
      { image: 'VizWiz_test_1', answer: 'blue' },
      { image: 'VizWiz_test_2.jpg', answerable: 'yes' },
    ];
    expect((await check(wrong, 'vizwiz', questions)).problems.map(({ kind }) => kind)).toEqual([
      'answerType',
      'unknown',
      'missing',
    ]);
  });

  it("A-OKVQA's are an object by ids", async () => {
    const questions = write('aokvqa.json', [
      { question_id: 'x1', image_id: 1, question: '?', choices: ['a', 'b'] },
    ]);
    const none = await check({ x1: { direct_answer: 'c', multiple_choice: 'c' } }, 'aokvqa', questions);
    expect(none.problems).toMatchObject([
      {
        kind: 'choice',
        message: `1 result whose multiple_choice is none of the question's choices: 'x1' "c".`,
      },
    ]);
    const right = { x1: { direct_answer: 'a', multiple_choice: 'a' } };
    expect((await check(right, 'aokvqa', questions)).problems).toEqual([]);
    expect((await check({ x1: 'a' }, 'aokvqa', questions)).problems.map(({ kind }) => kind)).toEqual([
      'answerType',
    ]);
    expect((await check([right], 'aokvqa', questions)).problems.map(({ kind }) => kind)).toEqual(['form']);
  });

  it('need questions of the data set', async () => {
    await expect(check(answers(1), 'nlvr2', vqa)).rejects.toThrow(
      /questions.json holds questions in the official form of VQA; expected the official examples of NLVR2/,
    );
    await expect(check(answers(1), 'gqa', vqa)).rejects.toThrow(
      /questions.json holds questions .*; expected the official questions of GQA, .*lxmert prepare vqa/,
    );
    const broken = write('broken.json', [{ question_id: 'x', image_id: 1, question: '?', choices: 'a' }]);
    await expect(check(answers(1), 'aokvqa', broken)).rejects.toThrow(/question 0, key 'choices'/);
  });
});
