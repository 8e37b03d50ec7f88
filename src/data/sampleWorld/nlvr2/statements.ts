/** @file Statements about two pictures, with a judge of each. */

import type { Random } from '../../../common/random.js';
import type { Words } from '../askQuestions.js';
import { article, plural, SAMPLE_SIZES } from '../palette.js';
import type { Appearance } from './scenePool.js';

/** What a judge says of a pair of pictures. */
export interface Judgement {
  readonly isTrue: boolean;
  /**
   * Why: the ways in which a statement can be true or false ("neither has one", "both have one"). Each is wanted about
   * equally often, or most false statements would be false for want of the thing.
   */
  readonly situation: string;
}

export interface Statement {
  readonly kind: StatementKind;
  readonly sentence: string;
  judge(left: readonly Appearance[], right: readonly Appearance[]): Judgement;
}

export const STATEMENT_KINDS = [
  'one side',
  'both',
  'either',
  'exactly one',
  'neither',
  'total',
  'count on one side',
  'more on one side',
  'equally many',
] as const;
export type StatementKind = (typeof STATEMENT_KINDS)[number];

/** Something that can be counted: "red square", "blue object", "circle", or any object. */
interface Thing {
  readonly singular: string;
  readonly plural: string;
  readonly article: string;
  isOne(appearance: Appearance): boolean;
}

const NUMBER_WORDS = ['zero', 'one', 'two', 'three', 'four'] as const;
/** Totals above are rare and hard to count. */
const MAX_TOTAL = 4;

/** A statement of a kind about a thing drawn at random. */
export function drawStatement(kind: StatementKind, words: Words, random: Random): Statement {
  return { kind, ...DRAW[kind](words, random) };
}

type Draw = (words: Words, random: Random) => Omit<Statement, 'kind'>;

const DRAW: Readonly<Record<StatementKind, Draw>> = {
  'one side': (words, random) => {
    const thing = drawThing(words, random);
    const side = random.pick(['left', 'right'] as const);
    const sentence = random.pick([
      `The ${side} image contains ${thing.article} ${thing.singular}.`,
      `There is ${thing.article} ${thing.singular} in the ${side} image.`,
    ]);
    return { sentence, judge: byPresence(thing, (left, right) => (side === 'left' ? left : right)) };
  },
  both: (words, random) => {
    const thing = drawThing(words, random);
    const sentence = random.pick([
      `Both images contain ${thing.article} ${thing.singular}.`,
      `There is ${thing.article} ${thing.singular} in each image.`,
    ]);
    return { sentence, judge: byPresence(thing, (left, right) => left && right) };
  },
  either: (words, random) => {
    const thing = drawThing(words, random);
    const sentence = `At least one of the images contains ${thing.article} ${thing.singular}.`;
    return { sentence, judge: byPresence(thing, (left, right) => left || right) };
  },
  'exactly one': (words, random) => {
    const thing = drawThing(words, random);
    const sentence = random.pick([
      `One image has ${thing.article} ${thing.singular} and the other does not.`,
      `Exactly one of the images contains ${thing.article} ${thing.singular}.`,
    ]);
    return { sentence, judge: byPresence(thing, (left, right) => left !== right) };
  },
  neither: (words, random) => {
    const thing = drawThing(words, random);
    const sentence = random.pick([
      `Neither image contains ${thing.article} ${thing.singular}.`,
      `There are no ${thing.plural} in the two images.`,
    ]);
    return { sentence, judge: byPresence(thing, (left, right) => !left && !right) };
  },
  total: (words, random) => {
    const thing = drawThing(words, random);
    const number = 1 + random.integer(MAX_TOTAL);
    const sentence =
      number === 1
        ? `There is exactly one ${thing.singular} in total.`
        : `There are ${NUMBER_WORDS[number]} ${thing.plural} in total.`;
    return { sentence, judge: byCount(thing, (left, right) => left + right, number) };
  },
  'count on one side': (words, random) => {
    const side = random.pick(['left', 'right'] as const);
    // Of all objects there are two at least; of a kind, more than three are rare.
    const isAny = random.uniform() < 0.5;
    const thing = isAny ? ANY_OBJECT : drawThing(words, random);
    const number = (isAny ? 2 : 1) + random.integer(3);
    const noun = number === 1 ? thing.singular : thing.plural;
    const sentence = `The ${side} image has exactly ${NUMBER_WORDS[number]} ${noun}.`;
    return { sentence, judge: byCount(thing, (left, right) => (side === 'left' ? left : right), number) };
  },
  'more on one side': (words, random) => {
    const thing = random.uniform() < 0.5 ? ANY_OBJECT : drawThing(words, random);
    const [side, other] = random.pick([
      ['left', 'right'],
      ['right', 'left'],
    ] as const);
    const sentence = `The ${side} image has more ${thing.plural} than the ${other} image.`;
    const judge: Statement['judge'] = (left, right) => {
      const difference = (countOf(thing, left) - countOf(thing, right)) * (side === 'left' ? 1 : -1);
      return { isTrue: difference > 0, situation: sizeOf(difference) };
    };
    return { sentence, judge };
  },
  'equally many': (words, random) => {
    const thing = random.uniform() < 0.5 ? ANY_OBJECT : drawThing(words, random);
    const sentence = `Both images have the same number of ${thing.plural}.`;
    const judge: Statement['judge'] = (left, right) => {
      const difference = countOf(thing, left) - countOf(thing, right);
      // "As many" of none at all is seldom what is meant: a situation of its own, so that it stays the exception.
      const isNone = difference === 0 && countOf(thing, left) === 0;
      return { isTrue: difference === 0, situation: isNone ? 'none' : sizeOf(difference) };
    };
    return { sentence, judge };
  },
};

