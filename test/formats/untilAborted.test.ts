import { describe, expect, it } from 'vitest';
import { type ByteSource, untilAborted } from '../../src/formats/lines/byteSource.js';
import { readLines } from '../../src/formats/lines/lineReader.js';

/** Blank lines without end. */
const endless: ByteSource = {
  name: 'blank.tsv',
  fileName: 'blank.tsv',
  size: async () => 1,
  open: async () => ({
    read: async (buffer, offset, length) => {
      buffer.fill('\n', offset, offset + length);
      return length;
    },
    close: async () => undefined,
  }),
};

describe('a reading of lines that never end', () => {
  it('ends with the reason of a signal that comes while it runs', async () => {
    const interrupt = new AbortController();
    const reason = new Error('interrupted');
    setTimeout(() => interrupt.abort(reason), 20);
    let numLines = 0;
    const reading = (async () => {
      const source = untilAborted(endless, interrupt.signal);
      for await (const _ of readLines(source, { maxLineBytes: 9, expected: '' })) numLines++;
    })();
    await expect(reading).rejects.toBe(reason);
    // A chunk of it has four million.
    expect(numLines).toBeLessThan(4_000_000);
  });

  it('is the source itself without a signal', () => {
    expect(untilAborted(endless, undefined)).toBe(endless);
  });
});
