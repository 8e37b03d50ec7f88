import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readImageList } from '../../src/vision/imageList.js';

const read = (...chunks: (string | Buffer)[]) =>
  readImageList(Readable.from(chunks.map((chunk) => Buffer.from(chunk as string))), 'standard input');

it('takes one path a line, whatever the line ends and wherever the chunks are cut', async () => {
  const text = 'a/1.jpg\r\n\n b with spaces .png \nd\u00e9j\u00e0.jpg\nlast.jpg';
  const expected = ['a/1.jpg', ' b with spaces .png ', 'd\u00e9j\u00e0.jpg', 'last.jpg'];
  const bytes = Buffer.from(text);
  expect(await read(text)).toEqual(expected);
  for (let size = 1; size < 9; size++) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    expect(await read(...chunks)).toEqual(expected);
  }
  expect(await read()).toEqual([]);
  expect(await read('one\n')).toEqual(['one']);
});

it('refuses what is no list of paths, with the line', async () => {
  await expect(read('a.jpg\n', 'b\0c.jpg\n')).rejects.toThrow(
    'standard input, line 2: the line holds a zero byte. A list has one path on each line.',
  );
  await expect(read('a.jpg\n', Buffer.from([0xff, 0xd8, 0xff]))).rejects.toThrow(/line 2: .* not UTF-8/);
  await expect(read('a.jpg\n', Buffer.from([0xc3]))).rejects.toThrow(/line 2: .* not UTF-8/);
  const endless = (function* () {
    for (;;) yield Buffer.alloc(4096, 'x');
  })();
  await expect(readImageList(Readable.from(endless), 'standard input')).rejects.toThrow(
    'line 1: the line is longer than 32768 characters',
  );
});
