/** @file Answers that differ only in capitals, blanks or the form of their accents, made one: never without a word. */

import type { Question } from './annotations/question.js';
import type { AnswerTable } from './answerTable.js';
import { shownId } from './idForms.js';

/** Pairs that the line about them names. */
const NUM_NAMED = 3;

/** Examples in one spelling of each answer. */
export interface Respelled<Example> {
  readonly examples: readonly Example[];
  /** Which spellings were taken for which; empty when none was. */
  readonly notices: readonly string[];
}

/**
 * Gives answers that agree but for capitals, blanks and Unicode normalisation one spelling: of those in the examples the
 * most frequent, of equals the first, without blanks around it, with single ones inside, in NFC.
 *
 * @param keepsCase answers that differ in capitals stay different
 */
export function withOneSpelling<Example extends Question>(
  examples: readonly Example[],
  keepsCase: boolean,
): Respelled<Example> {
  const counts = new Map<string, Map<string, number>>();
  for (const { labels } of examples) {
    for (const answer of labels?.keys() ?? []) {
      const spellings = counts.get(keyOf(answer, keepsCase)) ?? new Map<string, number>();
      counts.set(keyOf(answer, keepsCase), spellings);
      const plain = withoutBlanks(answer);
      spellings.set(plain, (spellings.get(plain) ?? 0) + 1);
    }
  }
  const chosen = new Map([...counts].map(([key, spellings]) => [key, mostFrequent(spellings)]));
  const { examples: spelled, notices } = respelled(
    examples,
    (answer) => chosen.get(keyOf(answer, keepsCase)) ?? answer,
  );
  return { examples: spelled, notices: [...notices, ...stopNotice([...chosen.values()])] };
}

/** A line about answers that stay different for a full stop alone, which may be meant (`etc.`) or a slip. */
function stopNotice(answers: readonly string[]): string[] {
  const known = new Set(answers);
  const pairs = answers.filter((answer) => /.[.!]$/.test(answer) && known.has(answer.slice(0, -1)));
  if (pairs.length === 0) return [];
  const named = pairs
    .slice(0, NUM_NAMED)
    .map((each) => `${shownId(each)} beside ${shownId(each.slice(0, -1))}`);
  const more = pairs.length > named.length ? ' ...' : '';
  return [
    `${pairs.length === 1 ? '1 answer differs' : `${pairs.length} answers differ`} from another by a full stop at the end alone, and they count as different answers: ${named.join(', ')}${more}.`,
  ];
}

/**
 * Spells answers as a table does: one that the table lacks is taken for the only one in it that agrees with it but for
 * capitals, blanks and Unicode normalisation.
 */
export function spelledAsInTable<Example extends Question>(
  examples: readonly Example[],
  table: AnswerTable,
): Respelled<Example> {
  const inTable = new Map<string, string | undefined>();
  for (let row = 0; row < table.size; row++) {
    const answer = table.answer(row);
    const key = keyOf(answer, false);
    inTable.set(key, inTable.has(key) ? undefined : answer);
  }
  return respelled(examples, (answer) =>
    table.indexOf(answer) === undefined ? (inTable.get(keyOf(answer, false)) ?? answer) : answer,
  );
}

function withoutBlanks(answer: string): string {
  return answer.normalize('NFC').trim().replace(/\s+/g, ' ');
}

function keyOf(answer: string, keepsCase: boolean): string {
  const plain = withoutBlanks(answer);
  return keepsCase ? plain : plain.toLowerCase();
}

/** What answers share that agree but for capitals, blanks and Unicode normalisation. */
export function foldedAnswer(answer: string): string {
  return keyOf(answer, false);
}

function mostFrequent(spellings: ReadonlyMap<string, number>): string {
  return [...spellings].reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}

function respelled<Example extends Question>(
  examples: readonly Example[],
  spell: (answer: string) => string,
): Respelled<Example> {
  const changed = new Map<string, string>();
  let numChanged = 0;
  const result = examples.map((example) => {
    const answers = [...(example.labels ?? [])];
    if (answers.every(([answer]) => spell(answer) === answer)) return example;
    numChanged++;
    const labels = new Map<string, number>();
    for (const [answer, score] of answers) {
      const spelling = spell(answer);
      if (spelling !== answer) changed.set(answer, spelling);
      labels.set(spelling, Math.max(score, labels.get(spelling) ?? 0));
    }
    return { ...example, labels };
  });
  if (numChanged === 0) return { examples, notices: [] };
  const pairs = [...changed].slice(0, NUM_NAMED).map(([from, to]) => `${shownId(from)} as ${shownId(to)}`);
  const more = changed.size > pairs.length ? ' ...' : '';
  const which = changed.size === 1 ? '1 spelling is' : `${changed.size} spellings are`;
  const where = numChanged === 1 ? '1 example' : `${numChanged} examples`;
  return {
    examples: result,
    notices: [
      `${which} taken for another that differs only in capitals, blanks or the form of accents, in ${where}: ${pairs.join(', ')}${more}.`,
    ],
  };
}
