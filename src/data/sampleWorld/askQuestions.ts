/** @file Questions about a scene whose answers need the picture. */

import type { Random } from '../../common/random.js';
import { CLEAR_DISTANCE } from './directions.js';
import { article, plural } from './palette.js';
import type { ColorShape, Scene, SceneObject } from './scene.js';

/** What a question asks about; each needs another skill. */
export const QUESTION_KINDS = ['color', 'shape', 'count', 'existence', 'relation', 'comparison'] as const;
export type QuestionKind = (typeof QUESTION_KINDS)[number];

/** A question with its answers and their soft scores, as annotators would give them. */
export interface SampleQuestion {
  readonly kind: QuestionKind;
  readonly sentence: string;
  readonly answerType: 'yes/no' | 'number' | 'other';
  /** Answer and score in (0, 1]; the first is the best. */
  readonly labels: readonly (readonly [string, number])[];
  /** The one object that has to be looked at; absent where the answer needs several, or none. */
  readonly about?: SceneObject;
}

/** The words that questions draw on: what can be asked about although a scene may not hold it. */
export interface Words {
  readonly colors: readonly string[];
  readonly shapes: readonly string[];
  /**
   * The pairs that scenes of this split may show. Only they are asked for: were training to ask for pairs that it
   * never shows, "no" to them could be learnt by heart, and the held-out split would measure that.
   */
  readonly pairs: readonly ColorShape[];
}

type Ask = (scene: Scene, words: Words, random: Random) => SampleQuestion | undefined;

const ASK: Readonly<Record<QuestionKind, Ask>> = {
  color: askColor,
  shape: askShape,
  count: askCount,
  existence: askExistence,
  relation: askRelation,
  comparison: askComparison,
};

/** The largest count that is asked for; scenes with more are asked something else. */
const MAX_COUNT = 4;

/**
 * Up to `numQuestions` different questions about a scene, of `kinds` in turn and about equally many of each. A kind
 * that a scene gives no clear question of (two red objects, so no "the red object") is passed over.
 */
export function askQuestions(
  scene: Scene,
  words: Words,
  kinds: readonly QuestionKind[],
  numQuestions: number,
  random: Random,
): SampleQuestion[] {
  const asked = new Map<string, SampleQuestion>();
  const order = random.shuffle<QuestionKind, QuestionKind[]>([...kinds]);
  const most = Math.ceil(numQuestions / kinds.length);
  const numOfKind = new Map<QuestionKind, number>();
  for (let attempt = 0; asked.size < numQuestions && attempt < 8 * numQuestions; attempt++) {
    const kind = order[attempt % order.length] as QuestionKind;
    const numAsked = numOfKind.get(kind) ?? 0;
    if (numAsked === most) continue;
    const question = ASK[kind](scene, words, random);
    if (question === undefined || asked.has(question.sentence)) continue;
    asked.set(question.sentence, question);
    numOfKind.set(kind, numAsked + 1);
  }
  return [...asked.values()];
}

/** "What color is the ring?" Of two rings the larger one decides; the smaller one's color is half right. */
function askColor(scene: Scene, _words: Words, random: Random): SampleQuestion | undefined {
  const shape = random.pick(scene.objects).shape;
  const found = scene.objects.filter((each) => each.shape === shape).sort((a, b) => b.radius - a.radius);
  const [first, second] = found;
  if (first === undefined || found.length > 2) return undefined;
  if (second !== undefined && first.size === second.size) return undefined;
  const labels: [string, number][] = [[first.color, 1]];
  if (second !== undefined && second.color !== first.color) labels.push([second.color, 0.6]);
  const sentence = random.pick([`What color is the ${shape}?`, `What is the color of the ${shape}?`]);
  return { kind: 'color', sentence, answerType: 'other', labels, about: first };
}

function askShape(scene: Scene, _words: Words, random: Random): SampleQuestion | undefined {
  const object = pickUniqueColor(scene, random);
  if (object === undefined) return undefined;
  const sentence = random.pick([
    `What shape is the ${object.color} object?`,
    `What is the shape of the ${object.color} object?`,
  ]);
  return { kind: 'shape', sentence, answerType: 'other', labels: [[object.shape, 1]], about: object };
}

/** Aims at each count equally often, so that "1" is no safe guess. */
function askCount(scene: Scene, words: Words, random: Random): SampleQuestion | undefined {
  const aim = random.integer(MAX_COUNT + 1);
  const byColor = random.uniform() < 0.5;
  const names = byColor ? words.colors : words.shapes;
  const numOf = (name: string): number =>
    scene.objects.filter((each) => (byColor ? each.color : each.shape) === name).length;
  const fitting = names.filter((name) => numOf(name) === aim);
  // Absent things are plentiful: take them rarely, or most answers would be 0.
  if (fitting.length === 0) return undefined;
  const name = random.pick(fitting);
  const what = byColor ? `${name} objects` : plural(name);
  const sentence = random.pick([`How many ${what} are there?`, `How many ${what} do you see?`]);
  return { kind: 'count', sentence, answerType: 'number', labels: [[String(aim), 1]] };
}

