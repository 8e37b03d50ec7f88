/** @file Runs one command line: finds the command, reads its flags, runs it, prints, and gives the exit code. */

import { Argument, CommanderError, Option, Command as Parser } from 'commander';
import { UsageError } from '../common/errors.js';
import { type CatalogueEntry, catalogue } from './catalogue.js';
import type { Command, CommandOutcome, Values } from './command.js';
import { type FailureReport, reportFailure } from './failure.js';
import { exampleLines, parameterHelp, rootHelp, verbsHelp } from './help.js';
import { Interrupts } from './interrupts.js';
import type { Parameter } from './options.js';
import { columnsOf, dressed, hasColor, painted, viewOf, wrapped } from './terminal/look.js';
import { OutputFaults } from './terminal/output.js';
import { printable } from './terminal/printable.js';

/** Where a command line prints to, and what it may run. */
export interface Surroundings {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Where a person answers; the process's own by default. */
  readonly stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly entries: readonly CatalogueEntry[];
}

const ofThisProcess: Surroundings = { stdout: process.stdout, stderr: process.stderr, entries: catalogue };

/**
 * Runs `words` (what follows `lxmert`) and returns the exit code: 0, 1 failure, 2 wrong use, 129, 130 or 143 interrupted. A
 * reader of the output that goes away changes nothing.
 */
export async function runCommandLine(
  words: readonly string[],
  surroundings = ofThisProcess,
): Promise<number> {
  const output = new OutputFaults([surroundings.stdout, surroundings.stderr]);
  const exitCode = await runWords(words, surroundings);
  const fault = await output.end();
  if (fault === undefined) return exitCode;
  surroundings.stderr.write(`lxmert: ${fault}\n`);
  return exitCode === 0 ? 1 : exitCode;
}

async function runWords(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const run = new Run(surroundings);
  try {
    const asked = words[0] === 'help' ? [...words.slice(1), '--help'] : [...words];
    if (asked.length === 0) asked.push('--help');
    await (await buildParser(surroundings, run)).parseAsync(asked, { from: 'user' });
    return run.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure: FailureReport = reportFailure(error, {
      debug: words.includes('--debug'),
      command: run.entry?.name,
      listFlags: run.listFlags.filter((flag) => words.includes(flag)),
    });
    const text = printable(failure.text).replace(/^lxmert:/, painted('red', 'lxmert:'));
    surroundings.stderr.write(dressed(text, hasColor(surroundings.stderr)));
    return failure.exitCode;
  }
}

/** The help section of the flags that come with each command. */
const everywhere = 'Flags of every command:';

/** The state of one command line while it runs. */
class Run {
  entry: CatalogueEntry | undefined;
  exitCode = 0;
  /** The flags of the command that take several values. */
  listFlags: readonly string[] = [];

  constructor(readonly surroundings: Surroundings) {}

