/**
 * @file Answers the sample world's sentences from the description of a scene alone, in a way of its own: it reads the
 * words, and knows nothing of how they were chosen. Undefined means that the sentence has no clear answer there.
 */

/** What is read of an object. */
export interface Thing {
  readonly color: string;
  readonly shape: string;
  readonly size: string;
  readonly centerX: number;
  readonly centerY: number;
}

export interface Place {
  readonly width: number;
  readonly height: number;
  readonly objects: readonly Thing[];
}

const RELATION = / (to the left of|to the right of|above|below) the /;
const SIZES = ['small', 'large'];
const COLORS = ['red', 'green', 'blue', 'yellow', 'purple', 'orange', 'white', 'black'];
const NUMBERS: Readonly<Record<string, number>> = {
  no: 0,
  none: 0,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
};

/** How far, in shares of the picture, `a` is on the named side of `b`; negative on the other side. */
function reach(place: Place, relation: string, a: Thing, b: Thing): number {
  if (relation === 'to the left of') return (b.centerX - a.centerX) / place.width;
  if (relation === 'to the right of') return (a.centerX - b.centerX) / place.width;
  if (relation === 'above') return (b.centerY - a.centerY) / place.height;
  return (a.centerY - b.centerY) / place.height;
}

/** Under this share of the picture nobody should be asked. */
const CLEAR = 0.12;

/** Every word of "small red circles" holds of the object. */
function fits(object: Thing, words: string): boolean {
  return words.split(' ').every((word) => {
    if (SIZES.includes(word)) return object.size === word;
    if (COLORS.includes(word)) return object.color === word;
    if (/^objects?$/.test(word)) return true;
    return object.shape === word || `${object.shape}s` === word || `${object.shape}es` === word;
  });
}

export function matching(objects: readonly Thing[], words: string): readonly Thing[] {
  return objects.filter((object) => fits(object, words));
}

/** The objects that a phrase without its article fits, relations read from right to left. */
function resolve(place: Place, phrase: string): readonly Thing[] | undefined {
  const match = RELATION.exec(phrase);
  if (match === null) return matching(place.objects, phrase);
  const anchor = only(resolve(place, phrase.slice(match.index + match[0].length)));
  if (anchor === undefined) return undefined;
  const candidates = matching(place.objects, phrase.slice(0, match.index)).filter((each) => each !== anchor);
  const reaches = candidates.map((each) => reach(place, match[1] as string, each, anchor));
  if (reaches.some((each) => Math.abs(each) < CLEAR)) return undefined;
  return candidates.filter((_, i) => (reaches[i] as number) > 0);
}

function only(objects: readonly Thing[] | undefined): Thing | undefined {
  return objects?.length === 1 ? objects[0] : undefined;
}

const yesOrNo = (isTrue: boolean): string => (isTrue ? 'yes' : 'no');

