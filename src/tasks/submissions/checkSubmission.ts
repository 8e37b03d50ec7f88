/** @file Whether a test server would take a file of results: its form, and an answer to every question, once. */

import { excerptOfJson } from '../../common/excerpt.js';
import { streamRecords } from '../../data/annotations/jsonRecords.js';
import { findLayout, streamEntries } from '../../data/annotations/jsonStream.js';
import { openJson } from '../../data/annotations/openJson.js';
import { readContentKind } from '../../formats/contentKind.js';
import { readTextLines } from '../../formats/lines/textLines.js';
import type { SourceFiles } from '../metrics/sourceFiles.js';
import { type AskedQuestions, type IdKey, keyOf, readAskedQuestions } from './askedQuestions.js';
import { Findings, type SubmissionProblem } from './findings.js';
import { SERVER_FORMS, type ServerForm, type SubmissionTask } from './serverForms.js';

export interface SubmissionCheck {
  readonly task: SubmissionTask;
  readonly results: string;
  readonly numResults: number;
  readonly numQuestions: number;
  /** What the server would refuse or score as wrong; empty for a file that it takes. */
  readonly problems: readonly SubmissionProblem[];
  /** What it takes, and a person may want to know. */
  readonly notes: readonly string[];
}

/** One result, as its file has it. */
interface Result {
  readonly place: string;
  readonly value: unknown;
}

/** Longer answers are sentences, which no annotator gave. */
const LONG_ANSWER = 100;

/**
 * @param questions the official questions of the split that the server has, or the file that prepare made of them; several
 * files are taken together
 * @throws UsageError or LxmertError for files that cannot be read as JSON, or as lines
 */
export async function checkSubmission(
  task: SubmissionTask,
  results: string,
  questions: SourceFiles,
  signal?: AbortSignal,
): Promise<SubmissionCheck> {
  const form = SERVER_FORMS[task];
  const asked = await readAskedQuestions(questions, task);
  const about = { task, results, numQuestions: asked.size };
  const records = await recordsOf(results, form);
  if (typeof records === 'string') {
    const problem = { kind: 'form', count: 1, message: records } as const;
    return { ...about, numResults: 0, problems: [problem], notes: [] };
  }
  const reading = new Reading(form, asked);
  for await (const record of records) {
    if (reading.numResults % SIGNAL_EVERY === 0) signal?.throwIfAborted();
    reading.add(record);
  }
  const { problems, notes } = reading.findings();
  return { ...about, numResults: reading.numResults, problems, notes };
}

const SIGNAL_EVERY = 10_000;

/** The results one by one, or a sentence on why the whole file has another form. */
async function recordsOf(file: string, form: ServerForm): Promise<AsyncIterable<Result> | string> {
  const { expected, layout } = form;
  const { kind, name } = readContentKind(file);
  // Servers read text or JSON itself; nothing that it is packed in.
  const kinds = layout === 'lines' ? ['text'] : ['jsonArray', 'jsonObject'];
  if (!kinds.includes(kind)) return `${file} is ${name}; expected ${expected}.`;
  if (layout === 'lines') return nlvr2Lines(file);
  const source = await openJson(file, expected);
  const found = (await findLayout(source, ['predictions', 'results', 'annotations', 'data'])).kind;
  const words = { list: 'a list', wrapped: 'a list under a key', lines: 'JSON lines', object: 'an object' };
  if (layout === 'object') {
    if (found === 'list' || found === 'lines') return `${file} holds ${words[found]}; expected ${expected}.`;
    return entriesOf(streamEntries(source));
  }
  if (found !== 'list') {
    const what = found === 'none' ? 'no list' : words[found];
    return `${file} holds ${what}; expected ${expected}.`;
  }
  return streamRecords(source, { kind: 'list' }, 'result');
}

async function* entriesOf(entries: AsyncIterable<[string, unknown]>): AsyncGenerator<Result> {
  for await (const [id, value] of entries) yield { place: `'${id}'`, value: { id, value } };
}

async function* nlvr2Lines(file: string): AsyncGenerator<Result> {
  for await (const { text, number } of readTextLines(file)) yield { place: `line ${number}`, value: text };
}

