/** @file The option of how many examples may be left out: `--max-left-out SHARE|all`. */

import { z } from 'zod';

const EXPECTED = "a share from 0 to 1 (0.05), a percentage (5%), or 'all'";

/** A share, as text on the command line and as number or text in a configuration file. */
const share = z
  .union([z.number(), z.string()])
  .transform((given, check) => {
    const value = typeof given === 'number' ? given : shareOf(given.trim());
    if (value !== undefined && value >= 0 && value <= 1) return value;
    check.addIssue({ code: 'custom', message: `expected ${EXPECTED}, not '${given}'` });
    return z.NEVER;
  })
  .meta({ type: 'string', valueName: 'SHARE|all' });

/**
 * The option `maxLeftOut`, read as a share from 0 to 1.
 *
 * @param normal the share that is left out without a word from the user
 */
export function leftOutOption(normal: number) {
  return {
    maxLeftOut: share
      .default(normal)
      .describe('Share of the examples that may be left out for want of features or labels'),
  };
}

function shareOf(text: string): number | undefined {
  if (text === 'all') return 1;
  const [, number, percent] = /^(\d+\.?\d*|\.\d+)\s*(%?)$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) / (percent === '%' ? 100 : 1);
}

/** The limit in force: `--tiny` and `--fast` ask for a part of the images, so that most examples go. */
export function leftOutLimit(options: { maxLeftOut: number; tiny: boolean; fast: boolean }): number {
  return options.tiny || options.fast ? 1 : options.maxLeftOut;
}
