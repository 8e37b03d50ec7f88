/** @file Reads files of predictions for VizWiz: answers by picture, probabilities that it can be answered, or both. */

import path from 'node:path';
import { LxmertError } from '../../common/errors.js';
import { shownValue } from '../../data/shownValue.js';
import { formatCount } from '../../formats/numbers.js';
import { predictionElements } from './predictionFiles.js';
import { type FilePrediction, PredictionTable } from './predictionTable.js';

/** What a file of predictions says: answers, probabilities of being answerable, or both. */
export interface VizwizPredictions {
  /** By the name of the image's file; empty answers where {@link hasAnswers} is false. */
  readonly table: PredictionTable;
  readonly hasAnswers: boolean;
  /** By the table's index; undefined where the file has none. */
  readonly answerable: readonly number[] | undefined;
}

const EXPECTED = 'a JSON array of {image, answer, answerable}, as lxmert predict vizwiz writes it';

/** Names that the picture and the answer have elsewhere, in the order in which they are looked for. */
const IMAGE_KEYS = ['image', 'image_id', 'img_id', 'image_name', 'file_name', 'question_id', 'id'];
const ANSWER_KEYS = ['answer', 'prediction', 'predicted_answer', 'pred_answer', 'pred'];

type Both = 'answer' | 'answerable';

/** Reads the elements of one file, all of them by the keys that the first one has. */
class VizwizReader {
  readonly notes: string[] = [];
  readonly answerable: number[] = [];
  /** Places of records whose answer is null. */
  readonly empty: string[] = [];
  first: Readonly<Record<Both, boolean>> | undefined;
  #keys: { readonly image: string; readonly answer: string } | undefined;

  constructor(private readonly file: string) {}

  /** Undefined for a record whose answer is null. @throws LxmertError with file, place and key */
  read(value: unknown, place: string): FilePrediction | undefined {
    const record = this.#record(value, place);
    this.#keys ??= this.#chooseKeys(record);
    const keys = this.#keys;
    const id = this.#image(record[keys.image], `${place}, key '${keys.image}'`);
    const answer = this.#answer(record[keys.answer], `${place}, key '${keys.answer}'`);
    const answerable = this.#answerable(record.answerable, place);
    const has = { answer: answer !== undefined, answerable: answerable !== undefined };
    this.first ??= has;
    for (const key of ['answer', 'answerable'] as const) {
      if (has[key] === this.first[key]) continue;
      const is = has[key]
        ? 'is there, but the first element has none'
        : 'is missing, but the first element has it';
      throw new LxmertError(`${this.file}: ${place}, key '${key}': it ${is}. Give it in all or in none.`);
    }
    if (!has.answer && !has.answerable) {
      throw new LxmertError(
        `${this.file}: ${place}: expected 'answer' or 'answerable' beside '${keys.image}', found neither.`,
      );
    }
    if (answer === null) {
      this.empty.push(`${place}, '${id}'`);
      return undefined;
    }
    if (answerable !== undefined) this.answerable.push(answerable);
    return { id, answer: answer ?? '', place };
  }

  /** An answer by its picture. */
  readEntry(image: string, value: unknown, place: string): FilePrediction | undefined {
    this.note('The file is an object of predictions by picture.');
    const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
    return this.read(isRecord ? { ...value, image } : { image, answer: value }, place);
  }

  note(sentence: string): void {
    if (!this.notes.includes(sentence)) this.notes.push(sentence);
  }

  #record(value: unknown, place: string): Record<string, unknown> {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
    throw new LxmertError(
      `${this.file}: ${place}: expected an object with image and answer, found ${shownValue(value)}.`,
    );
  }

  #chooseKeys(record: Record<string, unknown>): { readonly image: string; readonly answer: string } {
    const image = IMAGE_KEYS.find((key) => Object.hasOwn(record, key)) ?? 'image';
    const answer = ANSWER_KEYS.find((key) => Object.hasOwn(record, key)) ?? 'answer';
    if (image !== 'image' || answer !== 'answer')
      this.note(`The keys are not those of VizWiz: taken are image '${image}', answer '${answer}'.`);
    return { image, answer };
  }

  #image(value: unknown, place: string): string {
    if (typeof value !== 'string' || value === '') {
      throw new LxmertError(
        `${this.file}: ${place}: expected the name of a picture, such as VizWiz_val_00000000.jpg, found ${shownValue(value)}.`,
      );
    }
    const name = path.posix.basename(value);
    if (name !== value) this.note('Pictures are named with folders, which are passed over.');
    return name;
  }

  #answer(value: unknown, place: string): string | null | undefined {
    if (value === undefined || value === null || typeof value === 'string') return value;
    if (typeof value === 'number') {
      this.note('Answers that are numbers are taken as their text.');
      return String(value);
    }
    throw new LxmertError(`${this.file}: ${place}: expected text, found ${shownValue(value)}.`);
  }

  #answerable(value: unknown, place: string): number | undefined {
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= 0 && value <= 1) return value;
    throw new LxmertError(
      `${this.file}: ${place}, key 'answerable': expected a probability from 0 to 1, found ${shownValue(value)}.`,
    );
  }
}

/**
 * Reads the file of either challenge, `[{image, answer}]` or `[{image, answerable}]`, or of both in one. Other keys are
 * ignored. Other layouts and names of keys are read where their meaning is plain, and noted.
 *
 * @throws LxmertError with file and element for what is not as expected, for an image that is there twice, and for an
 *   element without a key that the first one has
 */
export async function readVizwizPredictions(file: string): Promise<VizwizPredictions> {
  const reader = new VizwizReader(file);
  const table = await PredictionTable.gather(
    file,
    predictionElements(file, EXPECTED, {
      read: (value, place) => reader.read(value, place),
      readEntry: (id, value, place) => reader.readEntry(id, value, place),
    }),
  );
  table.notes.push(...reader.notes);
  const [first] = reader.empty;
  if (first !== undefined) {
    const is = reader.empty.length === 1 ? 'is' : 'are';
    table.nullNote = `${formatCount(reader.empty.length, 'prediction')} of ${file} ${is} null and taken as none: ${first}${reader.empty.length > 1 ? ', ...' : ''}.`;
    table.notes.push(table.nullNote);
  }
  return {
    table,
    hasAnswers: reader.first?.answer === true,
    answerable: reader.first?.answerable === true ? reader.answerable : undefined,
  };
}
