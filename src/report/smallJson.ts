/** @file A small JSON file of a run folder, which may be missing or damaged without stopping a report. */

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { hasErrorCode, messageOf } from '../common/errors.js';
import { inWords } from '../common/schemaWords.js';
import { describeJsonFault } from '../formats/jsonFault.js';

/** What was found: a value, a sentence on what is wrong, or neither when there is no file. */
export interface SmallJson<T> {
  readonly value?: T;
  readonly problem?: string;
}

/** No configuration and no table of scores has so many bytes; more would make a page that no browser opens. */
const MAX_BYTES = 4 << 20;

/** Reads and checks a file of at most 4 MiB. Nothing is thrown: what is wrong comes as a sentence. */
export async function readSmallJson<T>(file: string, schema: z.ZodType<T>): Promise<SmallJson<T>> {
  const name = path.basename(file);
  try {
    const found = await stat(file);
    if (!found.isFile()) return { problem: `${name} is no file and was left out.` };
    if (found.size > MAX_BYTES) {
      return {
        problem: `${name} has ${found.size} bytes, more than the ${MAX_BYTES} expected, and was left out.`,
      };
    }
    const text = await readFile(file, 'utf8');
    let content: unknown;
    try {
      content = JSON.parse(text);
    } catch {
      return { problem: `${name} cannot be read (as JSON, ${describeJsonFault(text)}) and was left out.` };
    }
    const parsed = schema.safeParse(content, { error: inWords });
    if (parsed.success) return { value: parsed.data };
    const issue = parsed.error.issues[0];
    const key = issue === undefined || issue.path.length === 0 ? '' : ` at '${issue.path.join('.')}'`;
    return { problem: `${name} is not as expected${key} (${issue?.message ?? 'unknown'}) and was left out.` };
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return {};
    return { problem: `${name} cannot be read (${messageOf(error)}) and was left out.` };
  }
}
