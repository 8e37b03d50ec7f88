/** @file The forms in which an answer table is given: what is plainly meant is read, the rest is told from it. */

import { shownText, shownValue } from './shownValue.js';

/** An answer of a pre-training table with the data sets that it occurs in. */
interface Entry {
  readonly ans: string;
  readonly dsets?: readonly string[] | undefined;
}

/** Answers by row of the head. */
export interface AnswerList {
  readonly entries: readonly Entry[];
  /** How the file was read, where that is not a documented form: `by answer, each with its index`. */
  readonly readAs?: string;
}

/** Why a content is no answer table: `the index 3 is that of no answer`. */
export class NoAnswerTable {
  constructor(readonly reason: string) {}
}

/** Names under which programs keep the list, by index or by answer. */
const WRAPPERS = [
  ...['label2ans', 'id2label', 'idx2ans', 'id2ans', 'itos', 'answers', 'answer_list'],
  ...['ans2label', 'label2id', 'ans2idx', 'ans2id', 'stoi'],
];

const listOf = (answers: readonly string[], readAs?: string): AnswerList => ({
  entries: answers.map((ans) => ({ ans })),
  ...(readAs !== undefined && { readAs }),
});

/**
 * The table that a value of JSON is: a list of answers, a list of `{ans, dsets}`, an object from index to answer or from
 * answer to index, or one that holds such a table under a usual name (`label2ans`, `id2label` of a Hugging Face
 * configuration).
 */
export function answersOfValue(value: unknown): AnswerList | NoAnswerTable {
  if (Array.isArray(value)) return answersOfList(value);
  if (typeof value !== 'object' || value === null) return new NoAnswerTable(`found ${shownValue(value)}`);
  const entries = Object.entries(value);
  if (entries.length === 0) return new NoAnswerTable('found an empty object');
  return answersOfWrapper(entries) ?? answersOfMapping(entries, value);
}

function answersOfList(list: readonly unknown[]): AnswerList | NoAnswerTable {
  if (list.length === 0) return new NoAnswerTable('the list is empty');
  const odd = list.findIndex((item) => typeof item !== 'string');
  if (odd === -1) return listOf(list as string[]);
  if (list.every(isEntry)) return { entries: list };
  if (list.every((item) => typeof item === 'string' || Number.isInteger(item)))
    return listOf(list.map(String), 'with its numbers as text');
  return new NoAnswerTable(`element ${odd} (counted from 0) is ${shownValue(list[odd])}, not text`);
}

function isEntry(item: unknown): item is Entry {
  if (typeof item !== 'object' || item === null) return false;
  const { ans, dsets } = item as Record<string, unknown>;
  const isSets = Array.isArray(dsets) && dsets.every((set) => typeof set === 'string');
  return typeof ans === 'string' && (dsets === undefined || isSets);
}

/** Undefined where no usual name holds a table. */
function answersOfWrapper(
  entries: readonly (readonly [string, unknown])[],
): AnswerList | NoAnswerTable | undefined {
  let found: (AnswerList & { readonly name: string }) | undefined;
  for (const name of WRAPPERS) {
    const inner = entries.find(([key]) => key === name)?.[1];
    if (typeof inner !== 'object' || inner === null) continue;
    const table = Array.isArray(inner)
      ? answersOfList(inner)
      : answersOfMapping(Object.entries(inner), inner);
    if (table instanceof NoAnswerTable) continue;
    if (table.entries.every(({ ans }, i) => ans === `LABEL_${i}`)) {
      return new NoAnswerTable(
        `its '${name}' holds the placeholders LABEL_0, LABEL_1, ... of a model whose answers were never named`,
      );
    }
    const differing = found?.entries.findIndex(({ ans }, i) => ans !== table.entries[i]?.ans) ?? -1;
    if (found !== undefined && (differing !== -1 || found.entries.length !== table.entries.length)) {
      return new NoAnswerTable(
        `its '${found.name}' and its '${name}' are not the same answers in the same order`,
      );
    }
    found ??= { ...table, name };
  }
  return found && { entries: found.entries, readAs: `under its key '${found.name}'` };
}

