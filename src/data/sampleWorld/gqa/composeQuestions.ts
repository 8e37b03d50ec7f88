/** @file GQA-style questions about a scene: of every form in turn, each once. */

import type { Random } from '../../../common/random.js';
import type { AnswerBalance } from '../answerBalance.js';
import type { Words } from '../askQuestions.js';
import type { Scene } from '../scene.js';
import {
  chooseColor,
  chooseColorByRelation,
  chooseRelation,
  chooseShape,
  chooseSizeOfMost,
} from './chooseTemplates.js';
import { areAllSame, isDifferentColor, isLarger, isSameColor } from './compareTemplates.js';
import type { GqaTemplate, SampleGqaQuestion } from './gqaQuestion.js';
import { bothExist, eitherExists, hasBothAttributes } from './logicalTemplates.js';
import { queryColor, queryColorByRelation, queryRelated, queryShape } from './queryTemplates.js';
import { relatedReferences, simpleReferences } from './references.js';
import {
  verifyColor,
  verifyColorByRelation,
  verifyExistence,
  verifyRelatedExistence,
  verifyRelation,
} from './verifyTemplates.js';

const OPEN: readonly GqaTemplate[] = [queryColor, queryColorByRelation, queryShape, queryRelated];

/** Open questions stand twice: in GQA too they are the most frequent form. */
const TEMPLATES: readonly GqaTemplate[] = [
  ...OPEN,
  ...OPEN,
  verifyColor,
  verifyColorByRelation,
  verifyExistence,
  verifyRelation,
  verifyRelatedExistence,
  chooseColor,
  chooseColorByRelation,
  chooseShape,
  chooseRelation,
  chooseSizeOfMost,
  bothExist,
  eitherExists,
  hasBothAttributes,
  isSameColor,
  isDifferentColor,
  isLarger,
  areAllSame,
];

/** Draws of one template before its turn is over: some of its kinds need luck (two objects of one color). */
const DRAWS_PER_TURN = 8;

/** Up to `numQuestions` different questions about a scene. `balance` is shared by all scenes of a split. */
export function composeQuestions(
  scene: Scene,
  words: Words,
  numQuestions: number,
  balance: AnswerBalance,
  random: Random,
): SampleGqaQuestion[] {
  const simple = simpleReferences(scene);
  const context = { scene, words, simple, related: relatedReferences(scene, simple), balance, random };
  const asked = new Map<string, SampleGqaQuestion>();
  const order = random.shuffle<GqaTemplate, GqaTemplate[]>([...TEMPLATES]);
  for (let turn = 0; asked.size < numQuestions && turn < 3 * order.length; turn++) {
    const template = order[turn % order.length] as GqaTemplate;
    for (let draw = 0; draw < DRAWS_PER_TURN; draw++) {
      const question = template(context);
      if (question === undefined || asked.has(question.sentence)) continue;
      asked.set(question.sentence, question);
      balance.add(question.detailed, question.answer);
      break;
    }
  }
  return [...asked.values()];
}

/**
 * For each question the numbers of the others whose answer follows from its own: one who says that the circle is red
 * must also say, asked for its color, "red".
 */
export function entailments(questions: readonly SampleGqaQuestion[]): number[][] {
  return questions.map((question, i) => {
    const known = new Set(question.establishes);
    return questions.flatMap((other, k) =>
      k !== i && other.needs.some((fact) => known.has(fact)) ? [k] : [],
    );
  });
}

/** For each question the numbers of those that ask the same in other words, itself among them. */
export function equivalences(questions: readonly SampleGqaQuestion[]): number[][] {
  return questions.map(({ meaning }) =>
    questions.flatMap((other, k) => (other.meaning === meaning ? [k] : [])),
  );
}
