/** @file What the records of annotations and predictions of any form have in common, counted as they go by. */

import { asObject } from '../formats/forms/index.js';
import { formatNumber } from '../formats/numbers.js';
import { countOf, someOf } from './fileReport.js';

/** Names that are kept of each kind: enough to compare files by, a bound on memory. */
const MAX_NAMES = 300_000;
/** Wrong records that are named. */
const MAX_SHOWN = 3;
/** Word pieces that training reads of a sentence, [CLS] and [SEP] included; a word is at least one. */
const USUAL_LENGTH = 20;

type Fields = Readonly<Record<string, unknown>>;

/** Counts over records; each form has other keys for the same things. */
export class RecordFacts {
  numRecords = 0;
  readonly questionIds = new Set<string>();
  readonly imageIds = new Set<string>();
  readonly labels = new Set<string>();
  readonly splits = new Set<string>();
  /** Records by the number of their annotators' answers. */
  readonly numAnswersOf = new Map<number, number>();
  readonly problems: string[] = [];
  #numWithoutLabel = 0;
  #numWithLabel = 0;
  #numLong = 0;
  #lowest = Number.POSITIVE_INFINITY;
  #highest = Number.NEGATIVE_INFINITY;
  readonly #faults = new Map<string, { count: number; ids: string[] }>();

  add(value: unknown, key?: string): void {
    this.numRecords++;
    const record = asObject(value);
    if (record === undefined) {
      if (key === undefined) this.#fault('are no objects', `record ${this.numRecords - 1} (counted from 0)`);
      else this.#addAnswer(key, value);
      return;
    }
    const id = idOf(record) ?? key;
    this.#addId(id);
    for (const image of imagesOf(record)) keep(this.imageIds, image);
    if (typeof record.coco_split === 'string') keep(this.splits, record.coco_split);
    this.#addSentence(record, id);
    this.#addLabel(record, id);
    this.#addAnswers(record, id);
  }

  /** What looks wrong, in whole sentences. */
  finish(): string[] {
    const found = [...this.#faults].map(
      ([what, { count, ids }]) =>
        `${formatNumber(count)} of its records ${count === 1 ? what.replace(/^have/, 'has').replace(/^are no objects/, 'is no object') : what}: ${someOf(ids)}${count > ids.length ? ' ...' : ''}.`,
    );
    if (this.#numWithLabel > 20 && this.#highest === 0.3) {
      found.push(
        'Every label has the score 0.3: they were made by the rule for ten answers of questions that have one each, so that ' +
          'a right model shows 30 %. Make them anew of the annotations with lxmert prepare vqa.',
      );
    }
    const folded = new Map<string, string>();
    const alike: string[] = [];
    for (const label of this.labels) {
      const plain = label.trim().replace(/\s+/g, ' ').toLowerCase();
      const other = folded.get(plain);
      if (other === undefined) folded.set(plain, label);
      else alike.push(`'${other}' and '${label}'`);
    }
    if (alike.length > 0)
      found.push(
        `Answers differ only in case or blanks and would count as different ones: ${someOf(alike)}.`,
      );
    return found;
  }

  /** Lines about what there is. */
  facts(noun: string): string[] {
    const { imageIds, questionIds, numAnswersOf, splits } = this;
    const about =
      imageIds.size > 0 ? ` about ${atLeast(imageIds.size)} image${imageIds.size === 1 ? '' : 's'}` : '';
    const lines = [`${countOf(this.numRecords, noun)}${about}`];
    const examples = [
      questionIds.size > 0 ? `ids such as ${first(questionIds)}` : '',
      imageIds.size > 0 ? `images such as ${first(imageIds)}` : '',
    ].filter((text) => text !== '');
    if (examples.length > 0) lines.push(examples.join(', '));
    if (splits.size > 0) lines.push(`coco_split ${[...splits].slice(0, 4).join(', ')}`);
    if (this.#numWithLabel > 0) {
      const scores =
        this.#highest >= this.#lowest
          ? `, ${this.#lowest === this.#highest ? `scores ${this.#lowest}` : `scores from ${this.#lowest} to ${this.#highest}`}`
          : '';
      const without =
        this.#numWithoutLabel > 0 ? `; ${formatNumber(this.#numWithoutLabel)} without a label` : '';
      lines.push(
        // Of statements, whose labels are true or false.
        this.labels.size === 0 && scores === ''
          ? `${formatNumber(this.#numWithLabel)} with a label${without}`
          : `${atLeast(this.labels.size)} different answer${this.labels.size === 1 ? '' : 's'} in labels${scores}${without}`,
      );
    }
    if (numAnswersOf.size > 0) {
      const counts = [...numAnswersOf].sort(([a], [b]) => b - a).slice(0, 4);
      lines.push(
        numAnswersOf.size === 1
          ? `${counts[0]![0]} answer${counts[0]![0] === 1 ? '' : 's'} to each question`
          : `answers to a question: ${counts.map(([n, count]) => `${n} (${formatNumber(count)} times)`).join(', ')}`,
      );
    }
    if (this.#numLong > 0) {
      lines.push(
        `${this.#numLong === 1 ? '1 sentence has' : `${formatNumber(this.#numLong)} sentences have`} more than ${USUAL_LENGTH - 2} words: cut at --max-length ${USUAL_LENGTH}`,
      );
    }
    return lines;
  }

  #addId(id: string | undefined): void {
    if (id === undefined) return;
    if (this.questionIds.has(id)) this.#fault('have an id that occurred before', id);
    else keep(this.questionIds, id);
  }

  #addAnswer(id: string, answer: unknown): void {
    this.#addId(id);
    if (typeof answer !== 'string') this.#fault('have no answer as text', id);
    else keep(this.labels, answer);
  }

  #addSentence(record: Fields, id: string | undefined): void {
    const key = ['sent', 'question', 'sentence', 'text', 'caption'].find((each) =>
      Object.hasOwn(record, each),
    );
    if (key === undefined) return;
    const sentence = record[key];
    if (typeof sentence !== 'string') this.#fault(`have no text under '${key}'`, id);
    else if (sentence.trim() === '') this.#fault('have an empty sentence', id);
    else if (sentence.trim().split(/\s+/).length > USUAL_LENGTH - 2) this.#numLong++;
  }

