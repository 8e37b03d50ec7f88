/** @file What a failed command prints and ends with. */

import { CommanderError } from 'commander';
import { endSentence, LxmertError, messageOf } from '../common/errors.js';
import { systemFault } from '../common/systemFault.js';

export interface FailureReport {
  readonly text: string;
  readonly exitCode: 1 | 2;
}

/**
 * A failure as one line on stderr (with the stack under `--debug`) and its exit code: 2 for wrong use, which
 * includes a file that is not there, else 1.
 */
export function reportFailure(
  error: unknown,
  {
    debug,
    command,
    listFlags = [],
  }: {
    readonly debug: boolean;
    readonly command: string | undefined;
    /** Those of the command line that take several values. */
    readonly listFlags?: readonly string[];
  },
): FailureReport {
  const stack = debug && error instanceof Error ? `${error.stack ?? ''}\n${causes(error)}` : '';
  if (error instanceof CommanderError) {
    const help = command === undefined ? 'lxmert --help' : `lxmert ${command} --help`;
    const sentences = [parserSentence(error), ...listAdvice(error, listFlags), `See '${help}'.`];
    return { text: `lxmert: ${sentences.join(' ')}\n${stack}`, exitCode: 2 };
  }
  if (error instanceof LxmertError)
    return { text: `lxmert: ${error.message}\n${stack}`, exitCode: error.exitCode };
  const system = systemFault(error);
  if (system !== undefined)
    return { text: `lxmert: ${system.sentence}\n${stack}`, exitCode: system.exitCode };
  const hint = debug ? '' : ' Run it again with --debug for the stack trace.';
  return {
    text: `lxmert: Unexpected failure: ${endSentence(messageOf(error))}${hint}\n${stack}`,
    exitCode: 1,
  };
}

/** commander's "error: unknown option '--epoch'\n(Did you mean --epochs?)" as sentences. */
function parserSentence(error: CommanderError): string {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const sentence = `${first.charAt(0).toUpperCase()}${endSentence(first.slice(1))}`;
  return [sentence, ...rest.map((line) => line.replace(/^\((.*)\)$/, '$1'))].join(' ');
}

/** Words behind a flag's first value, as a shell makes them of `*.parquet`, come as arguments too many. */
function listAdvice({ code }: CommanderError, [flag]: readonly string[]): string[] {
  if (code !== 'commander.excessArguments' || flag === undefined) return [];
  return [`Several values of ${flag} are given with the flag before each, or with commas between them.`];
}

function causes(error: Error): string {
  return error.cause instanceof Error ? `Caused by ${error.cause.stack ?? ''}\n${causes(error.cause)}` : '';
}
