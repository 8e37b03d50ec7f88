/** @file Completion for zsh, by its own `_arguments`. */

import {
  type CompletedArgument,
  type CompletedCommand,
  type CompletedFlag,
  type CompletedValue,
  firstWords,
  quoted,
  wordsWithVerbs,
} from './words.js';

export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const verbs = wordsWithVerbs(commands).map(
    ({ word, verbs: of }) => `    ${word})
      if (( CURRENT == 3 )); then
        choices=(${of.map(({ verb, summary }) => described(verb, summary)).join(' ')})
        _describe -t commands 'verb' choices; return
      fi
      command+=" $words[3]"; shift words; (( CURRENT-- )) ;;`,
  );
  return `#compdef lxmert
# Completion of lxmert for zsh: lxmert completion zsh > "\${fpath[1]}/_lxmert", or source <(lxmert completion zsh)
_lxmert() {
  local command="$words[2]"
  local -a choices
  if (( CURRENT == 2 )); then
    choices=(${firstWords(commands)
      .map(({ word, summary }) => described(word, summary))
      .join(' ')})
    _describe -t commands 'command' choices; return
  fi
  case "$command" in
${verbs.join('\n')}
  esac
  shift words; (( CURRENT-- ))
  case "$command" in
${commands.map(argumentsOf).join('\n')}
  esac
}
if [[ "$zsh_eval_context[-1]" == loadautofunc ]]; then _lxmert "$@"; else compdef _lxmert lxmert; fi
`;
}

function argumentsOf({ name, flags, arguments: words }: CompletedCommand): string {
  const specs = [...flags.flatMap(flagSpecs), ...words.map(argumentSpec)];
  return `    ${quoted(name)}) _arguments ${specs.map(quoted).join(' ')} ;;`;
}

function flagSpecs({ name, short, description, value, valueName, isList }: CompletedFlag): string[] {
  const times = isList ? '*' : '';
  const text = `[${description.replace(/[[\]\\]/g, '\\$&')}]`;
  const spec = value === undefined ? text : `${text}:${escaped(valueName)}:${actionOf(value)}`;
  const long = `${times}${name}${value === undefined ? '' : '='}${spec}`;
  return short === undefined ? [long] : [long, `${times}${short}${spec}`];
}

function argumentSpec({ name, value, isList }: CompletedArgument, index: number): string {
  return `${isList ? '*' : index + 1}:${escaped(name)}:${actionOf(value)}`;
}

function actionOf(value: CompletedValue): string {
  switch (value.kind) {
    case 'choices':
      return `(${value.choices.join(' ')})`;
    case 'files':
      return '_files';
    case 'folders':
      return '_files -/';
    case 'text':
      return ' ';
  }
}

/** For `_describe`: word and text with a colon between them. */
function described(word: string, text: string): string {
  return quoted(`${word}:${escaped(text)}`);
}

function escaped(text: string): string {
  return text.replace(/[:\\]/g, '\\$&');
}