const ANY_OBJECT: Thing = { singular: 'object', plural: 'objects', article: 'an', isOne: () => true };

/** A color with a shape, a color, a shape, or a size. */
function drawThing(words: Words, random: Random): Thing {
  const kind = random.integer(7);
  if (kind < 2) {
    const { color, shape } = random.pick(words.pairs);
    return thingOf(color, shape, (appearance) => appearance.color === color && appearance.shape === shape);
  }
  if (kind < 4) {
    const color = random.pick(words.colors);
    return thingOf(color, 'object', (appearance) => appearance.color === color);
  }
  if (kind < 6) {
    const shape = random.pick(words.shapes);
    return thingOf('', shape, (appearance) => appearance.shape === shape);
  }
  const size = random.pick(SAMPLE_SIZES);
  return thingOf(size, 'object', (appearance) => appearance.size === size);
}

function thingOf(adjective: string, noun: string, isOne: Thing['isOne']): Thing {
  const singular = adjective === '' ? noun : `${adjective} ${noun}`;
  return {
    singular,
    plural: adjective === '' ? plural(noun) : `${adjective} ${plural(noun)}`,
    article: article(singular),
    isOne,
  };
}

function countOf(thing: Thing, appearances: readonly Appearance[]): number {
  return appearances.filter((appearance) => thing.isOne(appearance)).length;
}

function byPresence(thing: Thing, rule: (left: boolean, right: boolean) => boolean): Statement['judge'] {
  return (left, right) => {
    const [isLeft, isRight] = [countOf(thing, left) > 0, countOf(thing, right) > 0];
    return { isTrue: rule(isLeft, isRight), situation: `${isLeft} ${isRight}` };
  };
}

function byCount(
  thing: Thing,
  rule: (left: number, right: number) => number,
  wanted: number,
): Statement['judge'] {
  return (left, right) => {
    const number = rule(countOf(thing, left), countOf(thing, right));
    return { isTrue: number === wanted, situation: sizeOf(number - wanted) };
  };
}

/** Near misses are told from far ones. */
function sizeOf(difference: number): string {
  return String(Math.max(-2, Math.min(2, difference)));
}
