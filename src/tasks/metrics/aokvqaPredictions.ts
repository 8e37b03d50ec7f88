/** @file Reads files of predictions for A-OKVQA: direct answers, choices, or both, by question. */

import { LxmertError } from '../../common/errors.js';
import { shownValue } from '../../data/shownValue.js';
import { predictionElements } from './predictionFiles.js';
import { type FilePrediction, PredictionTable } from './predictionTable.js';

/** What a file of predictions says of each question. */
export interface AokvqaPredictions {
  readonly table: PredictionTable;
  /** By the table's index; undefined for a question without one. */
  readonly direct: readonly (string | undefined)[];
  readonly choices: readonly (string | undefined)[];
}

const EXPECTED =
  'a JSON object {question id: {multiple_choice, direct_answer}}, as lxmert predict aokvqa writes it';

/** Names that ids have in lists. */
const ID_KEYS = ['question_id', 'questionId', 'id'];

class AokvqaReader {
  readonly direct: (string | undefined)[] = [];
  readonly choices: (string | undefined)[] = [];
  readonly notes: string[] = [];

  constructor(private readonly file: string) {}

  /** A record of a list, which other programs write. */
  read(value: unknown, place: string): FilePrediction {
    const record = this.#record(value, place);
    const key = ID_KEYS.find((each) => Object.hasOwn(record, each));
    const id = key === undefined ? undefined : record[key];
    if (typeof id !== 'string' && !Number.isSafeInteger(id)) {
      throw new LxmertError(`${this.file}: ${place}: expected a question_id, found ${shownValue(value)}.`);
    }
    this.#note('The file is a list of predictions with their question ids.');
    return this.#take(String(id), record, place);
  }

  /** A record, or the direct answer alone, under its id. */
  readEntry(id: string, value: unknown, place: string): FilePrediction {
    if (typeof value === 'string') {
      this.#note('The file has an answer by question; they are taken as direct answers.');
      return this.#take(id, { direct_answer: value }, place);
    }
    return this.#take(id, this.#record(value, place), place);
  }

  #record(value: unknown, place: string): Record<string, unknown> {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
    throw new LxmertError(
      `${this.file}: ${place}: expected an object with multiple_choice and direct_answer, found ${shownValue(value)}.`,
    );
  }

  #take(id: string, record: Record<string, unknown>, place: string): FilePrediction {
    let direct = record.direct_answer;
    const choice = record.multiple_choice;
    if (direct === undefined && choice === undefined && record.answer !== undefined) {
      this.#note("The key 'answer' is taken as the direct answer.");
      direct = record.answer;
    }
    for (const [key, value] of [
      ['direct_answer', direct],
      ['multiple_choice', choice],
    ] as const) {
      if (value === undefined || value === null || typeof value === 'string') continue;
      throw new LxmertError(
        `${this.file}: ${place}, key '${key}': expected text, found ${shownValue(value)}.`,
      );
    }
    if (typeof direct !== 'string' && typeof choice !== 'string') {
      throw new LxmertError(
        `${this.file}: ${place}: expected 'multiple_choice' or 'direct_answer', found neither.`,
      );
    }
    this.direct.push(typeof direct === 'string' ? direct : undefined);
    this.choices.push(typeof choice === 'string' ? choice : undefined);
    return { id, answer: typeof direct === 'string' ? direct : '', place };
  }

  #note(sentence: string): void {
    if (!this.notes.includes(sentence)) this.notes.push(sentence);
  }
}

/**
 * Reads the leaderboard's form, `{question id: {multiple_choice, direct_answer}}`, of which either key may be left out. Lists of
 * records with their ids, and direct answers by id, are read too, and noted.
 *
 * @throws LxmertError with file and place for what is not as expected, and for a question that is there twice
 */
export async function readAokvqaPredictions(file: string): Promise<AokvqaPredictions> {
  const reader = new AokvqaReader(file);
  const table = await PredictionTable.gather(
    file,
    predictionElements(file, EXPECTED, {
      read: (value, place) => reader.read(value, place),
      readEntry: (id, value, place) => reader.readEntry(id, value, place),
      forms: ['aOkVqaPredictions'],
      // Ids are letters and digits, some of them letters alone.
      isPrediction: (value) =>
        typeof value === 'object' &&
        value !== null &&
        (Object.hasOwn(value, 'direct_answer') || Object.hasOwn(value, 'multiple_choice')),
    }),
  );
  table.notes.push(...reader.notes);
  return { table, direct: reader.direct, choices: reader.choices };
}
