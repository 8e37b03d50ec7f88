/** @file The label of an NLVR2 example in each way that files write it. */

import { z } from 'zod';

/**
 * `"True"`, `"False"`, `true`, `false`, 1 or 0 as whether the statement is true.
 *
 * @param message what is said of anything else
 */
export function nlvr2LabelSchema(message: string) {
  return z.union([z.string(), z.boolean(), z.int()], message).transform((value, check) => {
    const word = String(value).toLowerCase();
    if (word === 'true' || word === '1') return true;
    if (word === 'false' || word === '0') return false;
    check.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}