  #addLabel(record: Fields, id: string | undefined): void {
    if (!Object.hasOwn(record, 'label') && !Object.hasOwn(record, 'labels')) return;
    const label = record.label ?? record.labels;
    const scores = asObject(label);
    const answers = scores !== undefined ? Object.keys(scores) : Array.isArray(label) ? label : [label];
    if (label === null || answers.length === 0) this.#numWithoutLabel++;
    else this.#numWithLabel++;
    for (const answer of answers) if (typeof answer === 'string') keep(this.labels, answer);
    for (const score of Object.values(scores ?? {})) {
      if (typeof score !== 'number' || !(score >= 0 && score <= 1))
        this.#fault('have a score outside of 0 to 1', id);
      else {
        this.#lowest = Math.min(this.#lowest, score);
        this.#highest = Math.max(this.#highest, score);
      }
    }
  }

  /** Annotators' answers, or a prediction's. */
  #addAnswers(record: Fields, id: string | undefined): void {
    const answers = record.answers ?? record.direct_answers;
    if (Array.isArray(answers)) {
      this.numAnswersOf.set(answers.length, (this.numAnswersOf.get(answers.length) ?? 0) + 1);
      if (answers.length === 0) this.#fault('have no answers', id);
      return;
    }
    const key = ['answer', 'prediction'].find((each) => Object.hasOwn(record, each));
    if (key === undefined) return;
    const answer = record[key];
    if (typeof answer === 'string') {
      keep(this.labels, answer);
      if (answer.trim() === '') this.#fault('have an empty answer', id);
    } else if (!Array.isArray(answer)) this.#fault('have no answer as text', id);
  }

  #fault(what: string, id: string | undefined): void {
    const found = this.#faults.get(what) ?? { count: 0, ids: [] };
    found.count++;
    if (found.ids.length < MAX_SHOWN) found.ids.push(id ?? `record ${this.numRecords - 1} (counted from 0)`);
    this.#faults.set(what, found);
  }
}

/** Whether a set has reached its bound and so stands for more. */
export function isFull(names: ReadonlySet<string>): boolean {
  return names.size >= MAX_NAMES;
}

function keep(names: Set<string>, name: string): void {
  if (names.size < MAX_NAMES) names.add(name);
}

function atLeast(count: number): string {
  return `${count >= MAX_NAMES ? 'at least ' : ''}${formatNumber(count)}`;
}

function first(names: ReadonlySet<string>): string {
  const [name = ''] = names;
  return name.length > 60 ? `${name.slice(0, 60)}...` : name;
}

function idOf(record: Fields): string | undefined {
  const value =
    record.question_id ?? record.questionId ?? record.identifier ?? record.id ?? record.uid ?? undefined;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** The images of a record by the names that their features have: files go by their name up to the first dot. */
function imagesOf(record: Fields): string[] {
  const values = [record.img_id, record.imageId, record.img0, record.img1, record.image, record.image_id];
  if (Array.isArray(record.images)) values.push(...record.images);
  return values.flatMap((value) =>
    typeof value === 'string' || typeof value === 'number' ? [baseName(String(value))] : [],
  );
}

function baseName(name: string): string {
  const base = /\.(jpe?g|png|webp)$/i.test(name) ? name.replace(/^.*\//, '') : name;
  return base === name && !/\.(jpe?g|png|webp)$/i.test(name) ? name : base.replace(/\..*$/, '');
}
