/** @file The texts of `lxmert --help` and of what follows a command's options in its help. */

import { type CatalogueEntry, groups } from './catalogue.js';
import type { Example } from './command.js';
import type { Parameter } from './options.js';
import { formatDefault } from './options.js';

/** Shown by `lxmert --help`; commands that are not in the catalogue are left out. */
const firstSteps: readonly Example[] = [
  { command: 'lxmert quickstart', does: 'learns to answer questions about pictures in minutes' },
  { command: 'lxmert doctor', does: 'shows what computes here and how fast' },
  { command: 'lxmert finetune vqa --help', does: 'explains the flags of one command' },
];

/** The root help: commands by group, first steps, and where to read on. */
export function rootHelp(entries: readonly CatalogueEntry[]): string {
  const width = Math.max(...entries.map((entry) => entry.name.length));
  const lines = [
    'LXMERT for TypeScript: train, evaluate and use a vision-and-language transformer.',
    '',
    'Usage: lxmert COMMAND [flags]',
  ];
  for (const group of groups) {
    const members = entries.filter((entry) => entry.group === group);
    if (members.length === 0) continue;
    lines.push('', `${group}:`);
    for (const entry of members) lines.push(`  ${entry.name.padEnd(width)}  ${entry.summary}`);
  }
  const known = firstSteps.filter((step) =>
    entries.some((entry) => step.command.startsWith(`lxmert ${entry.name}`)),
  );
  if (known.length > 0) lines.push('', ...exampleLines(known));
  lines.push(
    '',
    'Every command takes --help, --json (the result as JSON on stdout) and --debug (stack traces).',
    'Documentation: README.md and docs/ of the project; every flag is listed in docs/reference/cli.md.',
  );
  return `${lines.join('\n')}\n`;
}

/** The help of a word with several verbs, as in `lxmert features --help`. */
export function verbsHelp(word: string, entries: readonly CatalogueEntry[]): string {
  const width = Math.max(...entries.map((entry) => entry.name.length));
  const lines = entries.map((entry) => `  ${entry.name.padEnd(width)}  ${entry.summary}`);
  return `Usage: lxmert ${word} VERB [flags]\n\n${lines.join('\n')}\n\nEach verb has its own --help.\n`;
}

/** "Examples:" with the command lines and what each does. */
export function exampleLines(examples: readonly Example[]): string[] {
  return ['Examples:', ...examples.flatMap((each) => [`  ${each.command}`, `      ${each.does}`])];
}

/** A flag's description with what its values must be and its default. */
export function parameterHelp(parameter: Parameter): string {
  const notes = parameterNotes(parameter);
  return notes.length === 0 ? parameter.description : `${parameter.description} (${notes.join('; ')})`;
}

/** What is said of a parameter beside its description: range, list, required, default. */
export function parameterNotes(parameter: Parameter): string[] {
  const notes: string[] = [];
  const isPlain = parameter.type !== 'number' || parameter.expectation === 'a number';
  if (!isPlain) notes.push(parameter.expectation);
  if (parameter.isList)
    notes.push(parameter.takesCommas ? 'several: with commas or repeated' : 'may be repeated');
  if (parameter.isRequired) notes.push('required');
  if (parameter.defaultValue !== undefined && parameter.type !== 'boolean') {
    notes.push(`default: ${formatDefault(parameter.defaultValue)}`);
  }
  return notes;
}
