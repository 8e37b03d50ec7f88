/** @file What a GQA-style question is: sentence, one answer, the steps that lead to it, and what it tells. */

import type { Random } from '../../../common/random.js';
import type { AnswerBalance } from '../answerBalance.js';
import type { Words } from '../askQuestions.js';
import type { Scene } from '../scene.js';
import type { SemanticStep } from './program.js';
import type { Reference } from './references.js';

/** The five forms a question of GQA can take. */
export const STRUCTURAL_TYPES = ['query', 'verify', 'choose', 'logical', 'compare'] as const;
export type StructuralType = (typeof STRUCTURAL_TYPES)[number];

/** What a question is about: an attribute, whether something is there, a relation, what a thing is, the whole picture. */
export type SemanticType = 'attr' | 'obj' | 'rel' | 'cat' | 'global';

export interface SampleGqaQuestion {
  readonly sentence: string;
  readonly answer: string;
  readonly structural: StructuralType;
  readonly semantic: SemanticType;
  /** The kind of question within its form, as GQA names such kinds. */
  readonly detailed: string;
  /** What the answer is an instance of, such as `color`; null where it is yes or no. */
  readonly globalGroup: string | null;
  /** Questions of one kind about the same things share it. */
  readonly localGroup: string;
  readonly steps: readonly SemanticStep[];
  /** Questions with the same meaning in other words share it. */
  readonly meaning: string;
  /** Facts of which any one settles the answer. A fact is named by the words of the sentence, not by the object. */
  readonly needs: readonly string[];
  /** Facts that whoever knows the right answer knows. */
  readonly establishes: readonly string[];
}

/** What a template works on. */
export interface GqaContext {
  readonly scene: Scene;
  readonly words: Words;
  /** Names that fit one object each, without other objects' help: "the circle". */
  readonly simple: readonly Reference[];
  /** Names by a relation: "the star above the circle". */
  readonly related: readonly Reference[];
  readonly balance: AnswerBalance;
  readonly random: Random;
}

/** A question about the scene, or undefined where this draw gives no clear one. */
export type GqaTemplate = (context: GqaContext) => SampleGqaQuestion | undefined;

/**
 * A yes-or-no answer, each half of the time.
 *
 * @returns undefined when the one drawn is ahead already
 */
export function drawYesOrNo({ balance, random }: GqaContext, kind: string): 'yes' | 'no' | undefined {
  const answer = random.uniform() < 0.5 ? 'yes' : 'no';
  return balance.allows(kind, answer, answer === 'yes' ? 'no' : 'yes') ? answer : undefined;
}

/** The fact that there is, or is not, an object of a color and a shape. */
export function existenceFact(color: string, shape: string): string {
  return `exists|${color} ${shape}`;
}