  async start(command: Command, parser: Parser): Promise<void> {
    const { parseValues, parametersOf } = await import('./options.js');
    const { resolveOptions } = await import('./config/config.js');
    const { Screen } = await import('./terminal/screen.js');
    const { modelFinder, withModelsFound } = await import('./models/findModels.js');
    const { stdout, stderr } = this.surroundings;
    const flags: Values = parser.opts();
    const screen = new Screen(stderr, flags.quiet === true);
    const words: Values = {};
    for (const [index, parameter] of parametersOf(command.arguments).entries()) {
      const value: unknown = parser.processedArgs[index];
      if (!(Array.isArray(value) && value.length === 0)) words[parameter.key] = value;
    }
    const commandArguments = parseValues(command.arguments, words, (each) => `the argument ${each.name}`);
    // commander gives `--no-x` flags a value when they are absent too.
    const isGiven = (key: string): boolean => parser.getOptionValueSource(key) === 'cli';
    const given = Object.fromEntries(Object.entries(flags).filter(([key]) => isGiven(key)));
    const name = this.entry!.name;
    const { options, settings, printConfig } = await resolveOptions(name, command, given);
    const asJson = flags.json === true;
    if (printConfig) {
      const { configText } = await import('./config/configText.js');
      const parameters = parametersOf(command.options);
      const format = asJson ? 'json' : 'toml';
      stdout.write(configText(settings, { parameters, commandName: name, format }));
      return;
    }
    const interrupts = new Interrupts(
      (line) => screen.notice(line),
      () => screen.end(),
    );
    try {
      if (command.needsLibtorch(options)) (await import('../torch/index.js')).requireLibtorch();
      const shown = {
        notice: (line: string) => screen.notice(line),
        progress: (label: string, unit: string) => screen.progress(label, unit),
        signal: interrupts.signal,
      };
      const asking = { isYes: flags.yes === true, stdin: this.surroundings.stdin ?? process.stdin, stderr };
      const findModels = modelFinder(async (named) =>
        (await import('./models/hubModels.js')).findOnHub(named, shown, asking),
      );
      const outcome: CommandOutcome = await command.execute({
        ...(await withModelsFound(command, { arguments: commandArguments, options }, findModels)),
        ...shown,
        findModels,
        out: (line) => screen.print(asJson ? stderr : stdout, line),
        commands: this.surroundings.entries,
        debug: flags.debug === true,
      });
      const text = asJson
        ? JSON.stringify(outcome.json ?? null, null, 2)
        : dressed(printable(outcome.text(viewOf(stdout))), hasColor(stdout));
      if (text !== '') stdout.write(text.endsWith('\n') ? text : `${text}\n`);
      this.exitCode = interrupts.exitCode ?? outcome.exitCode;
    } catch (error) {
      // A command that stops by throwing the signal's reason was interrupted, not broken.
      if (interrupts.exitCode === undefined || !interrupts.isReason(error)) throw error;
      this.exitCode = interrupts.exitCode;
    } finally {
      screen.end();
      interrupts.remove();
    }
  }
}

/** The parser of all commands; a command's file is imported when its name has been read. */
async function buildParser({ stdout, entries }: Surroundings, run: Run): Promise<Parser> {
  const columns = helpColumns(stdout);
  const { version } = await import('../common/version.js');
  const root = newParser('lxmert', stdout).version(version(), '-V, --version');
  root.helpInformation = () => rootHelp(entries, columns, bold);
  for (const [word, members] of byFirstWord(entries)) {
    const isSingle = members.length === 1 && members[0]!.name === word;
    const parent = isSingle ? root : root.addCommand(newParser(word, stdout)).commands.at(-1)!;
    if (!isSingle) {
      parent.helpInformation = () => verbsHelp(word, members, columns, bold);
      parent.action((_options, parser: Parser) => {
        const verbs = members.map((member) => member.name.slice(word.length + 1)).join(', ');
        const found = parser.args[0];
        const problem = found === undefined ? 'needs a verb' : `has no verb '${found}'`;
        throw new CommanderError(2, 'lxmert.verb', `'lxmert ${word}' ${problem}: one of ${verbs}.`);
      });
      parent.allowExcessArguments(true);
    }
    const leaves = new Map<string, CatalogueEntry>();
    for (const member of members) {
      const name = member.name.split(' ').at(-1)!;
      leaves.set(name, member);
      parent.addCommand(newParser(name, stdout));
    }
    parent.hook('preSubcommand', async (_parent, leaf) => {
      const entry = leaves.get(leaf.name());
      if (entry === undefined) return;
      run.entry = entry;
      await fillIn(leaf, (await entry.load()).command, run);
    });
  }
  return root;
}

function newParser(name: string, stdout: NodeJS.WriteStream): Parser {
  return new Parser(name)
    .exitOverride()
    .enablePositionalOptions()
    .allowExcessArguments(false)
    .helpCommand(false)
    .addHelpOption(new Option('-h, --help', 'Print this help').helpGroup(everywhere))
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      // Errors are thrown (exitOverride) and printed once, in one form, by runCommandLine.
      writeErr: () => undefined,
      getOutHelpWidth: () => helpColumns(stdout),
      getOutHasColors: () => hasColor(stdout),
    })
    .configureHelp({
      styleTitle: bold,
      // A flag that is longer stands in a line of its own, and its text below.
      padWidth: (command, help) =>
        Math.min(
          Math.max(
            help.longestOptionTermLength(command, help),
            help.longestArgumentTermLength(command, help),
          ),
          Math.min(MAX_TERM, Math.floor((help.helpWidth ?? 80) / 3)),
        ),
      formatItem: (term, termWidth, description, help) =>
        formatItem(term, { termWidth, description, columns: help.helpWidth ?? 80 }),
    });
}

