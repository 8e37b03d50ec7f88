/** @file `--choices`: the answers that count. */

import { z } from 'zod';
import { MAX_CHOICES } from '../inference/requests.js';

/** Texts that are divided by commas; one that holds a comma has a flag of its own. */
export const choicesOption = z
  .array(z.string().trim().min(1))
  .min(1)
  .max(MAX_CHOICES)
  .describe('Score these answers alone, as in multiple choice: "red, green, blue"');
