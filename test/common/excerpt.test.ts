import { describe, expect, it } from 'vitest';
import { LxmertError } from '../../src/common/errors.js';
import { excerpt } from '../../src/common/excerpt.js';

describe('text of a file in a sentence', () => {
  it('is whole up to 100 characters', () => {
    expect(excerpt('x'.repeat(100))).toBe('x'.repeat(100));
    expect(excerpt('x'.repeat(101))).toBe(`${'x'.repeat(100)}...`);
  });

  it('does not fill a screen: a name of a page is cut in its middle, a path is not', () => {
    const path = `/${'folder/'.repeat(60)}file.tsv`;
    const { message } = new LxmertError(`${path} has the answer '${'ab'.repeat(4000)}' twice.`);
    expect(message).toContain(`${path} has the answer 'abab`);
    expect(message).toMatch(/\.\.\.b(ab){49}' twice\.$/);
    expect(message.length).toBeLessThan(900);
  });
});