function answersOfMapping(
  entries: readonly (readonly [string, unknown])[],
  value: object,
): AnswerList | NoAnswerTable {
  const keysAreIndices = areIndices(entries.map(([key]) => key));
  if (entries.every(([, item]) => typeof item === 'string')) {
    const texts = entries as readonly (readonly [string, string])[];
    if (keysAreIndices) return listOf(byIndex(texts), 'by index');
    if (areIndices(texts.map(([, item]) => item)))
      return listOf(byIndex(texts.map(([answer, index]) => [index, answer])), 'from answer to index');
    return new NoAnswerTable(
      `the keys are not the indices 0 to ${entries.length - 1}: ${gapIn(entries.map(([key]) => key))}`,
    );
  }
  if (!entries.every(([, item]) => Number.isInteger(item)))
    return new NoAnswerTable(`found ${shownValue(value)}`);
  const indices = entries.map(([answer, item]): [string, string] => [String(item), answer]);
  if (!areIndices(indices.map(([index]) => index))) {
    const found = indices.map(([index]) => index);
    return new NoAnswerTable(`the indices are not 0 to ${entries.length - 1}: ${gapIn(found)}`);
  }
  const answers = byIndex(indices);
  // Numbers to numbers: which are the answers shows only where both readings are one.
  if (
    keysAreIndices &&
    answers.some((answer, i) => String((value as Record<string, unknown>)[i]) !== answer)
  ) {
    return new NoAnswerTable(
      'both its keys and its values are numbers, so it does not show which are the answers',
    );
  }
  return listOf(answers, 'from answer to index');
}

/** Whether the texts are 0 to n - 1 in some order, each once. */
function areIndices(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length && texts.every((text) => isIndexBelow(text, texts.length));
}

const isIndexBelow = (text: string, end: number): boolean =>
  /^(0|[1-9]\d*)$/.test(text) && Number(text) < end;

function byIndex(entries: readonly (readonly [index: string, answer: string])[]): string[] {
  const answers = new Array<string>(entries.length);
  for (const [index, answer] of entries) answers[Number(index)] = answer;
  return answers;
}

/** The first thing that keeps texts from being 0 to n - 1. */
function gapIn(texts: readonly string[]): string {
  const odd = texts.find((text) => !/^-?\d+$/.test(text));
  if (odd !== undefined) return `'${shownText(odd)}' is none`;
  const outside = texts.find((text) => !isIndexBelow(text, texts.length));
  const seen = new Set<string>();
  const twice = texts.find((text) => seen.size === seen.add(text).size);
  if (twice !== undefined) return `${twice} is there twice`;
  const missing = texts.findIndex((_, i) => !seen.has(String(i)));
  const isFromOne = missing === 0 && outside === String(texts.length);
  return `${outside} is there, and ${missing} is not${
    isFromOne
      ? '. They count from 1, where the rows of a head count from 0: what row 0 answers does not show. Write the answers as a list, from row 0 on'
      : ''
  }`;
}

/** What a table's column of answers is called. */
const HEADER = /^"?(answers?|labels?|ans|classes|class_name|name)"?:?$/i;

/** The table that a text with an answer on each line is. */
export function answersOfText(text: string): AnswerList | NoAnswerTable {
  const lines = text.split('\n').map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  const [first = ''] = lines;
  if (lines.includes('[CLS]') && lines.includes('[SEP]'))
    return new NoAnswerTable('it is a vocabulary of word pieces, which --vocab takes');
  if (/^[[{(]/.test(first)) {
    return new NoAnswerTable(
      `it begins with '${shownText(first)}', which is not JSON; a list that Python printed is none (write it with json.dump)`,
    );
  }
  const empty = lines.indexOf('');
  if (empty !== -1) return new NoAnswerTable(`line ${empty + 1} is empty, so the rows behind it are unsure`);
  if (lines.length < 2) return new NoAnswerTable(`found the text '${shownText(first)}'`);
  // The first line may name the columns.
  const body = lines.slice(lines.length > 2 ? 1 : 0);
  const hasColumns =
    lines.some((line) => line.includes('\t')) ||
    2 * lines.filter((line) => /[,;|]/.test(line)).length > lines.length ||
    body.every((line) => /^\d+[\s:]+\S/.test(line)) ||
    body.every((line) => /\S[\s:]+\d+$/.test(line));
  if (body.every((line) => /^[-*] /.test(line)))
    return new NoAnswerTable(
      `its lines begin with a mark, as in '${shownText(body[0] ?? '')}'; a text has answers alone`,
    );
  if (HEADER.test(first))
    return new NoAnswerTable(
      `its first line, '${shownText(first)}', names what stands below it; a text has answers alone`,
    );
  if (hasColumns) {
    return new NoAnswerTable(
      `its lines have columns, as in '${shownText(first)}'; a text has one answer on a line and nothing beside it`,
    );
  }
  const parsed = lines.map(quotedText);
  const isQuoted = parsed.every((answer) => answer !== undefined);
  return listOf(isQuoted ? parsed : lines, 'by line, one answer on each');
}

function quotedText(line: string): string | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
