/** @file Questions that hold objects against each other. */

import { plural } from '../palette.js';
import { drawYesOrNo, type GqaContext, type GqaTemplate, type SampleGqaQuestion } from './gqaQuestion.js';
import { followedBy, joined } from './program.js';
import type { Reference } from './references.js';

/** "Are the circle and the square the same color?" */
export const isSameColor: GqaTemplate = (context) => askSame(context, 'twoSame');

/** "Do the circle and the square have different colors?" */
export const isDifferentColor: GqaTemplate = (context) => askSame(context, 'twoDifferent');

function askSame(context: GqaContext, detailed: 'twoSame' | 'twoDifferent'): SampleGqaQuestion | undefined {
  const pair = pickTwo(context, (each) => !each.says.has('color'));
  const answer = drawYesOrNo(context, detailed);
  if (pair === undefined || answer === undefined) return undefined;
  const [a, b] = pair;
  const isSame = a.object.color === b.object.color;
  if ((isSame === (detailed === 'twoSame')) !== (answer === 'yes')) return undefined;
  const fact = `same color|${[a.name, b.name].sort().join('|')}`;
  return {
    sentence:
      detailed === 'twoSame'
        ? `Are the ${a.name} and the ${b.name} the same color?`
        : `Do the ${a.name} and the ${b.name} have different colors?`,
    answer,
    structural: 'compare',
    semantic: 'attr',
    detailed,
    globalGroup: null,
    localGroup: `${detailed}-${[a.noun, b.noun].sort().join('_')}_color`,
    steps: joined(a.steps, b.steps, detailed === 'twoSame' ? 'same color' : 'different color', ''),
    meaning: `${detailed} ${fact}`,
    needs: [fact],
    establishes: [fact],
  };
}

/** "Which is larger, the circle or the square?" The answer is the word that tells the two apart. */
export const isLarger: GqaTemplate = (context) => {
  const by = context.random.pick(['shape', 'color'] as const);
  const pair = pickTwo(context, (each) => each.says.size === 1 && each.says.has(by));
  if (pair === undefined) return undefined;
  const [a, b] = pair;
  if (a.object.size === b.object.size) return undefined;
  const larger = a.object.size === 'large' ? a : b;
  const fact = `larger|${[a.name, b.name].sort().join('|')}`;
  const { random } = context;
  return {
    sentence: random.pick([
      `Which is larger, the ${a.name} or the ${b.name}?`,
      `What is bigger, the ${a.name} or the ${b.name}?`,
    ]),
    answer: larger.object[by],
    structural: 'compare',
    semantic: 'attr',
    detailed: 'comparativeChoose',
    globalGroup: by,
    localGroup: `comparativeChoose-${by}`,
    steps: joined(a.steps, b.steps, 'choose larger', ''),
    meaning: fact,
    needs: [fact],
    establishes: [fact],
  };
};

/** "Are all the circles the same color?", "Are all the red objects the same shape?" of two or more. */
export const areAllSame: GqaTemplate = (context) => {
  const { scene, random } = context;
  const answer = drawYesOrNo(context, 'allSame');
  const [by, asked] = random.pick([
    ['shape', 'color'],
    ['color', 'shape'],
  ] as const);
  const value = random.pick(scene.objects)[by];
  const objects = scene.objects.filter((each) => each[by] === value);
  const isSame = objects.every((each) => each[asked] === objects[0]?.[asked]);
  if (answer === undefined || objects.length < 2 || isSame !== (answer === 'yes')) return undefined;
  const name = by === 'shape' ? plural(value) : `${value} objects`;
  const indices = objects.map((each) => scene.objects.indexOf(each)).join(',');
  const select = {
    operation: 'select',
    dependencies: [],
    argument: `${by === 'shape' ? value : 'object'} (${indices})`,
  };
  const fact = `all same ${asked}|${name}`;
  return {
    sentence: `Are all the ${name} the same ${asked}?`,
    answer,
    structural: 'compare',
    semantic: asked === 'shape' ? 'cat' : 'attr',
    detailed: 'allSame',
    globalGroup: null,
    localGroup: `allSame-${value}_${asked}`,
    steps: followedBy(by === 'color' ? followedBy([select], ['filter color', value]) : [select], [
      `same ${asked}`,
      '',
    ]),
    meaning: fact,
    needs: [fact],
    establishes: [fact],
  };
};

/** Two names of two objects. */
function pickTwo(
  { simple, random }: GqaContext,
  isFit: (reference: Reference) => boolean,
): [Reference, Reference] | undefined {
  const candidates = simple.filter(isFit);
  if (candidates.length < 2) return undefined;
  const [a, b] = [random.pick(candidates), random.pick(candidates)];
  return a.object === b.object ? undefined : [a, b];
}