/** Goes through results and gathers what is wrong with them. */
class Reading {
  numResults = 0;
  readonly #seen = new Set<IdKey>();
  readonly #wrong: Findings;
  readonly #idType: Findings;
  readonly #answerType: Findings;
  readonly #twice = new Findings('twice', 'id', 'answered more than once');
  readonly #unknown = new Findings('unknown', 'id', 'that no question has');
  /** Results without a key that others may have, by the key. */
  readonly #without: ReadonlyMap<string, Findings>;
  /** Results with answers of the right type. */
  #numAnswered = 0;
  readonly #choice: Findings;
  readonly #spelling = new Findings(
    'spelling',
    'answer',
    'with capitals or a full stop, which is compared letter by letter',
  );
  readonly #long = new Findings('long', 'answer', `of more than ${LONG_ANSWER} characters`);

  constructor(
    private readonly form: ServerForm,
    private readonly asked: AskedQuestions,
  ) {
    const { expected, idType, idKey, answers, choiceKey = '' } = form;
    this.#choice = new Findings('choice', 'result', `whose ${choiceKey} is none of the question's choices`);
    this.#without = new Map(
      Object.keys(answers).map((key) => [
        key,
        new Findings('partly', 'result', `without ${key}, which others have`),
      ]),
    );
    this.#wrong = new Findings('record', 'result', `in another form (expected ${expected})`);
    const wanted = idType === 'number' ? 'a whole number' : 'text';
    this.#idType = new Findings('idType', 'result', `whose ${idKey} is not ${wanted}`);
    const types = Object.entries(answers).map(
      ([key, type]) => `${key} ${type === 'string' ? 'text' : 'a number'}`,
    );
    this.#answerType = new Findings(
      'answerType',
      'result',
      `without an answer of the right type (${types.join(', ')})`,
    );
  }

  add({ place, value }: Result): void {
    this.numResults++;
    if (this.form.layout === 'lines') {
      this.#addLine(place, String(value));
    } else if (this.form.layout === 'object') {
      const { id, value: answers } = value as { id: string; value: unknown };
      this.#addAnswers(place, answers, id);
      this.#addId(id, id);
    } else {
      this.#addRecord(place, value);
    }
  }

  #addRecord(place: string, value: unknown): void {
    const record = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    const id = record[this.form.idKey];
    if (id === undefined) {
      this.#wrong.add(`${place} ${excerptOfJson(value, 40)}`);
      return;
    }
    this.#addAnswers(place, record, id);
    const isRight =
      this.form.idType === 'number' ? Number.isInteger(id) : typeof id === 'string' && id !== '';
    if (!isRight) this.#idType.add(`${place} ${excerptOfJson(id, 30)}`);
    if (typeof id === 'number' || typeof id === 'string') this.#addId(id, String(id));
  }

  #addLine(place: string, text: string): void {
    const [, id] = /^([^,\s]+),(?:true|false)$/i.exec(text.trimEnd()) ?? [];
    if (id === undefined) {
      this.#wrong.add(`${place} '${text.slice(0, 40)}'`);
      return;
    }
    this.#addId(id, id);
  }

  #addId(id: number | string, shown: string): void {
    const key = keyOf(id);
    if (this.#seen.has(key)) this.#twice.add(shown);
    else if (!this.asked.has(key)) this.#unknown.add(shown);
    this.#seen.add(key);
  }

  #addAnswers(place: string, value: unknown, id: unknown): void {
    const record = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    const keys = Object.keys(this.form.answers);
    const there = keys.filter((key) => record[key] !== undefined);
    const areRight = there.every((key) => typeof record[key] === this.form.answers[key]);
    const areEnough = this.form.isEither === true ? there.length > 0 : there.length === keys.length;
    if (!areRight || !areEnough) this.#answerType.add(`${place} ${excerptOfJson(value, 40)}`);
    else this.#addWithout(place, there);
    for (const key of there) if (String(record[key]).length > LONG_ANSWER) this.#long.add(place);
    const { choiceKey, isLiteral } = this.form;
    const isSpelled = there.every((key) => !/\p{Lu}|\.\s*$/u.test(String(record[key])));
    if (isLiteral === true && !isSpelled) this.#spelling.add(place);
    const chosen = choiceKey === undefined ? undefined : record[choiceKey];
    const choices = this.asked.get(keyOf(id as number | string));
    if (typeof chosen === 'string' && choices?.includes(chosen) === false)
      this.#choice.add(`${place} ${excerptOfJson(chosen, 40)}`);
  }

  #addWithout(place: string, there: readonly string[]): void {
    this.#numAnswered++;
    for (const [key, findings] of this.#without) if (!there.includes(key)) findings.add(place);
  }

  findings(): { problems: SubmissionProblem[]; notes: string[] } {
    const missing = new Findings('missing', 'question', 'without a result');
    for (const id of this.asked.keys()) if (!this.#seen.has(id)) missing.add(String(id));
    // A key that no result has is of a challenge that the file is not for.
    const partly = [...this.#without.values()].filter(({ count }) => count < this.#numAnswered);
    const all = [
      ...[this.#wrong, this.#idType, this.#answerType, ...partly, this.#choice],
      ...[this.#twice, this.#unknown, missing],
    ];
    return {
      problems: all.map(({ problem }) => problem).filter((each) => each !== undefined),
      notes: [this.#spelling, this.#long]
        .map(({ problem }) => problem?.message)
        .filter((each) => each !== undefined),
    };
  }
}
