/** @file Examples without labels: found before a training or a scoring begins, counted, named, and limited. */

import { LxmertError } from '../common/errors.js';
import { formatNumber, formatPercent } from '../formats/numbers.js';
import type { Question } from './annotations/question.js';
import { foldedAnswer } from './answerSpelling.js';
import type { AnswerTable } from './answerTable.js';

/** What is asked of the labels of a split. */
export interface LabelRules {
  /** How the split is called in messages. */
  readonly name: string;
  /** What the examples are for: an unlabelled one can neither be learned from nor scored. */
  readonly answerTable: AnswerTable;
  /** The share of the examples that may have no label, 0 to 1. */
  readonly maxUnlabelled: number;
}

/** The examples with labels, and a line about the others. */
export interface LabelledExamples<Example> {
  readonly examples: readonly Example[];
  /** Undefined when all have labels. */
  readonly notice: string | undefined;
}

/**
 * Sorts out examples without labels (an empty label is one: the question has no answer in the table).
 *
 * @throws LxmertError when no example has a label, none has an answer in it, none of the answers is in the table, or more
 *   than `maxUnlabelled` have no label: with the first id, and the key that the label may stand under
 */
export function withLabels<Example extends Question>(
  examples: readonly Example[],
  { name, answerTable, maxUnlabelled }: LabelRules,
): LabelledExamples<Example> {
  const labelled = examples.filter(({ labels }) => labels !== undefined);
  const first = examples.find(({ labels }) => labels === undefined);
  const total = formatNumber(examples.length);
  if (labelled.length === 0) {
    throw new LxmertError(
      `No example of '${name}' has a label, so there is nothing to learn or to score.${keyHint(first)} A test split has none; lxmert predict answers it.`,
    );
  }
  requireAnswers(labelled, name, answerTable);
  const unanswerable = unanswerableNotice(labelled, name, answerTable);
  if (first === undefined) return { examples, notice: unanswerable };
  const count = examples.length - labelled.length;
  const share = `${formatNumber(count)} of ${total} examples (${formatPercent(count / examples.length, 1)})`;
  if (count > maxUnlabelled * examples.length) {
    throw new LxmertError(
      `${share} of '${name}' have no label, the first with the id ${first.questionId}.${keyHint(first)} Take them out of the file, or leave them out with --max-left-out all (in JavaScript: needsLabels and maxLeftOut).`,
    );
  }
  return {
    examples: labelled,
    notice: [
      `${share} of '${name}' left out: they have no label (the first with the id ${first.questionId}).`,
      unanswerable,
    ]
      .filter((line) => line !== undefined)
      .join('\n'),
  };
}

function requireAnswers(labelled: readonly Question[], name: string, answerTable: AnswerTable): void {
  const answered = labelled.filter(({ labels }) => (labels?.size ?? 0) > 0);
  const [first] = answered;
  if (first === undefined) {
    throw new LxmertError(
      `The labels of all ${formatNumber(labelled.length)} examples of '${name}' are empty: no answer is right for any. Make the file again with the answer table that belongs to it (lxmert prepare --answers).`,
    );
  }
  if (answered.some((example) => hasKnownAnswer(example, answerTable))) return;
  const [answer = ''] = first.labels?.keys() ?? [];
  throw new LxmertError(
    `None of the answers of '${name}' is in the answer table of ${answerTable.size} answers ('${answerTable.answer(0)}' ...); the first is '${answer}'. Is it the table, or the model, of another data set?`,
  );
}

const hasKnownAnswer = ({ labels }: Question, answerTable: AnswerTable): boolean =>
  [...(labels?.keys() ?? [])].some((answer) => answerTable.indexOf(answer) !== undefined);

/**
 * The line about examples whose labels hold no answer of the table, so that whatever is predicted is wrong.
 */
function unanswerableNotice(
  labelled: readonly Question[],
  name: string,
  answerTable: AnswerTable,
): string | undefined {
  const unanswerable = labelled.filter(
    (example) => (example.labels?.size ?? 0) > 0 && !hasKnownAnswer(example, answerTable),
  );
  if (unanswerable.length === 0) return undefined;
  const spellings = new Map(answerTable.answers.map((answer) => [foldedAnswer(answer), answer]));
  const answers = unanswerable.flatMap(({ labels }) => [...(labels?.keys() ?? [])]);
  const otherwise = answers.find((answer) => spellings.has(foldedAnswer(answer)));
  const share = unanswerable.length / labelled.length;
  const example =
    otherwise === undefined
      ? `such as '${answers[0]}'`
      : `such as '${otherwise}', which the table has as '${spellings.get(foldedAnswer(otherwise))}'`;
  return `${formatNumber(unanswerable.length)} of ${formatNumber(labelled.length)} labelled examples (${formatPercent(share, 1)}) of '${name}' have only answers that are not in the table (${example}): none can be right for them.`;
}

function keyHint(first: Question | undefined): string {
  return first?.unreadLabelKey === undefined
    ? ''
    : ` They have the key '${first.unreadLabelKey}', which is not read: is that the label under another name?`;
}
