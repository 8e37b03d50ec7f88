/**
 * @file VQA answers in the spelling of the reference's answer table. The rule is that of the official VQA evaluation, as
 * the table's builder applied it (the pre-processing of bottom-up-attention-vqa, which the reference took over); its
 * quirks are part of the rule, since they decide which answers are in the table.
 */

import {
  ARTICLES,
  CONTRACTION_SPELLINGS,
  MAX_PERIODS_REMOVED,
  NUMBER_WORDS,
  PUNCTUATION,
} from '../vqaAnswerRule.js';

/** A VQA answer without punctuation and articles, in lower case, numbers up to ten as digits. May become empty. */
export function spellAsInAnswerTable(answer: string): string {
  return mendWords(removePunctuation(answer)).replaceAll(',', '');
}

/** A mark is removed where a space is beside it somewhere in the answer, otherwise it becomes a space. */
function removePunctuation(answer: string): string {
  const hasNumberComma = /[0-9],[0-9]/.test(answer);
  let text = answer;
  for (const mark of PUNCTUATION) {
    const isRemoved = hasNumberComma || answer.includes(`${mark} `) || answer.includes(` ${mark}`);
    text = text.replaceAll(mark, isRemoved ? '' : ' ');
  }
  let numRemoved = 0;
  return text.replace(/\.(?![0-9])/g, (stop) => (numRemoved++ < MAX_PERIODS_REMOVED ? '' : stop));
}

function mendWords(text: string): string {
  return text
    .toLowerCase()
    .split(/\s+/)
    .map((word) => NUMBER_WORDS.get(word) ?? word)
    .filter((word) => word !== '' && !ARTICLES.has(word))
    .map((word) => CONTRACTION_SPELLINGS.get(word) ?? word)
    .join(' ');
}
