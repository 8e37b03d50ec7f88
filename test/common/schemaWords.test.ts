/** @file What a schema refused, in words of this program. */

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { findSchemaProblem } from '../../src/common/schemaWords.js';
import { scoresSchema } from '../../src/report/scoresFile.js';

describe('findSchemaProblem', () => {
  it('has words for a rule that has none, where the schema library says "Invalid input"', () => {
    const rule = z.object({ pair: z.array(z.number()).refine((values) => values.length === 2) });
    expect(findSchemaProblem(rule, { pair: [1] })).toBe(
      "key 'pair': expected values that fit together, found [1]",
    );
    expect(findSchemaProblem(rule, { pair: [1, 2] })).toBeUndefined();
  });

  it('says what a table of mistakes lacks', () => {
    const scores = (counts: number[][]) => ({
      overall: 0.5,
      mistakes: { confusion: { answers: ['red', 'blue'], counts }, surestWrong: [] },
    });
    expect(findSchemaProblem(scoresSchema, scores([[1, 2]]))).toBe(
      "key 'mistakes.confusion': expected a count for each answer and one for all others in each row",
    );
    expect(findSchemaProblem(scoresSchema, scores([[1, 2, 3]]))).toBeUndefined();
  });
});
