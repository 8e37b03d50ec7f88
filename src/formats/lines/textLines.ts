/** @file Lines of a text file of any size. */

import { LxmertError } from '../../common/errors.js';
import { type ContentKindName, readContentKind } from '../contentKind.js';
import { readLines } from './lineReader.js';

/** A line longer than this is no line of annotations. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** A line without its end, counted from 1. */
export interface TextLine {
  readonly text: string;
  readonly number: number;
}

/**
 * Yields the lines of a UTF-8 file that are not blank, without byte-order marks: joined files have them inside too. Only `\n` and `\r\n` end a line:
 * sentences may hold the other separators of Unicode.
 *
 * @throws UsageError when the file is missing or a folder
 * @throws LxmertError for a line of more than 16 MiB, with the line for one that is not UTF-8, and for a file of another kind
 */
export async function* readTextLines(file: string): AsyncGenerator<TextLine> {
  const options = { maxLineBytes: MAX_LINE_BYTES, expected: 'no line of annotations is.' };
  for await (const { bytes, number } of readLines(file, options)) {
    const text = decode(bytes, file, number).replace(/^\ufeff+/, '');
    if (text.trim() !== '') yield { text, number };
  }
}

/** Kinds of files that may be text in another encoding. */
const TEXTS: readonly ContentKindName[] = ['text', 'binary', 'jsonArray', 'jsonObject', 'html', 'svg'];

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array, file: string, number: number): string {
  try {
    return UTF_8.decode(bytes);
  } catch (error) {
    const { kind, name } = readContentKind(file);
    if (!TEXTS.includes(kind))
      throw new LxmertError(`${file} is ${name}; expected text in UTF-8.`, { cause: error });
    throw new LxmertError(
      `${file}: line ${number} is not UTF-8 text. Save the file in that encoding: a Latin-1 or Windows file becomes it with iconv -f WINDOWS-1252 -t UTF-8.`,
      { cause: error },
    );
  }
}
