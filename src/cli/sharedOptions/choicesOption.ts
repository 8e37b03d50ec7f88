/** @file `--choices`: the answers that count. */

import { z } from 'zod';
import { MAX_CHOICES } from '../../inference/requests.js';

/** Texts that are divided by commas; one that holds a comma has a flag of its own. */
export const choicesOption = z
  .array(z.string().trim())
  .min(1)
  .max(MAX_CHOICES)
  .superRefine((choices, check) => {
    const twice = choices.find((each, i) => choices.indexOf(each) < i);
    const problem = choices.includes('')
      ? `an answer is missing beside a comma in '${choices.join(',')}'`
      : twice === undefined
        ? undefined
        : `'${twice}' is named twice`;
    if (problem !== undefined) check.addIssue({ code: 'custom', message: problem });
  })
  .describe('Score these answers alone, as in multiple choice: "red, green, blue"');
