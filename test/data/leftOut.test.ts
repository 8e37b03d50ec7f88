import { describe, expect, it } from 'vitest';
import { LeftOut } from '../../src/data/leftOut.js';

/** An account of examples about `asked`, of which those in `known` have features. */
function account(asked: readonly string[], known: readonly string[]): LeftOut {
  const ids = new Set(known);
  const leftOut = new LeftOut({ has: (id) => ids.has(id), imageIds: ids }, "'q.json'");
  for (const id of asked) leftOut.keeps({ imageIds: [id] });
  return leftOut;
}

function refusal(leftOut: LeftOut, maxShare: number): string {
  try {
    leftOut.check(maxShare);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

const images = (count: number): string[] => Array.from({ length: count }, (_, i) => `picture_${i}`);

describe('examples that are left out', () => {
  it('are counted and named, beside an image that has features', () => {
    const leftOut = account([...images(95), 'x', 'y', 'z', 'z', 'w'], images(95));
    expect(leftOut.counts).toEqual({ numWithoutImage: 5, firstWithoutImage: ['x', 'y', 'z'] });
    expect(leftOut.notice).toBe(
      "5 of 100 examples (5.0 %) of 'q.json' left out: their images have no features here ('x', 'y', 'z' ...). " +
        "There are features of 95 images, such as 'picture_0'.",
    );
  });

  it('stop a run beyond the limit, and not at it', () => {
    const leftOut = account([...images(95), 'x', 'y', 'z', 'z', 'w'], images(95));
    expect(refusal(leftOut, 0.05)).toBe('');
    expect(refusal(leftOut, 0.04)).toBe(
      "5 of 100 examples (5.0 %) of 'q.json' are about images without features here, where at most 4 % may be left out: " +
        "'x', 'y', 'z' .... There are features of 95 images, such as 'picture_0'. Check that --features names the features " +
        'of these images. --max-left-out all (in JavaScript: maxLeftOut) goes on without them.',
    );
    expect(refusal(leftOut, 0)).toContain('where none may be left out');
  });

  it('stop a run whatever the limit when nothing is left, and are no matter when there are none', () => {
    expect(refusal(account(['x', 'y'], ['a']), 1)).toMatch(
      /^None of the 2 examples of 'q\.json'.*'x', 'y'\..*'a'/,
    );
    const whole = account(images(3), images(3));
    expect([refusal(whole, 0), whole.notice]).toEqual(['', undefined]);
  });

  it.each([
    ['262148', 'COCO_val2014_000000262148', "'262148' only by COCO's prefix and zeros"],
    ['000000262148', 'COCO_val2014_000000262148', "COCO's prefix and zeros"],
    ['COCO_val2014_000000262148.jpg', 'COCO_val2014_000000262148', "the ending of the picture's file"],
    ['COCO_val2014_000000262148', 'COCO_val2014_000000262148.jpg', "the ending of the picture's file"],
    ['val2014/COCO_val2014_000000262148', 'COCO_val2014_000000262148', 'a folder before the name'],
    ['val2014/COCO_val2014_000000262148.jpg', '262148', 'their form'],
    ['\ufeff2380', '2380', "'\\ufeff2380' only by white space or an invisible character"],
    ['2380', '\ufeff2380', "The features have '\\ufeff2380'"],
    ['2380 ', '2380', 'white space'],
    ['shelf_004', 'Shelf_004', 'capitals'],
    ['0042', '42', 'zeros in front'],
    ['caf\u00e9', 'cafe\u0301', 'accents'],
  ])('that differ in form alone are told so: %j for %j', (asked, known, expected) => {
    const message = refusal(account([asked], ['other', known]), 0.01);
    expect(message).toContain(expected);
    expect(message).toContain('Write the ids of the examples as the features have them');
    expect(account([asked, 'other'], ['other', known]).notice).toContain(expected);
  });

  it.each([
    ['262148', 'COCO_val2014_000000262149'],
    ['dev-850-0-img0', 'dev-850-0-img1'],
    ['n161313', '161313'],
  ])('and are not told so when they are other images: %j for %j', (asked, known) => {
    expect(refusal(account([asked], [known]), 0.01)).not.toContain('differs');
  });
});