/** The answer to a GQA-style question; throws for a sentence that it cannot read. */
export function answerFrom(place: Place, question: string): string | undefined {
  const one = (phrase: string): Thing | undefined => only(resolve(place, phrase));
  const isThere = (words: string): boolean => matching(place.objects, words.replace(/^an? /, '')).length > 0;
  const text = question.replace(/\?$/, '');
  const ways: readonly (readonly [RegExp, (...parts: string[]) => string | undefined])[] = [
    [/^What color is the (.+)$/, (name) => one(name)?.color],
    [/^What is the color of the (.+)$/, (name) => one(name)?.color],
    [/^What shape is the (.+)$/, (name) => one(name)?.shape],
    [/^What is the shape of the (.+)$/, (name) => one(name)?.shape],
    [/^What is bigger, the (.+) or the (.+)$/, (a, b) => larger(one(a), one(b), a)],
    [/^Which is larger, the (.+) or the (.+)$/, (a, b) => larger(one(a), one(b), a)],
    [/^What(?: shape)? is ((?:to the|above|below) .+)$/, (where) => one(`object ${where}`)?.shape],
    [/^Are there both (.+) and (.+)$/, (a, b) => yesOrNo(isThere(a) && isThere(b))],
    [/^Is there either (.+) or (.+)$/, (a, b) => yesOrNo(isThere(a) || isThere(b))],
    [
      /^(?:Is there|Do you see) an? (.+)$/,
      (name) => {
        const found = resolve(place, name);
        return found === undefined ? undefined : yesOrNo(found.length > 0);
      },
    ],
    [/^Are most of the objects (small or large|large or small)$/, () => most(place.objects)],
    [
      /^Are the (.+) and the (.+) the same color$/,
      (a, b) => compare(one(a), one(b), (x, y) => x.color === y.color),
    ],
    [
      /^Do the (.+) and the (.+) have different colors$/,
      (a, b) => compare(one(a), one(b), (x, y) => x.color !== y.color),
    ],
    [
      /^Are all the (.+) the same (color|shape)$/,
      (name, attribute) => {
        const values = matching(place.objects, name).map((each) => each[attribute as 'color' | 'shape']);
        return values.length < 2 ? undefined : yesOrNo(new Set(values).size === 1);
      },
    ],
    [
      /^Is the (.+) (?:to the left or to the right of|above or below) the (.+)$/,
      (a, b) => {
        const relations = text.includes(' above or below ')
          ? ['above', 'below']
          : ['to the left of', 'to the right of'];
        const answers = text.includes(' above or below ') ? relations : ['left', 'right'];
        const [x, y] = [one(a), one(b)];
        if (x === undefined || y === undefined || x === y) return undefined;
        const distance = reach(place, relations[0] as string, x, y);
        return Math.abs(distance) < CLEAR ? undefined : answers[distance > 0 ? 0 : 1];
      },
    ],
    [
      /^Is the (.+) an? (\w+) or an? (\w+)$/,
      (name, a, b) => [a, b].find((each) => each === one(name)?.shape),
    ],
    [/^Is the (.+) (\w+) or (\w+)$/, (name, a, b) => [a, b].find((each) => each === one(name)?.color)],
    [
      /^Is the (.+) (\w+) and (\w+)$/,
      (name, a, b) => {
        const object = one(name);
        return object === undefined ? undefined : yesOrNo(fits(object, `${a} ${b}`));
      },
    ],
    [
      /^Is the (.+) (\w+)$/,
      (name, last) => {
        if (COLORS.includes(last)) {
          const object = one(name);
          return object === undefined ? undefined : yesOrNo(object.color === last);
        }
        // "Is the red object above the star": the relation is what is asked.
        const match = RELATION.exec(` ${name} ${last}`);
        if (match === null) throw new Error(`Nobody taught this reader: ${question}`);
        const whole = `${name} ${last}`;
        const [x, y] = [
          one(whole.slice(0, match.index - 1)),
          one(whole.slice(match.index - 1 + match[0].length)),
        ];
        if (x === undefined || y === undefined || x === y) return undefined;
        const distance = reach(place, match[1] as string, x, y);
        return Math.abs(distance) < CLEAR ? undefined : yesOrNo(distance > 0);
      },
    ],
  ];
  for (const [pattern, read] of ways) {
    const match = pattern.exec(text);
    if (match !== null) return read(...match.slice(1));
  }
  throw new Error(`Nobody taught this reader: ${question}`);
}

function larger(a: Thing | undefined, b: Thing | undefined, name: string): string | undefined {
  if (a === undefined || b === undefined || a.size === b.size) return undefined;
  const winner = a.size === 'large' ? a : b;
  return name.endsWith('object') ? winner.color : winner.shape;
}

function most(objects: readonly Thing[]): string | undefined {
  const balance = objects.reduce((sum, each) => sum + (each.size === 'large' ? 1 : -1), 0);
  return balance === 0 ? undefined : balance > 0 ? 'large' : 'small';
}

function compare(
  a: Thing | undefined,
  b: Thing | undefined,
  holds: (a: Thing, b: Thing) => boolean,
): string | undefined {
  return a === undefined || b === undefined || a === b ? undefined : yesOrNo(holds(a, b));
}

