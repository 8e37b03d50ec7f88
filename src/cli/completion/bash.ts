/** @file Completion for bash, from version 3.2 on, without the package bash-completion. */

import { type CompletedCommand, type CompletedValue, firstWords, quoted, wordsWithVerbs } from './words.js';

export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const verbs = wordsWithVerbs(commands).map(
    ({ word, verbs: of }) =>
      `    ${word}) if (( COMP_CWORD == 2 )); then _lxmert_words ${quoted(of.map(({ verb }) => verb).join(' '))}; return; fi
      command+=" \${COMP_WORDS[2]}" ;;`,
  );
  const words = firstWords(commands).map(({ word }) => word);
  return `# Completion of lxmert for bash: source <(lxmert completion bash)
_lxmert_words() {
  COMPREPLY=( $(compgen -W "$1" -- "$current") )
}
_lxmert_paths() {
  local path
  COMPREPLY=()
  compopt -o filenames 2> /dev/null
  while IFS= read -r path; do COMPREPLY+=( "$path" ); done < <(compgen "$1" -- "$current")
}
_lxmert() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}"
  COMPREPLY=()
  # Bash takes the sign between a flag and its value for a word.
  if [[ "$current" == '=' ]]; then current=''
  elif [[ "$before" == '=' ]]; then before="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if (( COMP_CWORD == 1 )); then _lxmert_words ${quoted(`${words.join(' ')} help --help --version`)}; return; fi
  case "$command" in
${verbs.join('\n')}
  esac
  case "$command:$before" in
${valueCases(commands).join('\n')}
  esac
  if [[ "$current" == -* ]]; then
    case "$command" in
${commands.map(({ name, flags }) => `      ${quoted(name)}) _lxmert_words ${quoted(flags.map((flag) => flag.name).join(' '))} ;;`).join('\n')}
    esac
    return
  fi
  case "$command" in
${argumentCases(commands).join('\n')}
  esac
}
complete -F _lxmert lxmert
`;
}

/** What follows a flag; flags with the same values share a line. */
function valueCases(commands: readonly CompletedCommand[]): string[] {
  const places = new Map<string, string[]>();
  for (const { name, flags } of commands) {
    for (const flag of flags) {
      if (flag.value === undefined) continue;
      const names = flag.short === undefined ? [flag.name] : [flag.name, flag.short];
      const action = actionOf(flag.value);
      places.set(action, [...(places.get(action) ?? []), ...names.map((each) => quoted(`${name}:${each}`))]);
    }
  }
  return [...places].map(([action, where]) => `    ${where.join('|')}) ${action}return ;;`);
}

/** What stands without a flag. Which argument is meant cannot be told without knowing which words are values: all that take the same are completed alike. */
function argumentCases(commands: readonly CompletedCommand[]): string[] {
  return commands.flatMap(({ name, arguments: words }) => {
    const choices = words.flatMap(({ value }) => (value.kind === 'choices' ? value.choices : []));
    if (choices.length > 0)
      return [`    ${quoted(name)}) ${actionOf({ kind: 'choices', choices })}return ;;`];
    if (words.length === 0) return [];
    const areFolders = words.every(({ value }) => value.kind === 'folders');
    return [`    ${quoted(name)}) ${actionOf({ kind: areFolders ? 'folders' : 'files' })}return ;;`];
  });
}

function actionOf(value: CompletedValue): string {
  switch (value.kind) {
    case 'choices':
      return `_lxmert_words ${quoted(value.choices.join(' '))}; `;
    case 'files':
      return '_lxmert_paths -f; ';
    case 'folders':
      return '_lxmert_paths -d; ';
    case 'text':
      return '';
  }
}
