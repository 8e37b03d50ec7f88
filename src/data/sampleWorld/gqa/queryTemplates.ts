/** @file Open questions: the answer is a color, a shape or a size. */

import type { GqaContext, GqaTemplate, SampleGqaQuestion } from './gqaQuestion.js';
import { followedBy } from './program.js';
import { knownWith, type Reference } from './references.js';

/** "What color is the star?" */
export const queryColor: GqaTemplate = (context) => askColor(context, context.simple, 'directOf');

/** "What color is the star to the left of the red object?" */
export const queryColorByRelation: GqaTemplate = (context) =>
  askColor(context, context.related, 'directOfRel');

function askColor(
  { random }: GqaContext,
  references: readonly Reference[],
  detailed: string,
): SampleGqaQuestion | undefined {
  const candidates = references.filter((each) => !each.says.has('color'));
  if (candidates.length === 0) return undefined;
  const reference = random.pick(candidates);
  const { name, object } = reference;
  return {
    sentence: random.pick([`What color is the ${name}?`, `What is the color of the ${name}?`]),
    answer: object.color,
    structural: 'query',
    semantic: 'attr',
    detailed,
    globalGroup: 'color',
    localGroup: `${detailed}-${reference.noun}_color`,
    steps: followedBy(reference.steps, ['query', 'color']),
    meaning: `query color|${name}`,
    needs: [`color|${name}`],
    establishes: knownWith(reference, ['color']),
  };
}

/** "What shape is the red object?" */
export const queryShape: GqaTemplate = ({ simple, random }) => {
  const candidates = simple.filter((each) => !each.says.has('shape'));
  if (candidates.length === 0) return undefined;
  const reference = random.pick(candidates);
  const { name, object } = reference;
  return {
    sentence: random.pick([`What shape is the ${name}?`, `What is the shape of the ${name}?`]),
    answer: object.shape,
    structural: 'query',
    semantic: 'cat',
    detailed: 'categoryThis',
    globalGroup: 'shape',
    localGroup: 'categoryThis-object_shape',
    steps: followedBy(reference.steps, ['query', 'shape']),
    meaning: `query shape|${name}`,
    needs: [`shape|${name}`],
    establishes: knownWith(reference, ['shape']),
  };
};

/** "What is above the blue circle?" where one thing is. */
export const queryRelated: GqaTemplate = ({ related, random }) => {
  const candidates = related.filter((each) => each.noun === 'object');
  if (candidates.length === 0) return undefined;
  const reference = random.pick(candidates);
  const { name, object } = reference;
  const where = name.slice('object '.length);
  return {
    sentence: random.pick([`What is ${where}?`, `What shape is ${where}?`]),
    answer: object.shape,
    structural: 'query',
    semantic: 'rel',
    detailed: 'relS',
    globalGroup: 'shape',
    localGroup: 'relS-object_shape',
    steps: followedBy(reference.steps, ['query', 'shape']),
    meaning: `query shape|${name}`,
    needs: [`shape|${name}`],
    establishes: knownWith(reference, ['shape']),
  };
};
