import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkRecord } from '../../src/data/annotations/record.js';

const schema = z.object({
  id: z.union([z.string().min(1), z.int()]),
  image: z.string().min(1),
  share: z.number().min(0).max(1),
  size: z.int().gt(0),
  boxes: z.array(z.tuple([z.number(), z.number()])).min(1),
  labels: z.union([z.string(), z.array(z.string()), z.record(z.string(), z.number().max(1))]).optional(),
  kind: z.enum(['yes', 'no']).optional(),
  number: z.union([z.int(), z.string().regex(/^\d+$/, 'expected a number of COCO')]).optional(),
});
const good = { id: 1, image: 'a', share: 0.5, size: 3, boxes: [[1, 2]] };

describe('a record that is not as expected', () => {
  it.each([
    [{ number: 'x' }, "key 'number': expected a number of COCO."],
    [{ image: 5 }, "key 'image': expected text, found 5."],
    [{ image: undefined }, "key 'image': expected text, found nothing."],
    [{ image: '' }, 'key \'image\': expected text that is not empty, found "".'],
    [{ share: 2 }, "key 'share': expected a number of at most 1, found 2."],
    [{ share: '1' }, 'key \'share\': expected a number, found "1".'],
    [{ size: 0 }, "key 'size': expected a number of more than 0, found 0."],
    [{ size: 1.5 }, "key 'size': expected a whole number, found 1.5."],
    [{ boxes: [] }, "key 'boxes': expected a list of at least 1, found []."],
    [{ boxes: [[1, 'x']] }, 'key \'boxes.0.1\': expected a number, found "x".'],
    [{ boxes: {} }, "key 'boxes': expected a list, found {}."],
    [{ id: true }, "key 'id': expected text or a number, found true."],
    [{ labels: 3 }, "key 'labels': expected text or a list or an object, found 3."],
    [{ labels: { red: 7 } }, "key 'labels.red': expected a number of at most 1, found 7."],
    [{ labels: [1] }, "key 'labels': expected text for '0', found [1]."],
    [{ kind: 'maybe' }, 'key \'kind\': expected "yes" or "no", found "maybe".'],
  ])('%j is refused in words of a person', (change, message) => {
    expect(() => checkRecord(schema, { ...good, ...change }, 'mine.json', 'line 3')).toThrow(
      `mine.json: line 3, ${message}`,
    );
  });

  it('is refused as a whole, and by words of its own where the schema has them', () => {
    expect(() => checkRecord(schema, 5, 'mine.json', 'line 3')).toThrow(
      'mine.json: line 3: expected an object, found 5.',
    );
    const own = z.object({ a: z.string({ error: 'expected the name of an image' }) });
    expect(() => checkRecord(own, {}, 'f', 'line 1')).toThrow(
      "f: line 1, key 'a': expected the name of an image.",
    );
  });

  it('is given back as the schema reads it when it is as expected', () => {
    expect(checkRecord(schema, { ...good, more: 1 }, 'f', 'line 1')).toEqual(good);
  });
});
