/** @file What the flags of preparations have alike. */

import { z } from 'zod';
import { existingFile, existingPath, outputPath } from './options.js';

/** Where the official files lie. */
export const preparationSources = z.strictObject({
  sources: z.array(existingPath()).min(1).describe('Archives, JSON files, or folders of them'),
});

/** Where the files go. */
export const preparationOptions = {
  output: outputPath().describe('Folder for the files').meta({ valueName: 'FOLDER' }),
  overwrite: z.boolean().default(false).describe('Replace files that are already there'),
};

/** Where the answer table comes from. @param what whom `minOccurrences` counts */
export function builtTableOptions(minOccurrences: number, what: string) {
  return {
    answers: existingFile()
      .optional()
      .describe('Answer table (label2ans) to use instead of one made from the annotations'),
    minOccurrences: z.int().min(1).default(minOccurrences).describe(what),
  };
}
