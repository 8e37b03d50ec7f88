/** @file One prediction from a record: by the keys of its test server, or by others whose meaning is plain. */

import { LxmertError } from '../../common/errors.js';
import { shownText, shownValue } from '../../data/shownValue.js';
import type { FilePrediction } from './predictionTable.js';

/** What the predictions of a task are called. */
export interface PredictionForm {
  /** `VQA`. */
  readonly task: string;
  readonly id: string;
  readonly answer: string;
  /** As it stands behind "expected". */
  readonly expected: string;
}

/** Names that ids and answers have elsewhere, in the order in which they are looked for. */
const ID_KEYS = ['question_id', 'questionId', 'questionID', 'qid', 'id'];
const ANSWER_KEYS = ['answer', 'prediction', 'predicted_answer', 'pred_answer', 'predicted', 'pred'];
/** Keys of questions and annotations with their true answers: scoring those would show 100 %. */
const TRUTH_KEYS = [
  ...['isBalanced', 'fullAnswer', 'multiple_choice_answer', 'direct_answers', 'answers'],
  ...['img_id', 'sentence', 'synset'],
];
/** Beside these, LLaVA's `text` is the answer; beside others it may be the question. */
const ANSWER_TEXT_MARKS = ['answer_id', 'prompt', 'model_id'];

/** A record whose answer is null, as good as none. */
export interface NoAnswer {
  readonly id: string;
  readonly place: string;
}

/** Reads records of one file, all by the keys that the first one has. */
export class PredictionReader {
  #keys: Pick<PredictionForm, 'id' | 'answer'> | undefined;
  /** What was read otherwise than documented, in sentences. */
  readonly notes: string[] = [];

  constructor(
    protected readonly file: string,
    private readonly form: PredictionForm,
  ) {}

  /**
   * @param place where the record stands, as in `element 3`
   * @param id of a record that stands under it
   * @throws LxmertError with file, place and key for what is not as expected
   */
  read(value: unknown, place: string, id?: string): FilePrediction | NoAnswer {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new LxmertError(
        `${this.file}: ${place}: expected an object with ${this.form.id} and ${this.form.answer}, found ${shownValue(value)}.`,
      );
    }
    const record = value as Record<string, unknown>;
    this.#keys ??= this.#chooseKeys(record, id !== undefined);
    const found = id ?? record[this.#keys.id];
    return this.pair(found, record[this.#keys.answer], place, this.#keys);
  }

  /** The prediction of an id and an answer as a file has them. @throws as {@link read} */
  pair(
    idValue: unknown,
    answerValue: unknown,
    place: string,
    keys: Pick<PredictionForm, 'id' | 'answer'> = this.form,
  ): FilePrediction | NoAnswer {
    const id = this.#id(idValue, `${place}, key '${keys.id}'`);
    if (answerValue === null) return { id, place };
    const hasNumber = typeof answerValue === 'number' && Number.isFinite(answerValue);
    if (typeof answerValue !== 'string' && !hasNumber) {
      throw new LxmertError(
        `${this.file}: ${place}, key '${keys.answer}': expected text, found ${shownValue(answerValue)}.`,
      );
    }
    if (hasNumber) this.note('Answers that are numbers are taken as their text.');
    return { id, answer: String(answerValue), place, isNumber: typeof idValue === 'number' };
  }

  /** Notes a sentence once. */
  note(sentence: string): void {
    if (!this.notes.includes(sentence)) this.notes.push(sentence);
  }

  #id(value: unknown, place: string): string {
    if (typeof value === 'string' && value !== '') {
      // What pandas makes of whole numbers in a column with gaps.
      const whole = /^(\d+)\.0+$/.exec(value)?.[1];
      if (whole !== undefined) this.note(`Ids such as '${shownText(value)}' are taken as whole numbers.`);
      return whole ?? value;
    }
    if (Number.isSafeInteger(value)) return String(value);
    const isTooLong = Number.isInteger(value);
    throw new LxmertError(
      `${this.file}: ${place}: expected a whole number or text, found ${shownValue(value)}.${
        isTooLong ? ' It has more digits than a number of JSON keeps; write ids as text.' : ''
      }`,
    );
  }

  #chooseKeys(record: Record<string, unknown>, hasId: boolean) {
    const { form } = this;
    const truth = TRUTH_KEYS.find((key) => Object.hasOwn(record, key));
    if (truth !== undefined) {
      throw new LxmertError(
        `${this.file}: expected predictions, found records with '${truth}', which are questions with their true answers.`,
      );
    }
    const idKey = Object.hasOwn(record, form.id)
      ? form.id
      : ID_KEYS.find((key) => Object.hasOwn(record, key));
    const isLlava = ANSWER_TEXT_MARKS.some((key) => Object.hasOwn(record, key));
    const answerKeys = [form.answer, ...ANSWER_KEYS, ...(isLlava ? ['text'] : [])].filter((key) =>
      Object.hasOwn(record, key),
    );
    const keys = { id: idKey ?? form.id, answer: answerKeys[0] ?? form.answer };
    const isOther = (!hasId && keys.id !== form.id) || keys.answer !== form.answer;
    if (isOther && (hasId || idKey !== undefined) && answerKeys.length > 0) {
      const named = hasId ? '' : `id '${keys.id}', `;
      this.note(`The keys are not those of ${form.task}: taken are ${named}answer '${keys.answer}'.`);
    }
    const second = answerKeys.find((key) => key !== keys.answer);
    if (second !== undefined) {
      this.note(`Beside '${keys.answer}', which is scored, there is '${second}', which is not.`);
    }
    return keys;
  }
}
