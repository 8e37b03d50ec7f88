/** @file Questions that join two statements with "and" or "or". */

import { article } from '../palette.js';
import {
  drawYesOrNo,
  existenceFact,
  type GqaContext,
  type GqaTemplate,
  type SampleGqaQuestion,
} from './gqaQuestion.js';
import { existenceSteps, followedBy, joined } from './program.js';
import { knownWith } from './references.js';
import { pairForAnswer, wrongColor } from './verifyTemplates.js';

/** "Are there both a red circle and a blue square?"; "no" where one of them is there. */
export const bothExist: GqaTemplate = (context) => {
  const answer = drawYesOrNo(context, 'existAnd');
  return answer === undefined ? undefined : askAboutTwo(context, 'and', answer, [true, answer === 'yes']);
};

/** "Is there either a red circle or a blue square?"; "yes" where one of them is there. */
export const eitherExists: GqaTemplate = (context) => {
  const answer = drawYesOrNo(context, 'existOr');
  return answer === undefined ? undefined : askAboutTwo(context, 'or', answer, [answer === 'yes', false]);
};

function askAboutTwo(
  context: GqaContext,
  operation: 'and' | 'or',
  answer: 'yes' | 'no',
  areThere: readonly [boolean, boolean],
): SampleGqaQuestion | undefined {
  const { scene, random } = context;
  // Either order, so that the place in the sentence tells nothing.
  const order = random.uniform() < 0.5 ? areThere : ([areThere[1], areThere[0]] as const);
  const [a, b] = [pairForAnswer(context, order[0]), pairForAnswer(context, order[1])];
  if (a === undefined || b === undefined || (a.color === b.color && a.shape === b.shape)) return undefined;
  const say = (pair: typeof a): string => `${article(pair.color)} ${pair.color} ${pair.shape}`;
  const facts = [existenceFact(a.color, a.shape), existenceFact(b.color, b.shape)];
  const own = `${operation}|${[...facts].sort().join('|')}`;
  const detailed = operation === 'and' ? 'existAnd' : 'existOr';
  // "Both" and "neither" settle the parts; "one of them" does not say which.
  const areBothKnown = (operation === 'and') === (answer === 'yes');
  return {
    sentence:
      operation === 'and'
        ? `Are there both ${say(a)} and ${say(b)}?`
        : `Is there either ${say(a)} or ${say(b)}?`,
    answer,
    structural: 'logical',
    semantic: 'obj',
    detailed,
    globalGroup: null,
    localGroup: `${detailed}-${[a.shape, b.shape].sort().join('_')}`,
    steps: joined(
      existenceSteps(scene, a.color, a.shape),
      existenceSteps(scene, b.color, b.shape),
      operation,
      '',
    ),
    meaning: own,
    needs: [own],
    establishes: areBothKnown ? [own, ...facts] : [own],
  };
}

/** "Is the circle red and large?"; "no" where either is wrong. */
export const hasBothAttributes: GqaTemplate = (context) => {
  const { simple, random } = context;
  const candidates = simple.filter((each) => !each.says.has('color') && !each.says.has('size'));
  const answer = drawYesOrNo(context, 'verifyAttrAnd');
  if (candidates.length === 0 || answer === undefined) return undefined;
  const reference = random.pick(candidates);
  const { name, object } = reference;
  const isColorWrong = answer === 'no' && random.uniform() < 0.5;
  const isSizeWrong = answer === 'no' && !isColorWrong;
  const color = isColorWrong ? wrongColor(context, object.color) : object.color;
  if (color === undefined) return undefined;
  const size = isSizeWrong === (object.size === 'large') ? 'small' : 'large';
  const own = `and|${name}|${color} ${size}`;
  return {
    sentence: `Is the ${name} ${random.pick([`${color} and ${size}`, `${size} and ${color}`])}?`,
    answer,
    structural: 'logical',
    semantic: 'attr',
    detailed: 'verifyAttrAnd',
    globalGroup: null,
    localGroup: `verifyAttrAnd-${reference.noun}_${color}_${size}`,
    steps: joined(
      followedBy(reference.steps, ['verify color', color]),
      followedBy(reference.steps, ['verify size', size]),
      'and',
      '',
    ),
    meaning: own,
    needs: [own],
    establishes:
      answer === 'yes' ? [own, `color|${name}=${color}`, ...knownWith(reference, ['color', 'size'])] : [own],
  };
};
