/** @file A-OKVQA: choices of a table's probabilities, scores worked out again, predictions byte for byte. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { AokvqaAnswers, AokvqaQuestion } from '../../src/data/annotations/aokvqaAnnotations.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { aokvqaScores, task } from '../../src/tasks/aokvqa.js';
import { bestChoices } from '../../src/tasks/choices.js';
import { formatDump } from '../../src/tasks/dumpFormat.js';
import { scoreAokvqaFiles } from '../../src/tasks/metrics/aokvqaMetrics.js';
import { probabilityRows } from '../../src/tasks/probabilityRows.js';

const folder = mkdtempSync(path.join(tmpdir(), 'aokvqa-'));
afterAll(() => rmSync(folder, { recursive: true }));
let numFiles = 0;
function write(content: unknown): string {
  const file = path.join(folder, `${numFiles++}.json`);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

const WORDS = ['bus', 'cab', 'ride', 'taxi', 'train', 'two', 'Two'];
/** A small generator of its own, so that the cases are the same each time. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

interface Official {
  readonly question_id: string;
  readonly choices: readonly string[];
  readonly correct_choice_idx: number;
  readonly direct_answers: readonly string[];
  readonly difficult_direct_answer: boolean;
}

function makeQuestions(numQuestions: number): Official[] {
  const draw = draws(7);
  const word = (): string => WORDS[Math.floor(draw() * WORDS.length)]!;
  return Array.from({ length: numQuestions }, (_, i) => ({
    // The first is of letters alone, as some are.
    question_id: i === 0 ? 'abcdefgh' : `q${i}`,
    split: 'val',
    image_id: i,
    question: 'What is it?',
    choices: [word(), word(), word(), word()],
    correct_choice_idx: Math.floor(draw() * 4),
    direct_answers: Array.from({ length: 10 }, word),
    difficult_direct_answer: draw() < 0.3,
  }));
}

/** The official rule as its program states it, typed anew. */
function official(
  questions: readonly Official[],
  predictions: Record<string, { direct?: string; choice?: string }>,
) {
  let [direct, numDirect, right] = [0, 0, 0];
  for (const question of questions) {
    const predicted = predictions[question.question_id] ?? {};
    if (predicted.choice === question.choices[question.correct_choice_idx]) right += 1;
    if (question.difficult_direct_answer) continue;
    let matches = 0;
    for (const answer of question.direct_answers) if (answer === predicted.direct) matches++;
    direct += matches >= 3 ? 1 : matches / 3;
    numDirect++;
  }
  return { directAnswer: direct / numDirect, multipleChoice: right / questions.length, numDirect };
}

