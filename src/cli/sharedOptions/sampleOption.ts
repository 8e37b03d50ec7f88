/** @file Asking about a scene that comes with the package, in place of a picture of one's own. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { NUM_SAMPLE_SCENES, sampleSceneFile } from '../../common/sampleAssets.js';

export const sampleOption = {
  sample: z
    .int()
    .min(1)
    .max(NUM_SAMPLE_SCENES)
    .optional()
    .describe(
      `Ask about one of the ${NUM_SAMPLE_SCENES} scenes that come with lxmert; then the question is the only argument`,
    )
    .meta({ valueName: 'SCENE' }),
};

/** Picture and question as arguments; with --sample the question alone. */
export const askedArguments = z.strictObject({
  image: z.string().min(1).describe('Picture file, or an image id with --features; not with --sample'),
  question: z.string().min(1).optional().describe('The question, in quotes'),
});

/** What is asked about what. @throws UsageError for one argument too few or too many, and for an empty question */
export function askedOf(
  { image, question }: z.output<typeof askedArguments>,
  { sample, features }: { readonly sample?: number | undefined; readonly features?: string | undefined },
): { readonly image: string; readonly question: string } {
  if (sample !== undefined && question !== undefined) {
    throw new UsageError('With --sample the picture is chosen already: give the question alone.');
  }
  if (sample !== undefined && features !== undefined) {
    throw new UsageError(
      '--sample names a picture, and --features has the regions of others: give one of the two.',
    );
  }
  const asked =
    sample === undefined ? { image, question } : { image: sampleSceneFile(sample), question: image };
  if (asked.question === undefined)
    throw new UsageError('The question is missing: give it behind the picture, in quotes.');
  if (asked.question.trim() === '') throw new UsageError('The question is empty.');
  return { ...asked, question: asked.question };
}
