/** @file `--seed`: what everything that is drawn depends on. */

import { z } from 'zod';

/** The reference's, in fine-tuning and pre-training. */
const REFERENCE_SEED = 9595;

/** @param drawn what is drawn, as it stands after "Seed of" */
export function seedOption(drawn: string, byDefault = REFERENCE_SEED) {
  return {
    seed: z.int().min(0).default(byDefault).describe(`Seed of ${drawn}`).meta({ valueName: 'SEED' }),
  };
}
