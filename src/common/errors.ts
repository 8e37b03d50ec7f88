/** @file Errors that are sentences for a person, and the exit code each kind ends a command with. */

import { withoutLongWords } from './excerpt.js';
import { systemFault } from './systemFault.js';

/** What a command's process ends with: 1 for a failure, 2 for wrong use. */
export type ExitCode = 1 | 2;

/**
 * A failure that a person can act on. The message is one or more whole sentences: what was expected, what was
 * found, where (file, line, key), and the way out.
 */
export class LxmertError extends Error {
  readonly exitCode: ExitCode = 1;

  constructor(message: string, options?: ErrorOptions) {
    super(withoutLongWords(message), options);
    this.name = new.target.name;
  }
}

/** Wrong use: an unknown flag, a value out of range, a file that is not there. */
export class UsageError extends LxmertError {
  override readonly exitCode = 2;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The text with a full stop, unless it ends as a sentence does. */
export function endSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** True for Node's own file-system and system errors that carry `code`. */
export function hasErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

/** The error for a file that cannot be opened or read; wrong use when it is missing or a folder. */
export function unreadable(file: string, cause: unknown): LxmertError {
  if (hasErrorCode(cause, 'ENOENT')) return new UsageError(`There is no file '${file}'.`, { cause });
  if (hasErrorCode(cause, 'EISDIR')) return new UsageError(`'${file}' is a folder, not a file.`, { cause });
  const fault = systemFault(cause, file);
  if (fault !== undefined) {
    const options = { cause };
    return fault.exitCode === 2
      ? new UsageError(fault.sentence, options)
      : new LxmertError(fault.sentence, options);
  }
  return new LxmertError(`'${file}' cannot be read: ${messageOf(cause)}.`, { cause });
}
