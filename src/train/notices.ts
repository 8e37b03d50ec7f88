/** @file Sentences about a training that looks well and is not: it learned nothing, or it was examined on its lessons. */

import { LxmertError } from '../common/errors.js';

/** From this share of one answer on, the few others are noise. */
const NEARLY_ALL = 0.95;

/** With fewer answers than this, that all are alike says nothing. */
const MIN_ANSWERS = 20;

/** Ids named in a sentence, so that a person can look. */
const NUM_NAMED = 3;

export interface MajorityInput {
  /** The model's answer to each question of an evaluation. */
  readonly predictedAnswers: readonly string[];
  /** The answer that is right most often, see {@link mostFrequentAnswer}. */
  readonly majorityAnswer: string;
  /** The share of the questions for which it is right, from 0 to 1. */
  readonly majorityShare: number;
  /** Training steps done. */
  readonly numSteps: number;
}

/**
 * A sentence when the model answers the majority answer for at least 95 % of the questions, as a model does that has
 * learned nothing but how often answers are right. Nothing for fewer than 20 questions, nor when that answer is right
 * for so many of them that a good model would give it as often.
 *
 * @throws LxmertError when `majorityShare` is no share
 */
export function majorityNotice(input: MajorityInput): string | undefined {
  const { predictedAnswers, majorityAnswer, majorityShare, numSteps } = input;
  if (!(majorityShare >= 0 && majorityShare <= 1)) {
    throw new LxmertError(
      `The share of the majority answer must be from 0 to 1, and is ${majorityShare}. Give 0.5 for 50 %.`,
    );
  }
  const numQuestions = predictedAnswers.length;
  if (numQuestions < MIN_ANSWERS || majorityShare >= NEARLY_ALL) return undefined;
  const numMajority = predictedAnswers.filter((answer) => answer === majorityAnswer).length;
  if (numMajority < NEARLY_ALL * numQuestions) return undefined;
  const which =
    numMajority === numQuestions
      ? `all ${count(numQuestions)} validation questions`
      : `${count(numMajority)} of ${count(numQuestions)} validation questions`;
  const steps = numSteps === 1 ? '1 step' : `${count(numSteps)} steps`;
  return `After ${steps} the model still answers '${majorityAnswer}', the most frequent answer, to ${which}; it is right for ${percent(majorityShare)} of them. It has learned nothing from the questions and pictures so far. If this stays, try another --learning-rate, and check that the right weights and features were loaded.`;
}

/**
 * A sentence when the best score of a run is no better than what the questions' texts alone give, so that nothing shows
 * that the model looks at the images.
 *
 * @param blindScore see `openingAnswers`
 */
export function blindNotice(bestScore: number, blindScore: number): string | undefined {
  if (bestScore > blindScore) return undefined;
  return `The best epoch's ${percent(bestScore)} is not above the ${percent(blindScore)} that can be had without looking at the images, so the model may not use them. Check with 'lxmert features info' that these are the features it should see, and that it was trained long enough.`;
}

/** The right answers of a question with their scores; undefined where they are not known. */
export interface LabelledQuestion {
  readonly labels: ReadonlyMap<string, number> | undefined;
}

/**
 * The answer that is the best one for most questions, and the share of the labelled questions for which it is. Of
 * answers that are the best equally often, the one met first. Undefined when no question has an answer.
 */
export function mostFrequentAnswer(
  questions: Iterable<LabelledQuestion>,
): { readonly answer: string; readonly share: number } | undefined {
  const counts = new Map<string, number>();
  let numLabelled = 0;
  for (const { labels } of questions) {
    if (labels === undefined) continue;
    // A question without any right answer counts, as it does in the accuracy.
    numLabelled++;
    const best = highest(labels);
    if (best !== undefined) counts.set(best, (counts.get(best) ?? 0) + 1);
  }
  const answer = highest(counts);
  return answer === undefined ? undefined : { answer, share: (counts.get(answer) ?? 0) / numLabelled };
}

/**
 * A sentence when images of the validation split were also trained on: the score is then better than on new images.
 * Ids may repeat, as they do in lists of questions.
 */
export function overlapNotice(
  trainImageIds: Iterable<string>,
  validImageIds: Iterable<string>,
): string | undefined {
  const trained = new Set(trainImageIds);
  const valid = new Set(validImageIds);
  const shared = [...valid].filter((id) => trained.has(id));
  if (shared.length === 0) return undefined;
  const which =
    shared.length > 1 && shared.length === valid.size
      ? `All ${count(valid.size)} validation images were`
      : `${count(shared.length)} of ${count(valid.size)} validation images (${percent(shared.length / valid.size)}) ${shared.length === 1 ? 'was' : 'were'}`;
  const more = shared.length > NUM_NAMED ? ' and others' : '';
  return `${which} also trained on (${shared.slice(0, NUM_NAMED).join(', ')}${more}), so the validation score is better than it would be on new images. Take them out of the training or the validation questions.`;
}

/** The key with the highest value, the first of equals. */
function highest(values: ReadonlyMap<string, number>): string | undefined {
  let best: string | undefined;
  for (const [key, value] of values) {
    if (best === undefined || value > (values.get(best) ?? 0)) best = key;
  }
  return best;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** One digit after the point; what is not none or all is never rounded to it. */
function percent(share: number): string {
  const rounded = (100 * share).toFixed(1);
  if (rounded === '0.0' && share > 0) return 'under 0.1 %';
  if (rounded === '100.0' && share < 1) return 'over 99.9 %';
  return `${rounded} %`;
}
