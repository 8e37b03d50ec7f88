/** @file Annotations, questions, captions and predictions of every form: counted, and looked through for what is odd. */

import { readFileSync } from 'node:fs';
import { messageOf } from '../../common/errors.js';
import { fileSource } from '../../data/annotations/jsonSource.js';
import { streamArray, streamEntries } from '../../data/annotations/jsonStream.js';
import type { FileForm } from '../../formats/forms/index.js';
import { readJsonLines } from '../../formats/lines/jsonLines.js';
import { formatNumber } from '../../formats/numbers.js';
import { BoxFacts } from '../boxFacts.js';
import { type FileReport, type Names, report, type Traits } from '../fileReport.js';
import { isFull, RecordFacts } from '../recordFacts.js';

/** Milliseconds after which the rest of a file is left unread, and said to be. */
const MAX_MILLISECONDS = 3000;

/** What the records of a form are called. */
const NOUNS: readonly (readonly [pattern: RegExp, noun: string])[] = [
  [/predictions|answers$/i, 'prediction'],
  [/^gqa(ObjectsInfo|SceneGraphs)$/, 'picture'],
  [/captions?/i, 'caption'],
  [/annotations/i, 'annotation'],
  [/nlvr2/i, 'statement'],
  [/custom|pretraining|boxes/i, 'record'],
  [/run/i, 'record'],
];

/** Examines a file whose records stand in a list, in lines or by id. */
export async function examineRecords(file: string, form: FileForm): Promise<FileReport> {
  const facts = new RecordFacts();
  const boxes = form.form === 'boxes' ? new BoxFacts() : undefined;
  const problems: string[] = [];
  const begun = performance.now();
  let isWhole = true;
  try {
    for await (const [value, key] of recordsOf(file, form)) {
      facts.add(value, key);
      boxes?.add(value);
      if (facts.numRecords % 512 === 0 && performance.now() - begun > MAX_MILLISECONDS) {
        isWhole = false;
        break;
      }
    }
  } catch (error) {
    problems.push(messageOf(error));
    isWhole = false;
  }
  problems.push(...facts.finish(), ...(boxes?.problems() ?? []));
  const noun = NOUNS.find(([pattern]) => pattern.test(form.form))?.[1] ?? 'question';
  const lines = [...facts.facts(noun), ...(boxes?.facts() ?? [])];
  if (!isWhole) lines.push(`looked at: the first ${formatNumber(facts.numRecords)}`);
  return report(file, form.title, {
    facts: lines,
    problems,
    wayOn: `${form.wayOn}${boxes?.flags ?? ''}`,
    traits: traitsOf(form, facts, isWhole),
  });
}

async function* recordsOf(
  file: string,
  { layout }: FileForm,
): AsyncGenerator<[value: unknown, key?: string]> {
  if (layout.kind === 'lines') {
    for await (const { value } of readJsonLines(file)) yield [value];
  } else if (layout.kind === 'entries') {
    for await (const [key, value] of streamEntries(fileSource(file))) yield [value, key];
  } else if (layout.kind === 'list') {
    for await (const value of streamArray(fileSource(file), layout.key)) yield [value];
  }
}

function traitsOf({ form }: FileForm, facts: RecordFacts, isWhole: boolean): Traits {
  const of = (names: ReadonlySet<string>): Names => ({ names, isAll: isWhole && !isFull(names) });
  if (/predictions|^predictionsById/i.test(form)) return { form, predictedIds: of(facts.questionIds) };
  const isRow = /Rows|^custom|^captions$|^vizWiz/.test(form);
  const hasAnswers = facts.numAnswersOf.size > 0 || /^gqaQuestions$|^nlvr2Official$|Rows$/.test(form);
  return {
    form,
    ...(isRow && facts.imageIds.size > 0 && { questionImages: of(facts.imageIds) }),
    ...(facts.questionIds.size > 0 && { questionIds: of(facts.questionIds) }),
    ...(isRow && facts.labels.size > 0 && { labels: of(facts.labels) }),
    ...(hasAnswers && facts.questionIds.size > 0 && { answeredIds: of(facts.questionIds) }),
  };
}

/** Lines of a text such as predictions of NLVR2, of at most 64 MiB. */
export function examineLines(file: string, form: FileForm, numBytes: number): FileReport {
  if (numBytes > 1 << 26)
    return report(file, form.title, { facts: ['not read: over 64 MiB'], wayOn: form.wayOn });
  const lines = readFileSync(file, 'utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '');
  const ids = lines.map((line) => line.split(',', 1)[0]!.trim());
  const distinct = new Set(ids);
  const problems: string[] = [];
  if (distinct.size < ids.length)
    problems.push(
      `${formatNumber(ids.length - distinct.size)} of its lines have an id that occurred before.`,
    );
  const isPredictions = form.form === 'nlvr2Predictions';
  if (isPredictions) {
    const odd = lines.findIndex((line) => !/^[^,]+,\s*(true|false)\s*$/i.test(line));
    if (odd >= 0)
      problems.push(
        `Line ${odd + 1} is not 'identifier,True' or 'identifier,False': '${lines[odd]!.slice(0, 60)}'.`,
      );
  }
  return report(file, form.title, {
    facts: [
      `${formatNumber(lines.length)} line${lines.length === 1 ? '' : 's'}, such as ${lines[0]!.slice(0, 60)}`,
    ],
    problems,
    wayOn: form.wayOn,
    traits: isPredictions ? { predictedIds: { names: distinct, isAll: true } } : {},
  });
}
