import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readQuestions } from '../../../src/data/annotations/vqaAnnotations.js';
import { prepareVqa } from '../../../src/data/prepare/prepareVqa.js';
import { answerTaskScores } from '../../../src/tasks/answering.js';
import { scoreVqaFiles } from '../../../src/tasks/metrics/scoreFiles.js';
import { strict, temporaryFiles } from './support.js';

const write = temporaryFiles();
const folder = mkdtempSync(path.join(tmpdir(), 'agreement-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A fixed sequence of numbers below `end`. */
function draws(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % end;
  };
}

const WORDS = ['red', 'blue', 'yes', 'no', 'star', 'ring'];

describe('what evaluate and score say of the same predictions', () => {
  it.each([[[1]], [[2]], [[3]], [[4]], [[5]], [[10]], [[1, 3, 5, 10, 12]]])(
    'is the same with %j answers a question, from the raw files to the scores',
    async (counts) => {
      const draw = draws(counts.length + 7 * (counts[0] ?? 0));
      const ids = Array.from({ length: 60 }, (_, i) => i + 1);
      const given = ids.map((_, i) => {
        // Some questions are easy: all say the same.
        const mostly = WORDS[draw(WORDS.length)] as string;
        const isEasy = draw(3) === 0;
        return Array.from({ length: counts[i % counts.length] ?? 1 }, () =>
          isEasy || draw(2) === 0 ? mostly : (WORDS[draw(WORDS.length)] as string),
        );
      });
      const questions = write('val2014_questions.json', {
        questions: ids.map((id) => ({ question_id: id, image_id: id, question: 'What?' })),
      });
      const annotations = write('val2014_annotations.json', {
        annotations: ids.map((id, i) => ({
          ...{ question_id: id, image_id: id, question_type: `type ${i % 3}`, answer_type: 'other' },
          multiple_choice_answer: given[i]?.[0],
          answers: given[i]?.map((answer, k) => ({ answer, answer_id: k + 1 })),
        })),
      });
      const outputFolder = path.join(folder, counts.join('-'));
      await prepareVqa({ sources: [questions, annotations], outputFolder, minOccurrences: 1 });
      const rows = await readQuestions(path.join(outputFolder, 'val.json'));
      const answers = rows.map(() => WORDS[draw(WORDS.length)] as string);
      const evaluated = answerTaskScores(
        rows,
        answers.map((answer) => ({ answer, probability: 1 })),
      );
      const predictions = write(
        'predictions.json',
        rows.map(({ questionId }, i) => ({ question_id: questionId, answer: answers[i] })),
      );
      const scored = await scoreVqaFiles({ predictions, annotations, ...strict });
      expect(scored.accuracy).toBeGreaterThan(0);
      expect(scored.accuracy).toBeCloseTo(evaluated.overall, 12);
      const byType = evaluated.tables.find(({ key }) => key === 'byQuestionType')?.rows ?? [];
      for (const { type, score } of scored.byQuestionType) {
        expect(score).toBeCloseTo(byType.find((row) => row.type === type)?.score ?? -1, 12);
      }
    },
  );
});
