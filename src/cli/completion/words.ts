/** @file What shells complete: every command with its flags and what they take, from the commands' own schemas. */

import type { Command, NamedCommand } from '../command.js';
import { commonFlags, flagsOf } from '../config/config.js';
import { type Parameter, parametersOf } from '../options.js';

/** What may follow a flag, or stand as an argument. */
export type CompletedValue =
  | { readonly kind: 'choices'; readonly choices: readonly string[] }
  | { readonly kind: 'files' | 'folders' | 'text' };

export interface CompletedFlag {
  /** With its dashes. */
  readonly name: string;
  readonly short: string | undefined;
  readonly description: string;
  /** Undefined for flags that stand alone. */
  readonly value: CompletedValue | undefined;
  readonly valueName: string;
  readonly isList: boolean;
}

export interface CompletedArgument {
  readonly name: string;
  readonly value: CompletedValue;
  readonly isList: boolean;
}

export interface CompletedCommand {
  /** The words after `lxmert`. */
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  readonly arguments: readonly CompletedArgument[];
}

/** A word that verbs follow, such as `features`. */
export interface WordWithVerbs {
  readonly word: string;
  readonly verbs: readonly { readonly verb: string; readonly summary: string }[];
}

/** Loads every command. */
export async function completedCommands(commands: readonly NamedCommand[]): Promise<CompletedCommand[]> {
  const completed: CompletedCommand[] = [];
  for (const { name, summary, load } of commands) {
    completed.push({ name, summary, ...partsOf((await load()).command) });
  }
  return completed;
}

export function wordsWithVerbs(commands: readonly CompletedCommand[]): WordWithVerbs[] {
  const words = new Map<string, { verb: string; summary: string }[]>();
  for (const { name, summary } of commands) {
    const [word = '', verb] = name.split(' ');
    if (verb !== undefined) words.set(word, [...(words.get(word) ?? []), { verb, summary }]);
  }
  return [...words].map(([word, verbs]) => ({ word, verbs }));
}

/** The first words of commands, each with what it does. */
export function firstWords(commands: readonly CompletedCommand[]): { word: string; summary: string }[] {
  const several = new Map(wordsWithVerbs(commands).map(({ word, verbs }) => [word, verbs]));
  return [...new Set(commands.map(({ name }) => name.split(' ')[0] as string))].map((word) => {
    const verbs = several.get(word);
    const summary = commands.find(({ name }) => name === word)?.summary ?? '';
    return { word, summary: verbs?.map(({ verb }) => verb).join(', ') ?? summary };
  });
}

function partsOf(command: Command): Pick<CompletedCommand, 'flags' | 'arguments'> {
  const alone = [...commonFlags, { name: 'help', description: 'Print this help' }];
  return {
    flags: [
      ...flagsOf(command).map(flagOf),
      ...alone.map(({ name, description }) => ({
        name: `--${name}`,
        short: name === 'help' ? '-h' : undefined,
        description,
        value: undefined,
        valueName: '',
        isList: false,
      })),
    ],
    arguments: parametersOf(command.arguments).map((parameter) => ({
      name: parameter.name,
      value: completedValueOf(parameter),
      isList: parameter.isList,
    })),
  };
}

function flagOf(parameter: Parameter): CompletedFlag {
  const { name, short, type, defaultValue, description, valueName, isList } = parameter;
  const isAlone = type === 'boolean';
  return {
    name: `--${isAlone && defaultValue === true ? 'no-' : ''}${name}`,
    short: short === undefined ? undefined : `-${short}`,
    description,
    value: isAlone ? undefined : completedValueOf(parameter),
    valueName,
    isList,
  };
}

function completedValueOf({ choices, pathKind }: Parameter): CompletedValue {
  if (choices !== undefined) return { kind: 'choices', choices };
  if (pathKind === undefined) return { kind: 'text' };
  return { kind: pathKind === 'folder' ? 'folders' : 'files' };
}

/** A word as every shell here takes it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
