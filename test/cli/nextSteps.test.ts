/** @file The commands that a preparation ends with. */

import { expect, it } from 'vitest';
import { nextSteps } from '../../src/cli/nextSteps.js';

const split = (file: string, numAnswered = 1) => ({
  ...{
    file,
    numQuestions: 1,
    numAnswered,
    numWithLabel: numAnswered,
    numAnswersOutsideTable: 0,
    numEmpty: 0,
  },
});
const about = { task: 'aokvqa', output: 'data', scoring: '--annotations val.json' };

it('score no answers to what was trained on', () => {
  const alone = nextSteps({
    ...about,
    splits: [split('train.json')],
    trainingFlags: '--min-occurrences 5',
  }).join('\n');
  expect(alone).toContain('lxmert finetune aokvqa --train data/train.json --valid VALID.json');
  expect(alone).toContain(' --min-occurrences 5 ');
  expect(alone).not.toMatch(/predict|score/);
  const both = nextSteps({ ...about, splits: [split('train.json'), split('val.json')] }).join('\n');
  expect(both).toMatch(
    /predict aokvqa data\/val.json .*\n.*score aokvqa predictions.json --annotations val.json$/,
  );
});