/** "No" is asked of a color and a shape that are both there, on different objects, whenever a scene has such. */
function askExistence(scene: Scene, words: Words, random: Random): SampleQuestion | undefined {
  const isThere = (pair: ColorShape): boolean =>
    scene.objects.some((each) => each.color === pair.color && each.shape === pair.shape);
  const isHalfThere = (pair: ColorShape): boolean =>
    scene.objects.some((each) => each.color === pair.color) &&
    scene.objects.some((each) => each.shape === pair.shape);
  const answer = random.uniform() < 0.5 ? 'yes' : 'no';
  const absent = words.pairs.filter((pair) => !isThere(pair));
  const confusing = absent.filter(isHalfThere);
  const candidates =
    answer === 'yes' ? scene.objects : confusing.length > 0 && random.uniform() < 0.7 ? confusing : absent;
  if (candidates.length === 0) return undefined;
  const { color, shape } = random.pick<ColorShape>(candidates);
  const thing = `${color} ${shape}`;
  const sentence = random.pick([
    `Is there ${article(color)} ${thing}?`,
    `Do you see ${article(color)} ${thing}?`,
  ]);
  return { kind: 'existence', sentence, answerType: 'yes/no', labels: [[answer, 1]] };
}

/** Two directions of each axis: where the first object lies when its coordinate is the smaller one, else. */
const AXES = [
  {
    axis: 'centerX',
    side: 'width',
    before: 'left',
    after: 'right',
    sentence: 'to the left or to the right of',
    ends: ['farthest to the left', 'farthest to the right'],
  },
  {
    axis: 'centerY',
    side: 'height',
    before: 'above',
    after: 'below',
    sentence: 'above or below',
    ends: ['at the top', 'at the bottom'],
  },
] as const;

function askRelation(scene: Scene, _words: Words, random: Random): SampleQuestion | undefined {
  return random.uniform() < 0.5 ? askOutermost(scene, random) : askSide(scene, random);
}

/** "What color is the object farthest to the left?" */
function askOutermost(scene: Scene, random: Random): SampleQuestion | undefined {
  const { axis, side, ends } = random.pick(AXES);
  const last = random.integer(2);
  const direction = last === 0 ? 1 : -1;
  const [first, second] = [...scene.objects].sort((a, b) => direction * (a[axis] - b[axis]));
  if (first === undefined || second === undefined) return undefined;
  if (Math.abs(first[axis] - second[axis]) < CLEAR_DISTANCE * scene[side]) return undefined;
  return {
    kind: 'relation',
    sentence: `What color is the object ${ends[last]}?`,
    answerType: 'other',
    labels: [[first.color, 1]],
    about: first,
  };
}

function askSide(scene: Scene, random: Random): SampleQuestion | undefined {
  const pair = pickTwoUniqueColors(scene, random);
  if (pair === undefined) return undefined;
  const [a, b] = pair;
  const { axis, side, before, after, sentence: relation } = random.pick(AXES);
  const distance = a[axis] - b[axis];
  if (Math.abs(distance) < CLEAR_DISTANCE * scene[side]) return undefined;
  return {
    kind: 'relation',
    sentence: `Is the ${a.color} object ${relation} the ${b.color} object?`,
    answerType: 'other',
    labels: [[distance < 0 ? before : after, 1]],
  };
}

function askComparison(scene: Scene, words: Words, random: Random): SampleQuestion | undefined {
  return random.uniform() < 0.5 ? askWhichIsLarger(scene, random) : askWhichAreMore(scene, words, random);
}

function askWhichIsLarger(scene: Scene, random: Random): SampleQuestion | undefined {
  const pair = pickTwoUniqueColors(scene, random);
  if (pair === undefined) return undefined;
  const [a, b] = pair;
  if (a.size === b.size) return undefined;
  const objects = `the ${a.color} object or the ${b.color} object`;
  const larger = a.size === 'large' ? a : b;
  return {
    kind: 'comparison',
    sentence: random.pick([`Which is larger, ${objects}?`, `What is bigger, ${objects}?`]),
    answerType: 'other',
    labels: [[larger.color, 1]],
  };
}

/** "Yes" and "no" equally often; "no" of as many as well as of fewer. */
function askWhichAreMore(scene: Scene, words: Words, random: Random): SampleQuestion | undefined {
  const byColor = random.uniform() < 0.5;
  const names = byColor ? words.colors : words.shapes;
  const numOf = (name: string): number =>
    scene.objects.filter((each) => (byColor ? each.color : each.shape) === name).length;
  const answer = random.uniform() < 0.5 ? 'yes' : 'no';
  const a = random.pick(names);
  const b = random.pick(names);
  // Of things that are both absent nobody would ask.
  if (a === b || numOf(a) + numOf(b) === 0 || numOf(a) > numOf(b) !== (answer === 'yes')) return undefined;
  const say = (name: string): string => (byColor ? `${name} objects` : plural(name));
  return {
    kind: 'comparison',
    sentence: `Are there more ${say(a)} than ${say(b)}?`,
    answerType: 'yes/no',
    labels: [[answer, 1]],
  };
}

function uniqueColors(scene: Scene): SceneObject[] {
  return scene.objects.filter((each) =>
    scene.objects.every((other) => other === each || other.color !== each.color),
  );
}

function pickUniqueColor(scene: Scene, random: Random): SceneObject | undefined {
  const objects = uniqueColors(scene);
  return objects.length === 0 ? undefined : random.pick(objects);
}

function pickTwoUniqueColors(scene: Scene, random: Random): [SceneObject, SceneObject] | undefined {
  const [a, b] = random.shuffle<SceneObject, SceneObject[]>(uniqueColors(scene));
  return a === undefined || b === undefined ? undefined : [a, b];
}
