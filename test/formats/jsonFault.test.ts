import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { describeJsonFault, findJsonFault } from '../../src/formats/jsonFault.js';

describe('describeJsonFault', () => {
  it.each([
    ['{"a": 1,\n "b" 2}', "line 2, column 6: expected ':', found '2'"],
    ['[1, 2,]', "line 1, column 7: expected a value, found ']'"],
    ['[1 2]', "line 1, column 4: expected ',' or ']', found '2'"],
    ['{"a": NaN}', "line 1, column 7: expected a value, found 'NaN'"],
    ["{'a': 1}", "line 1, column 2: expected a key or '}', found ''a''"],
    ['{"a": 1}{"a": 2}', "line 1, column 9: expected the end, found '{'"],
    ['{"a": [1', "line 1, column 9: it ends here, where ',' or ']' was expected"],
    ['["ab', 'line 1, column 2: the text that begins here is not closed; the file may be cut short'],
    ['["a\nb"]', "line 1, column 4: a text is not closed, or holds '\\n' as it is"],
    ['["\\x41"]', "line 1, column 3: '\\x' within a text is no escape of JSON"],
    ['', 'line 1, column 1: it ends here, where a value was expected'],
    ['[\u001b[31m]', "line 1, column 2: expected a value or ']', found '\\u001b'"],
  ])('%j', (text, expected) => {
    expect(describeJsonFault(text)).toBe(expected);
  });
});

it('finds a fault exactly where JSON.parse refuses', () => {
  const random = new Random(4);
  const whole = '{"a": [1, -2.5e3, true, null, {"b\\u00e9\\n": "c\\"d"}, [], {}], "z": "\u00e9"}';
  const characters = [...'{}[],:"\\ 0123.-+eEtrufalsn\n\u0007x'];
  const counts = { whole: 0, faulty: 0 };
  for (let i = 0; i < 20_000; i++) {
    const text = [...whole];
    for (let k = 1 + random.integer(2); k > 0; k--)
      text.splice(
        random.integer(text.length),
        random.integer(2),
        ...(random.uniform() < 0.6 ? [random.pick(characters)] : []),
      );
    const joined = text.join('');
    let isJson = true;
    try {
      JSON.parse(joined);
    } catch {
      isJson = false;
    }
    counts[isJson ? 'whole' : 'faulty']++;
    expect(findJsonFault(joined) === undefined, joined).toBe(isJson);
  }
  expect(counts.whole).toBeGreaterThan(500);
  expect(counts.faulty).toBeGreaterThan(5000);
});

it('takes text of any depth and length', () => {
  expect(findJsonFault('['.repeat(100_000))?.offset).toBe(100_000);
  expect(findJsonFault(`["${'a'.repeat(5_000_000)}"]`)).toBeUndefined();
});
