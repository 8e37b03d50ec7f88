/** @file Questions that name the answers to choose from. */

import { DIRECTIONS, directionFrom } from '../directions.js';
import { article } from '../palette.js';
import type { GqaContext, GqaTemplate, SampleGqaQuestion } from './gqaQuestion.js';
import { followedBy } from './program.js';
import { knownWith, type Reference } from './references.js';
import { relationFact, wrongColor } from './verifyTemplates.js';

/** "Is the circle red or blue?" */
export const chooseColor: GqaTemplate = (context) => askWhichColor(context, context.simple, 'chooseAttr');

/** "Is the object below the star red or blue?" */
export const chooseColorByRelation: GqaTemplate = (context) =>
  askWhichColor(context, context.related, 'chooseAttrC');

function askWhichColor(
  context: GqaContext,
  references: readonly Reference[],
  detailed: string,
): SampleGqaQuestion | undefined {
  const { random } = context;
  const candidates = references.filter((each) => !each.says.has('color'));
  if (candidates.length === 0) return undefined;
  const reference = random.pick(candidates);
  const { name, object } = reference;
  const other = wrongColor(context, object.color);
  if (other === undefined) return undefined;
  const [first, second] = random.shuffle<string, string[]>([object.color, other]) as [string, string];
  return {
    sentence: `Is the ${name} ${first} or ${second}?`,
    answer: object.color,
    structural: 'choose',
    semantic: 'attr',
    detailed,
    globalGroup: 'color',
    localGroup: `${detailed}-${reference.noun}_${[first, second].sort().join('_')}`,
    steps: followedBy(reference.steps, ['choose color', `${first}|${second}`]),
    meaning: `choose color|${name}|${[first, second].sort().join('|')}`,
    needs: [`color|${name}`],
    establishes: knownWith(reference, ['color']),
  };
}

/** "Is the red object a circle or a square?" */
export const chooseShape: GqaTemplate = ({ words, simple, random }) => {
  const candidates = simple.filter((each) => !each.says.has('shape'));
  if (candidates.length === 0) return undefined;
  const reference = random.pick(candidates);
  const { name, object } = reference;
  const others = words.shapes.filter((shape) => shape !== object.shape);
  if (others.length === 0) return undefined;
  const shapes: string[] = [object.shape, random.pick(others)];
  const [first, second] = random.shuffle<string, string[]>(shapes) as [string, string];
  return {
    sentence: `Is the ${name} ${article(first)} ${first} or ${article(second)} ${second}?`,
    answer: object.shape,
    structural: 'choose',
    semantic: 'cat',
    detailed: 'categoryThisChoose',
    globalGroup: 'shape',
    localGroup: `categoryThisChoose-${[first, second].sort().join('_')}`,
    steps: followedBy(reference.steps, ['choose shape', `${first}|${second}`]),
    meaning: `choose shape|${name}|${[first, second].sort().join('|')}`,
    needs: [`shape|${name}`],
    establishes: knownWith(reference, ['shape']),
  };
};

/** "Is the circle to the left or to the right of the square?", "Is it above or below ...?" */
export const chooseRelation: GqaTemplate = ({ scene, simple, balance, random }) => {
  if (simple.length === 0) return undefined;
  const [a, b] = [random.pick(simple), random.pick(simple)];
  const axis = random.pick(['centerX', 'centerY'] as const);
  const seen = a.object === b.object ? undefined : directionFrom(scene, axis, a.object, b.object);
  const opposite = DIRECTIONS.find((each) => each.axis === axis && each !== seen);
  if (seen === undefined || opposite === undefined) return undefined;
  if (!balance.allows('relChooser', seen.answer, opposite.answer)) return undefined;
  const choice = axis === 'centerX' ? 'to the left or to the right of' : 'above or below';
  const fact = relationFact(axis, a, b);
  return {
    sentence: `Is the ${a.name} ${choice} the ${b.name}?`,
    answer: seen.answer,
    structural: 'choose',
    semantic: 'rel',
    detailed: 'relChooser',
    globalGroup: axis === 'centerX' ? 'side' : 'height',
    localGroup: `relChooser-${a.noun}_${b.noun}`,
    steps: followedBy(b.steps, [
      'choose rel',
      `${a.name},${choice.replace(' or ', '|')},s (${scene.objects.indexOf(a.object)})`,
    ]),
    meaning: `choose ${axis}|${a.name}|${b.name}`,
    needs: [fact],
    establishes: [fact],
  };
};

/** "Are most of the objects small or large?", about the picture as a whole. */
export const chooseSizeOfMost: GqaTemplate = ({ scene, balance, random }) => {
  const numLarge = scene.objects.filter((each) => each.size === 'large').length;
  const numSmall = scene.objects.length - numLarge;
  if (numLarge === numSmall) return undefined;
  const [answer, other] = numLarge > numSmall ? ['large', 'small'] : ['small', 'large'];
  if (!balance.allows('globalChoose', answer as string, other as string)) return undefined;
  const choice = random.pick(['small or large', 'large or small']);
  return {
    sentence: `Are most of the objects ${choice}?`,
    answer: answer as string,
    structural: 'choose',
    semantic: 'global',
    detailed: 'globalChoose',
    globalGroup: 'size',
    localGroup: 'globalChoose-size',
    steps: followedBy(
      [{ operation: 'select', dependencies: [], argument: 'scene' }],
      ['choose size', choice.replace(' or ', '|')],
    ),
    meaning: 'choose size of most',
    needs: ['size of most'],
    establishes: ['size of most'],
  };
};
