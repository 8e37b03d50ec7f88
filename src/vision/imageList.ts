/** @file A list of paths from a stream, such as standard input: one path a line. */

import { UsageError } from '../common/errors.js';

/** Longer than any system lets a path be. */
const MAX_PATH_LENGTH = 32_768;

/**
 * The lines of a UTF-8 stream, without their ends (`\n` or `\r\n`) and without empty ones. Nothing else is cut off:
 * a path may begin or end with a space.
 *
 * @param name what errors call the stream, e.g. `standard input`
 * @throws UsageError when the stream is no list of paths: a line is too long, not UTF-8, or holds a zero byte.
 */
export async function readImageList(stream: AsyncIterable<Uint8Array>, name: string): Promise<string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const paths: string[] = [];
  let lineNumber = 1;
  let rest = '';
  const refuse = (reason: string): never => {
    throw new UsageError(`${name}, line ${lineNumber}: ${reason} A list has one path on each line.`);
  };
  const decode = (chunk?: Uint8Array): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      return refuse('this or a line soon after it is not UTF-8 text.');
    }
  };
  const take = (line: string): void => {
    const file = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (file.length > MAX_PATH_LENGTH) refuse(`the line is longer than ${MAX_PATH_LENGTH} characters.`);
    if (file.includes('\0')) refuse('the line holds a zero byte.');
    if (file !== '') paths.push(file);
    lineNumber++;
  };
  for await (const chunk of stream) {
    const lines = (rest + decode(chunk)).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) take(line);
    // Not left to grow without end where no line ever ends.
    if (rest.length > MAX_PATH_LENGTH + 1) take(rest);
  }
  take(rest + decode());
  return paths;
}
