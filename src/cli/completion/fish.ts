/** @file Completion for fish: a line for each command, flag and argument. */

import { type CompletedCommand, type CompletedValue, firstWords, wordsWithVerbs } from './words.js';

export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const withVerbs = wordsWithVerbs(commands);
  const lines = [
    '# Completion of lxmert for fish: lxmert completion fish > ~/.config/fish/completions/lxmert.fish',
    'function __lxmert_command',
    '  set -l words (commandline -opc)[2..-1]',
    `  if contains -- "$words[1]" ${withVerbs.map(({ word }) => word).join(' ')}; and test (count $words) -ge 2`,
    '    echo "$words[1] $words[2]"',
    '  else',
    '    echo "$words[1]"',
    '  end',
    'end',
    'function __lxmert_at',
    '  test (__lxmert_command) = "$argv[1]"',
    'end',
    'complete -c lxmert -e',
    'complete -c lxmert -f',
    ...firstWords(commands).map(({ word, summary }) => commandLine('', word, summary)),
    ...withVerbs.flatMap(({ word, verbs }) =>
      verbs.map(({ verb, summary }) => commandLine(word, verb, summary)),
    ),
    ...commands.flatMap(linesOf),
  ];
  return `${lines.join('\n')}\n`;
}

function commandLine(behind: string, word: string, summary: string): string {
  return `complete -c lxmert -n ${fishQuoted(`__lxmert_at "${behind}"`)} -a ${word} -d ${fishQuoted(summary)}`;
}

function linesOf({ name, flags, arguments: words }: CompletedCommand): string[] {
  const begin = `complete -c lxmert -n ${fishQuoted(`__lxmert_at "${name}"`)}`;
  return [
    ...words.map(({ value }) => `${begin}${actionOf(value.kind === 'text' ? { kind: 'files' } : value)}`),
    ...flags.map(({ name: flag, short, description, value }) => {
      const names = ` -l ${flag.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`;
      const takes = value === undefined ? '' : ` -r${actionOf(value)}`;
      return `${begin}${names}${takes} -d ${fishQuoted(description)}`;
    }),
  ];
}

function actionOf(value: CompletedValue): string {
  switch (value.kind) {
    case 'choices':
      return ` -f -a ${fishQuoted(value.choices.join(' '))}`;
    case 'files':
      return ' -F';
    case 'folders':
      return " -f -a '(__fish_complete_directories)'";
    case 'text':
      return ' -f';
  }
}

/** In single quotes, in which fish takes a backslash before a quote and before another. */
function fishQuoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