/** Columns of a flag with its value, at most. */
const MAX_TERM = 32;
/** Columns of help where nobody's window says how many, and the most that are easy to read. */
const PIPED_COLUMNS = 100;
const MAX_COLUMNS = 110;

function helpColumns(stdout: NodeJS.WriteStream): number {
  return stdout.isTTY ? Math.min(columnsOf(stdout), MAX_COLUMNS) : PIPED_COLUMNS;
}

/** commander takes it off where there is to be no colour. */
function bold(text: string): string {
  return dressed(painted('bold', text), true);
}

function formatItem(
  term: string,
  { termWidth, description, columns }: { termWidth: number; description: string; columns: number },
): string {
  const indent = termWidth + 4;
  const text = wrapped(description, columns - indent, indent);
  return term.length > termWidth
    ? `  ${term}\n${' '.repeat(indent)}${text}`
    : `  ${term.padEnd(termWidth)}  ${text}`;
}

/** Gives a leaf its arguments, flags, help and action. */
async function fillIn(leaf: Parser, command: Command, run: Run): Promise<void> {
  const { parametersOf } = await import('./options.js');
  const { commonFlags, flagsOf } = await import('./config/config.js');
  leaf.description(command.description);
  for (const parameter of parametersOf(command.arguments)) {
    const name = parameter.isList ? `${parameter.name}...` : parameter.name;
    const flags = parameter.isRequired ? `<${name}>` : `[${name}]`;
    leaf.addArgument(new Argument(flags, parameterHelp({ ...parameter, isRequired: false, isList: false })));
  }
  const flags = flagsOf(command);
  for (const parameter of flags) leaf.addOption(optionOf(parameter));
  run.listFlags = flags.filter(({ isList }) => isList).map(({ name }) => `--${name}`);
  for (const { name, description } of commonFlags)
    leaf.addOption(new Option(`--${name}`, description).helpGroup(everywhere));
  const { stdout } = run.surroundings;
  const examples = exampleLines(command.examples, helpColumns(stdout), bold);
  leaf.addHelpText('after', `\n${examples.join('\n')}`);
  leaf.action(() => run.start(command, leaf));
}

function optionOf(parameter: Parameter): Option {
  const short = parameter.short === undefined ? '' : `-${parameter.short}, `;
  const isNegated = parameter.type === 'boolean' && parameter.defaultValue === true;
  const value = parameter.type === 'boolean' ? '' : ` <${parameter.valueName}>`;
  const option = new Option(
    `${short}--${isNegated ? 'no-' : ''}${parameter.name}${value}`,
    parameterHelp(parameter),
  );
  if (option.attributeName() !== parameter.key || (option.negate && !isNegated)) {
    throw new Error(`The option key '${parameter.key}' does not survive as a flag; choose another name.`);
  }
  if (parameter.type === 'boolean') return option;
  return option.argParser((text: string, before: string | string[] | undefined) =>
    parameter.isList ? [...(before ?? []), text] : onlyValue(parameter, text, before),
  );
}

/** A flag that takes one value and stands there twice is a slip, whichever of the two was meant. */
function onlyValue({ name }: Parameter, text: string, before: unknown): string {
  if (before === undefined) return text;
  const values = text === before ? `both times as '${text}'` : `as '${String(before)}' and as '${text}'`;
  throw new UsageError(`--${name} is given twice, ${values}, and takes one value: leave one of them out.`);
}

function byFirstWord(entries: readonly CatalogueEntry[]): Map<string, CatalogueEntry[]> {
  const words = new Map<string, CatalogueEntry[]>();
  for (const entry of entries) {
    const word = entry.name.split(' ')[0]!;
    words.set(word, [...(words.get(word) ?? []), entry]);
  }
  return words;
}
