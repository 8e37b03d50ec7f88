import { describe, expect, it } from 'vitest';
import { LxmertError } from '../../src/common/errors.js';
import { excerpt, excerptOfJson } from '../../src/common/excerpt.js';

describe('text of a file in a sentence', () => {
  it('is whole up to 100 characters', () => {
    expect(excerpt('x'.repeat(100))).toBe('x'.repeat(100));
    expect(excerpt('x'.repeat(101))).toBe(`${'x'.repeat(100)}...`);
  });

  it('is told to be nested too deep, where it is JSON that cannot be written again', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as unknown;
    expect(excerptOfJson(deep)).toBe('a value that is nested thousands deep');
    expect(excerptOfJson({ a: ['b'.repeat(90)] }, 12)).toBe('{"a":["bbbbb...');
    expect([excerptOfJson(undefined), excerptOfJson(null), excerptOfJson(5)]).toEqual([
      'nothing',
      'null',
      '5',
    ]);
  });

  it('does not fill a screen: a name of a page is cut in its middle, a path is not', () => {
    const path = `/${'folder/'.repeat(60)}file.tsv`;
    const { message } = new LxmertError(`${path} has the answer '${'ab'.repeat(4000)}' twice.`);
    expect(message).toContain(`${path} has the answer 'abab`);
    expect(message).toMatch(/\.\.\.b(ab){49}' twice\.$/);
    expect(message.length).toBeLessThan(900);
  });
});
