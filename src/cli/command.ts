/** @file What a command is: one description that gives parsing, validation, help text, documentation and the run. */

import type { z } from 'zod';
import type { HubKind } from '../common/pathSchemas.js';
import type { Progress } from '../common/progress.js';
import type { View } from './terminal/look.js';

/** A bar or lines about work that takes long. `stop` leaves the last state on the screen. */
export interface ProgressDisplay extends Progress {
  stop(): void;
}

/** A model as it was named, and what its name is to stand for. */
export interface NamedModel {
  readonly text: string;
  readonly kind: HubKind;
}

/**
 * Finds models: paths as they are, names on a hub as places in its cache, into which they are fetched when a person agrees.
 *
 * @throws UsageError for names that no hub has or may give, and where nobody can be asked; LxmertError when it fails
 */
export type FindModels = (named: readonly NamedModel[]) => Promise<string[]>;

/** What a command is given to run with. */
export interface CommandContext<Arguments, Options> {
  /** The positional arguments, validated. */
  readonly arguments: Arguments;
  /** The flags, validated, with defaults filled in. */
  readonly options: Options;
  /** Prints one line of results for a person while the command runs: on stdout, or on stderr under `--json`. */
  out(line: string): void;
  /** Prints one line that is not a result (what is in force, where files go) on stderr. */
  notice(line: string): void;
  /** Shows progress on stderr: a bar on a terminal, a line now and then elsewhere. `unit` is a plural: "rows". */
  progress(label: string, unit: string): ProgressDisplay;
  /**
   * Aborts at the first Ctrl-C or SIGTERM. A command saves what is worth keeping and returns; the process then
   * ends with 130. Work that keeps the event loop busy must yield now and then (`await setImmediate()` from
   * node:timers/promises), or the signal is never seen.
   */
  readonly signal: AbortSignal;
  /** Finds further models by their names: those that the command takes when none is named. */
  readonly findModels: FindModels;
  /** Every command there is, for the one that tells shells of them. */
  readonly commands: readonly NamedCommand[];
  /** True under `--debug`. */
  readonly debug: boolean;
}

/** A command before its file was loaded. */
export interface NamedCommand {
  /** The words after `lxmert`, as in `features convert`. */
  readonly name: string;
  /** A phrase in the imperative without a full stop, at most 70 characters. */
  readonly summary: string;
  /** Imports the file: when the command is used, not before. */
  load(): Promise<{ readonly command: Command }>;
}

export interface Example {
  /** A whole command line without the leading `$`. */
  readonly command: string;
  /** What it does, as a phrase: "converts the training rows to float16 shards". */
  readonly does: string;
}

/**
 * One command of `lxmert`. Its name and one-line summary stand in catalogue.ts.
 *
 * `arguments` and `options` are zod objects. Every key carries `.describe('...')`; camelCase keys become
 * kebab-case flags; `.default(x)` is shown in help and filled in; `.optional()` may be left out; anything else is
 * required. Booleans are flags without a value (`--no-...` when the default is true); arrays take commas or
 * repeated flags (texts with `.meta({ holdsCommas: true })`: repeated flags only; paths take commas between files that exist). An array as the last argument takes all that follows.
 */
export interface CommandDefinition<A extends z.ZodObject, O extends z.ZodObject, Result> {
  /** One to three sentences on what the command reads, does and leaves behind. */
  readonly description: string;
  readonly examples: readonly [Example, ...Example[]];
  readonly arguments: A;
  readonly options: O;
  /** True for a command whose options may also come from a file: it gets `--config` and `--print-config`. */
  readonly configurable?: boolean;
  /** True for a command that computes with libtorch, where options do not decide: it ends at once, with the way to set it up, where there is none. */
  readonly needsLibtorch?: boolean | ((options: z.output<O>) => boolean);
  /** Does the work and returns the result, which `--json` prints. */
  run(context: CommandContext<z.output<A>, z.output<O>>): Result | Promise<Result>;
  /** What `--json` prints, where that is not the result as it is. */
  json?(result: Result): unknown;
  /** The result as text for a person; an empty text prints nothing. */
  render(result: Result, view: View): string;
  /** For a command whose result can be bad news: what the process ends with. */
  exitCode?(result: Result): number;
}

/** What a finished command leaves to print. */
export interface CommandOutcome {
  readonly json: unknown;
  text(view: View): string;
  readonly exitCode: number;
}

/** A command with its types closed over: what the command line works with. */
export interface Command {
  readonly description: string;
  readonly examples: readonly [Example, ...Example[]];
  readonly arguments: z.ZodObject;
  readonly options: z.ZodObject;
  readonly configurable: boolean;
  needsLibtorch(options: Values): boolean;
  /** Runs with values that {@link parseValues} of options.ts validated against `arguments` and `options`. */
  execute(context: CommandContext<Values, Values>): Promise<CommandOutcome>;
}

/** Validated values by key. */
export type Values = Record<string, unknown>;

/** Declares a command; the types of `run`'s context follow from the schemas. */
export function defineCommand<A extends z.ZodObject, O extends z.ZodObject, Result>(
  definition: CommandDefinition<A, O, Result>,
): Command {
  const { needsLibtorch = false } = definition;
  return {
    description: definition.description,
    examples: definition.examples,
    arguments: definition.arguments,
    options: definition.options,
    configurable: definition.configurable ?? false,
    needsLibtorch: (options) =>
      typeof needsLibtorch === 'function' ? needsLibtorch(options as z.output<O>) : needsLibtorch,
    async execute(context) {
      const result = await definition.run(context as CommandContext<z.output<A>, z.output<O>>);
      return {
        json: definition.json === undefined ? result : definition.json(result),
        text: (view) => definition.render(result, view),
        exitCode: definition.exitCode?.(result) ?? 0,
      };
    },
  };
}
