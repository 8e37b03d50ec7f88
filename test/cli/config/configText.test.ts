/** @file Settings written as TOML are read as the same settings, whatever the values. */

import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configText } from '../../../src/cli/config/configText.js';
import { parametersOf } from '../../../src/cli/options.js';

const parameters = parametersOf(
  z.strictObject({
    number: z.number().describe('A number'),
    numbers: z.array(z.number()).describe('Numbers'),
    text: z.string().describe('A text'),
  }),
);

function thereAndBack(settings: Record<string, unknown>): unknown {
  return parse(configText(settings, { parameters, commandName: 'x', format: 'toml' }));
}

describe('configText', () => {
  it.each([0, -1, 5e-5, 1e-300, 0.1 + 0.2, 2 ** 53 - 1, 2 ** 53, 1e20, 1e22, Number.MAX_VALUE])(
    'writes the number %d',
    (number) => {
      const settings = { number, numbers: [number, 1] };
      expect(thereAndBack(settings)).toEqual(settings);
    },
  );

  it.each(['', '"', "'", '\\', '\n\r\t\b\f', '\0\x1f\x7f', '\u2028 \u{1f600}', '# no comment', '"""'])(
    'writes the text %j',
    (text) => {
      expect(thereAndBack({ text })).toEqual({ text });
    },
  );
});
