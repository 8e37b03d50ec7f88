/** @file Questions that a statement about one thing is true of the picture: yes or no. */

import { DIRECTIONS, directionFrom, objectsTowards } from '../directions.js';
import { article } from '../palette.js';
import {
  drawYesOrNo,
  existenceFact,
  type GqaContext,
  type GqaTemplate,
  type SampleGqaQuestion,
} from './gqaQuestion.js';
import { existenceSteps, followedBy } from './program.js';
import { knownWith, type Reference } from './references.js';

/** How often a wrong color is taken from another object of the scene, where it misleads. */
const MISLEADING_SHARE = 0.7;

/** "Is the circle red?" */
export const verifyColor: GqaTemplate = (context) => askWhetherColor(context, context.simple, 'verifyAttr');

/** "Is the object to the left of the circle red?" */
export const verifyColorByRelation: GqaTemplate = (context) =>
  askWhetherColor(context, context.related, 'verifyAttrC');

function askWhetherColor(
  context: GqaContext,
  references: readonly Reference[],
  detailed: string,
): SampleGqaQuestion | undefined {
  const { random } = context;
  const candidates = references.filter((each) => !each.says.has('color'));
  const answer = drawYesOrNo(context, detailed);
  if (candidates.length === 0 || answer === undefined) return undefined;
  const reference = random.pick(candidates);
  const color = answer === 'yes' ? reference.object.color : wrongColor(context, reference.object.color);
  if (color === undefined) return undefined;
  const { name } = reference;
  const own = `color|${name}=${color}`;
  return {
    sentence: `Is the ${name} ${color}?`,
    answer,
    structural: 'verify',
    semantic: 'attr',
    detailed,
    globalGroup: null,
    localGroup: `${detailed}-${reference.noun}_${color}`,
    steps: followedBy(reference.steps, ['verify color', color]),
    meaning: `verify ${own}`,
    needs: [`color|${name}`, own],
    establishes: answer === 'yes' ? [own, ...knownWith(reference, ['color'])] : [own],
  };
}

/** A color that an object has not, mostly one that another object has. */
export function wrongColor({ scene, words, random }: GqaContext, right: string): string | undefined {
  const present = scene.objects.map((each) => each.color).filter((color) => color !== right);
  const absent = words.colors.filter((color) => color !== right);
  if (absent.length === 0) return undefined;
  return random.pick(present.length > 0 && random.uniform() < MISLEADING_SHARE ? present : absent);
}

/** "Is there a red circle?"; "no" mostly where both a red thing and a circle are there. */
export const verifyExistence: GqaTemplate = (context) => {
  const { scene, random } = context;
  const answer = drawYesOrNo(context, 'existAttr');
  const pair = answer === undefined ? undefined : pairForAnswer(context, answer === 'yes');
  if (answer === undefined || pair === undefined) return undefined;
  const { color, shape } = pair;
  const thing = `${article(color)} ${color} ${shape}`;
  const fact = existenceFact(color, shape);
  return {
    sentence: random.pick([`Is there ${thing}?`, `Do you see ${thing}?`]),
    answer,
    structural: 'verify',
    semantic: 'obj',
    detailed: 'existAttr',
    globalGroup: null,
    localGroup: `existAttr-${shape}_${color}`,
    steps: existenceSteps(scene, color, shape),
    meaning: `verify ${fact}`,
    needs: [fact],
    establishes: [fact],
  };
};

/** A pair that the scene shows, or one that it does not show but could. */
export function pairForAnswer(
  { scene, words, random }: GqaContext,
  isThere: boolean,
): { readonly color: string; readonly shape: string } | undefined {
  if (isThere) return random.pick(scene.objects);
  const colors = new Set(scene.objects.map((each) => each.color));
  const shapes = new Set<string>(scene.objects.map((each) => each.shape));
  const absent = words.pairs.filter(
    ({ color, shape }) => !scene.objects.some((each) => each.color === color && each.shape === shape),
  );
  const misleading = absent.filter(({ color, shape }) => colors.has(color) && shapes.has(shape));
  const candidates = misleading.length > 0 && random.uniform() < MISLEADING_SHARE ? misleading : absent;
  return candidates.length === 0 ? undefined : random.pick(candidates);
}

/** "Is the red object above the star?" */
export const verifyRelation: GqaTemplate = (context) => {
  const { scene, simple, random } = context;
  const answer = drawYesOrNo(context, 'relVerify');
  if (simple.length === 0 || answer === undefined) return undefined;
  const [a, b] = [random.pick(simple), random.pick(simple)];
  const asked = random.pick(DIRECTIONS);
  const seen = a.object === b.object ? undefined : directionFrom(scene, asked.axis, a.object, b.object);
  if (seen === undefined || (seen === asked) !== (answer === 'yes')) return undefined;
  const fact = relationFact(asked.axis, a, b);
  return {
    sentence: `Is the ${a.name} ${asked.phrase} the ${b.name}?`,
    answer,
    structural: 'verify',
    semantic: 'rel',
    detailed: 'relVerify',
    globalGroup: null,
    localGroup: `relVerify-${a.noun}_${b.noun}`,
    steps: followedBy(b.steps, [
      'verify rel',
      `${a.name},${asked.phrase},s (${scene.objects.indexOf(a.object)})`,
    ]),
    meaning: `verify ${asked.answer}|${a.name}|${b.name}`,
    needs: [fact],
    establishes: [fact],
  };
};

/** Who lies where of two objects along an axis; the same whichever is named first. */
export function relationFact(axis: string, a: Reference, b: Reference): string {
  return `${axis}|${[a.name, b.name].sort().join('|')}`;
}

/** "Is there a star above the red object?"; "no" mostly where a star is elsewhere. */
export const verifyRelatedExistence: GqaTemplate = (context) => {
  const { scene, words, simple, random } = context;
  const answer = drawYesOrNo(context, 'existRel');
  if (simple.length === 0 || answer === undefined) return undefined;
  const anchor = random.pick(simple);
  const direction = random.pick(DIRECTIONS);
  const present = scene.objects.filter((each) => each !== anchor.object).map((each) => each.shape);
  const shape: string =
    present.length > 0 && random.uniform() < MISLEADING_SHARE
      ? random.pick(present)
      : random.pick(words.shapes);
  // Where "the circle" is the only circle, "a circle above the circle" could only be answered "no".
  if (shape === anchor.name) return undefined;
  const candidates = scene.objects.filter((each) => each.shape === shape);
  const found = objectsTowards(scene, direction, anchor.object, candidates);
  if (found === undefined || found.length > 0 !== (answer === 'yes')) return undefined;
  const fact = `exists|${shape} ${direction.phrase} ${anchor.name}`;
  const [object] = found;
  return {
    sentence: `Is there a ${shape} ${direction.phrase} the ${anchor.name}?`,
    answer,
    structural: 'verify',
    semantic: 'rel',
    detailed: 'existRel',
    globalGroup: null,
    localGroup: `existRel-${anchor.noun}_${shape}`,
    steps: followedBy(
      anchor.steps,
      [
        'relate',
        `${shape},${direction.phrase},s (${object === undefined ? '-' : scene.objects.indexOf(object)})`,
      ],
      ['exist', '?'],
    ),
    meaning: `verify ${fact}`,
    needs: [fact],
    establishes: [fact],
  };
};