describe('the official scores', () => {
  const questions = makeQuestions(200);
  const draw = draws(11);
  const predicted = Object.fromEntries(
    questions.map(({ question_id, choices }) => [
      question_id,
      { direct: WORDS[Math.floor(draw() * WORDS.length)]!, choice: choices[Math.floor(draw() * 4)]! },
    ]),
  );
  const file = write(
    Object.fromEntries(
      Object.entries(predicted).map(([id, { direct, choice }]) => [
        id,
        { direct_answer: direct, multiple_choice: choice },
      ]),
    ),
  );
  const rules = { missing: 'error', extra: 'error' } as const;

  it('are those of the official program', async () => {
    const annotations = write(questions);
    const scores = await scoreAokvqaFiles({ predictions: file, annotations, ...rules });
    const expected = official(questions, predicted);
    expect(expected.numDirect).toBeGreaterThan(100);
    expect(expected.numDirect).toBeLessThan(200);
    expect(scores).toMatchObject({
      numQuestions: 200,
      numDirect: expected.numDirect,
      notComputed: [],
      notes: [],
    });
    expect(scores.directAnswer).toBeCloseTo(expected.directAnswer, 12);
    expect(scores.multipleChoice).toBeCloseTo(expected.multipleChoice, 12);
    // Evaluation says the same of the same predictions.
    const examples = questions.map(
      (each): AokvqaQuestion => ({
        imageIds: ['a'],
        questionId: each.question_id,
        sentence: '',
        labels: new Map(),
        questionType: '',
        answerType: '',
        choices: each.choices,
        correctChoice: each.choices[each.correct_choice_idx],
        directAnswers: each.direct_answers,
        isDifficult: each.difficult_direct_answer,
      }),
    );
    const own = aokvqaScores(
      examples,
      questions.map(({ question_id: id }) => ({
        answer: predicted[id]!.direct,
        choice: predicted[id]!.choice,
        probability: 1,
      })),
    );
    expect(own.overall).toBeCloseTo(expected.directAnswer, 12);
    expect(own.measures.multipleChoice?.value).toBeCloseTo(expected.multipleChoice, 12);
  });

  it('normalise nothing, and leave no annotator out', async () => {
    const [one] = makeQuestions(1);
    const annotations = write([
      {
        ...one,
        direct_answers: ['Two', 'two', 'two', 'two', ...new Array<string>(6).fill('2')],
        difficult_direct_answer: false,
      },
    ]);
    const score = async (answer: string) =>
      (
        await scoreAokvqaFiles({
          predictions: write({ abcdefgh: { direct_answer: answer } }),
          annotations,
          ...rules,
        })
      ).directAnswer;
    expect(await score('Two')).toBeCloseTo(1 / 3, 12);
    expect(await score('two')).toBe(1);
    expect(await score('TWO')).toBe(0);
  });

  it('count what is missing as wrong, and say so', async () => {
    const annotations = write(questions);
    const partly = Object.fromEntries(
      questions.map(({ question_id }, i) => [
        question_id,
        i % 2 === 0 ? { direct_answer: 'bus', multiple_choice: 'none of them' } : { direct_answer: 'bus' },
      ]),
    );
    const scores = await scoreAokvqaFiles({ predictions: write(partly), annotations, ...rules });
    expect(scores.multipleChoice).toBe(0);
    expect(scores.notes.join()).toContain("100 predictions without 'multiple_choice', counted as wrong");
    expect(scores.notes.join()).toContain('100 of the answers to multiple choice are none of the question');
    const direct = questions.map(({ question_id }) => ({ question_id, answer: 'bus' }));
    const listed = await scoreAokvqaFiles({ predictions: write(direct), annotations, ...rules });
    expect(listed).toMatchObject({ directAnswer: scores.directAnswer, multipleChoice: null });
    expect(listed.notComputed).toEqual([
      { metric: 'multiple choice', needs: "'multiple_choice' in the predictions" },
    ]);
    const few = write({ q1: { direct_answer: 'bus' } });
    await expect(scoreAokvqaFiles({ predictions: few, annotations, ...rules })).rejects.toThrow(
      'has no prediction for 199 questions',
    );
    const some = await scoreAokvqaFiles({ predictions: few, annotations, ...rules, missing: 'skip' });
    expect(some).toMatchObject({ numQuestions: 1, numMissing: 199 });
  });

  it.each<[string, unknown, unknown, string]>([
    [
      'a test split',
      { q1: { direct_answer: 'a' } },
      [{ question_id: 'q1', choices: ['a'] }],
      'has no answers, as in the test split',
    ],
    ['other annotations', { q1: { direct_answer: 'a' } }, [{ image: 'a.jpg', question: 'Why?' }], 'VizWiz'],
    ['a number', { q1: { direct_answer: 3 } }, [], "key 'direct_answer': expected text, found 3"],
    ['neither', { q1: { reply: 'a' } }, [], "expected 'multiple_choice' or 'direct_answer', found neither"],
    ['questions', [{ question_id: 1, image_id: 1, question: 'Why?' }], [], 'lxmert prepare vqa'],
  ])('refuse %s', async (_, predictions, annotations, sentence) => {
    await expect(
      scoreAokvqaFiles({ predictions: write(predictions), annotations: write(annotations), ...rules }),
    ).rejects.toThrow(sentence);
  });
});

describe('the choice', () => {
  const table = new AnswerTable(['bus', 'cab', 'train']);
  const rows = probabilityRows(new Float32Array([0.2, 0.7, 0.1, 0.9, 0, 0.05, 0.5, 0.5, 0.1]), 3);

  it('is the most probable of those given, before any that the table lacks', () => {
    const chosen = bestChoices(rows, table, [
      ['bus', 'train'],
      ['plane', 'cab'],
      ['plane', 'boat'],
    ]);
    expect(chosen.map(({ answer }) => answer)).toEqual(['bus', 'cab', 'plane']);
    expect(chosen[0]?.probability).toBeCloseTo(0.2, 6);
    expect(chosen.slice(1).map(({ probability }) => probability)).toEqual([0, 0]);
    expect(
      bestChoices(rows, table, [['cab'], ['train', 'bus'], ['cab', 'bus']]).map(({ answer }) => answer),
    ).toEqual(['cab', 'bus', 'cab']);
  });

  it('is written beside the direct answer, as the leaderboard reads it', () => {
    const question = (questionId: string, ...choices: string[]): AokvqaQuestion & AokvqaAnswers => ({
      imageIds: ['a'],
      questionId,
      sentence: '',
      labels: undefined,
      questionType: '',
      answerType: '',
      choices,
      correctChoice: undefined,
      directAnswers: undefined,
      isDifficult: false,
    });
    const examples = [question('x', 'bus', 'train'), question('y', 'cab', 'train'), question('z', 'train')];
    const predictions = task.plainPredictions!({ answer: rows }, table, examples);
    expect(formatDump(task.dump, examples.slice(0, 2), predictions.slice(0, 2))).toBe(`{
    "x": {
        "direct_answer": "cab",
        "multiple_choice": "bus"
    },
    "y": {
        "direct_answer": "bus",
        "multiple_choice": "train"
    }
}`);
  });
});