/** Whether an NLVR2-style statement is true of two scenes; throws for a sentence that it cannot read. */
export function isTrueOfPair(left: Place, right: Place, statement: string): boolean {
  const numOf = (side: string, words: string): number =>
    matching((side === 'left' ? left : right).objects, words).length;
  const total = (words: string): number => numOf('left', words) + numOf('right', words);
  const numWith = (words: string): number =>
    Number(numOf('left', words) > 0) + Number(numOf('right', words) > 0);
  const ways: readonly (readonly [RegExp, (...parts: string[]) => boolean])[] = [
    [/^The (left|right) image contains an? (.+)$/, (side, name) => numOf(side, name) > 0],
    [/^There is an? (.+) in the (left|right) image$/, (name, side) => numOf(side, name) > 0],
    [/^Both images contain an? (.+)$/, (name) => numWith(name) === 2],
    [/^There is an? (.+) in each image$/, (name) => numWith(name) === 2],
    [/^At least one of the images contains an? (.+)$/, (name) => numWith(name) >= 1],
    [/^One image has an? (.+) and the other does not$/, (name) => numWith(name) === 1],
    [/^Exactly one of the images contains an? (.+)$/, (name) => numWith(name) === 1],
    [/^Neither image contains an? (.+)$/, (name) => numWith(name) === 0],
    [/^There are no (.+) in the two images$/, (name) => numWith(name) === 0],
    [/^There is exactly one (.+) in total$/, (name) => total(name) === 1],
    [/^There are (\w+) (.+) in total$/, (number, name) => total(name) === NUMBERS[number]],
    [
      /^The (left|right) image has exactly (\w+) (.+)$/,
      (side, number, name) => numOf(side, name) === NUMBERS[number],
    ],
    [
      /^The (left|right) image has more (.+) than the (left|right) image$/,
      (side, name, other) => numOf(side, name) > numOf(other, name),
    ],
    [/^Both images have the same number of (.+)$/, (name) => numOf('left', name) === numOf('right', name)],
  ];
  for (const [pattern, read] of ways) {
    const match = pattern.exec(statement.replace(/\.$/, ''));
    if (match !== null) return read(...match.slice(1));
  }
  throw new Error(`Nobody taught this reader: ${statement}`);
}

/** Whether a caption is true of a scene; throws for a sentence that it cannot read. */
export function isTrueCaption(place: Place, caption: string): boolean {
  const text = `${caption.charAt(0).toLowerCase()}${caption.slice(1).replace(/\.$/, '')}`;
  const numOf = (words: string): number => matching(place.objects, words).length;
  const counted = /^(?:a picture of|there are) (\w+) objects(?: in the picture)?, (\w+) of them (\w+)$/.exec(
    text,
  );
  if (counted !== null) {
    const [, all = '', some = '', size = ''] = counted;
    const number = some === 'all' ? place.objects.length : NUMBERS[some];
    return place.objects.length === NUMBERS[all] && numOf(size) === number;
  }
  const placed = /^an? (.+?)(?: is)? (to the left of|to the right of|above|below) an? (.+)$/.exec(text);
  if (placed !== null) {
    const [, a = '', relation = '', b = ''] = placed;
    return matching(place.objects, a).some((x) =>
      matching(place.objects, b).some((y) => x !== y && reach(place, relation, x, y) >= CLEAR),
    );
  }
  const parts = text.split(/, | and /);
  const numbered = parts.map((part) => /^(\w+) (.+)$/.exec(part));
  if (numbered.every((match) => match !== null && (match[1] as string) in NUMBERS)) {
    return numbered.every((match) => numOf(match?.[2] as string) === NUMBERS[match?.[1] as string]);
  }
  const names = parts.map((part) => /^an? (.+)$/.exec(part)?.[1]);
  if (names.some((name) => name === undefined)) throw new Error(`Nobody taught this reader: ${caption}`);
  // The things named are different things: each must find an object of its own.
  return canAssign(place.objects, names as string[]);
}

function canAssign(objects: readonly Thing[], names: readonly string[]): boolean {
  const [name, ...others] = names;
  if (name === undefined) return true;
  return matching(objects, name).some((found) =>
    canAssign(
      objects.filter((each) => each !== found),
      others,
    ),
  );
}
