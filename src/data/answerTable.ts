/** @file The answers a head can give, by index, from the reference's two table files. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../common/atomicFile.js';
import { hasErrorCode, LxmertError, messageOf, UsageError } from '../common/errors.js';

const labelsSchema = z.array(z.string()).min(1);
const pretrainingSchema = z
  .array(z.object({ ans: z.string(), dsets: z.array(z.string()).optional() }))
  .min(1);
type PretrainingAnswers = z.output<typeof pretrainingSchema>;
const indexSchema = z.record(z.string(), z.int().min(0));

/** Both directions between answers and rows of the answer head. */
export class AnswerTable {
  readonly #indexOf = new Map<string, number>();

  /** @throws LxmertError when an answer occurs twice */
  constructor(
    readonly answers: readonly string[],
    source = 'the answer table',
  ) {
    for (const [i, answer] of answers.entries()) {
      const known = this.#indexOf.get(answer);
      if (known !== undefined) {
        throw new LxmertError(`${source}: the answer '${answer}' stands at ${known} and again at ${i}.`);
      }
      this.#indexOf.set(answer, i);
    }
  }

  get size(): number {
    return this.answers.length;
  }

  indexOf(answer: string): number | undefined {
    return this.#indexOf.get(answer);
  }

  answer(index: number): string {
    const answer = this.answers[index];
    if (answer === undefined) {
      throw new LxmertError(
        `Answer ${index} was asked for, but the table has answers 0 to ${this.size - 1}.`,
      );
    }
    return answer;
  }

  /**
   * Reads `label2ans` (a JSON array) and, when it lies beside it under the reference's name, `ans2label` (an
   * object), and checks one against the other.
   */
  static async load(label2ansFile: string): Promise<AnswerTable> {
    const table = new AnswerTable(await readJson(label2ansFile, labelsSchema), label2ansFile);
    const inverse = label2ansFile.replace(/label2ans(?=[^/]*$)/, 'ans2label');
    if (inverse === label2ansFile) return table;
    const indices = await readJson(inverse, indexSchema).catch((error) => {
      if (error instanceof UsageError) return undefined;
      throw error;
    });
    if (indices === undefined) return table;
    for (const [answer, i] of Object.entries(indices)) {
      if (table.indexOf(answer) !== i) {
        throw new LxmertError(
          `${inverse} gives the answer '${answer}' the index ${i}, but ${path.basename(label2ansFile)} has ` +
            `${table.indexOf(answer) ?? 'no such answer'}. The two files are not of the same head.`,
        );
      }
    }
    return table;
  }

  /**
   * Reads the table of a pre-training head (`all_ans.json`: a JSON array of `{ans, dsets}`), whose order is the head's.
   *
   * @param sets keeps the answers that occur in any of these data sets; absent: all
   * @throws UsageError for a set that no answer is from
   */
  static async loadPretraining(file: string, sets?: readonly string[]): Promise<AnswerTable> {
    return tableOfSets(await readJson(file, pretrainingSchema), file, sets);
  }

  /**
   * Reads a pre-training table in either layout: `all_ans.json`, or `label2ans` (a JSON array of answers).
   *
   * @param sets as of {@link loadPretraining}
   * @throws UsageError for a choice of data sets from a table that does not name any
   */
  static async loadEither(file: string, sets?: readonly string[]): Promise<AnswerTable> {
    const content = await readJson(file, z.union([labelsSchema, pretrainingSchema]));
    if (typeof content[0] === 'object') return tableOfSets(content as PretrainingAnswers, file, sets);
    if (sets !== undefined) {
      throw new UsageError(
        `${file} does not say which data sets its answers are from, so none can be chosen. Name a table such as all_ans.json, or leave the choice out.`,
      );
    }
    return new AnswerTable(content as string[], file);
  }

  /** Writes the table as {@link loadPretraining} reads it. */
  async savePretraining(file: string): Promise<void> {
    await writeFileAtomic(file, JSON.stringify(this.answers.map((ans) => ({ ans }))));
  }

  /** Writes `<prefix>_label2ans.json` and `<prefix>_ans2label.json` into `folder`. */
  async save(folder: string, prefix = 'trainval'): Promise<void> {
    // Entries, not an object literal: a key such as "2" keeps its value whatever its place.
    const inverse = Object.fromEntries(this.answers.map((answer, i) => [answer, i]));
    await writeFileAtomic(path.join(folder, `${prefix}_label2ans.json`), JSON.stringify(this.answers));
    await writeFileAtomic(path.join(folder, `${prefix}_ans2label.json`), JSON.stringify(inverse));
  }
}

/** Answers that occur in any of the data sets, in the order of the file. */
function tableOfSets(
  entries: PretrainingAnswers,
  file: string,
  sets: readonly string[] | undefined,
): AnswerTable {
  const known = new Set(entries.flatMap(({ dsets = [] }) => dsets));
  const unknown = sets?.find((set) => !known.has(set));
  if (unknown !== undefined) {
    throw new UsageError(
      `No answer of ${file} is from the data set '${unknown}'. It has ${[...known].sort().join(', ') || 'no names of data sets'}.`,
    );
  }
  const isWanted = (dsets: readonly string[]): boolean =>
    sets === undefined || dsets.some((set) => sets.includes(set));
  const wanted = entries.filter(({ dsets = [] }) => isWanted(dsets));
  return new AnswerTable(
    wanted.map((entry) => entry.ans),
    file,
  );
}

async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) throw new UsageError(`There is no answer table '${file}'.`);
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LxmertError(`${file} is not valid JSON: ${messageOf(error)}.`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw new LxmertError(`${file}: expected an answer table, but ${parsed.error.issues[0]?.message ?? ''}.`);
  }
  return parsed.data;
}
