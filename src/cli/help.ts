/** @file The texts of `lxmert --help` and of what follows a command's options in its help. */

import { type CatalogueEntry, groups } from './catalogue.js';
import type { Example } from './command.js';
import type { Parameter } from './options.js';
import { wrapped, wrappedCommand } from './terminal/look.js';

/** Shown by `lxmert --help`; commands that are not in the catalogue are left out. */
const firstSteps: readonly Example[] = [
  { command: 'lxmert quickstart', does: 'learns to answer questions about pictures in minutes' },
  { command: 'lxmert doctor', does: 'shows what computes here and how fast' },
  { command: 'lxmert finetune vqa --help', does: 'explains the flags of one command' },
];

/** The root help: commands by group, first steps, and where to read on; in lines of at most `columns`. */
export function rootHelp(entries: readonly CatalogueEntry[], columns: number, heading = asItIs): string {
  const lines = [
    wrapped('LXMERT for TypeScript: train, evaluate and use a vision-and-language transformer.', columns),
    '',
    `${heading('Usage:')} lxmert COMMAND [flags]`,
  ];
  for (const group of groups) {
    const members = entries.filter((entry) => entry.group === group);
    if (members.length === 0) continue;
    lines.push('', heading(`${group}:`), ...summaries(members, entries, columns));
  }
  const known = firstSteps.filter((step) =>
    entries.some((entry) => step.command.startsWith(`lxmert ${entry.name}`)),
  );
  if (known.length > 0) lines.push('', ...exampleLines(known, columns, heading));
  lines.push(
    '',
    wrapped(
      'Every command takes --help, --json (the result as JSON on stdout), --quiet (no notices, no progress) and --debug (stack traces).',
      columns,
    ),
    wrapped(
      'Documentation: README.md and docs/ of the project; every flag is listed in docs/reference/cli.md.',
      columns,
    ),
  );
  return `${lines.join('\n')}\n`;
}

/** The help of a word with several verbs, as in `lxmert features --help`. */
export function verbsHelp(
  word: string,
  entries: readonly CatalogueEntry[],
  columns: number,
  heading = asItIs,
): string {
  const lines = summaries(entries, entries, columns);
  return `${heading('Usage:')} lxmert ${word} VERB [flags]\n\n${lines.join('\n')}\n\nEach verb has its own --help.\n`;
}

const asItIs = (text: string): string => text;

/** A line for each of `members`, in columns as wide as all `entries` need. */
function summaries(
  members: readonly CatalogueEntry[],
  entries: readonly CatalogueEntry[],
  columns: number,
): string[] {
  const width = Math.max(...entries.map((entry) => entry.name.length));
  const indent = width + 4;
  return members.map(
    ({ name, summary }) => `  ${name.padEnd(width)}  ${wrapped(summary, columns - indent, indent)}`,
  );
}

/** "Examples:" with the command lines and what each does. */
export function exampleLines(examples: readonly Example[], columns: number, heading = asItIs): string[] {
  return [
    heading('Examples:'),
    ...examples.flatMap(({ command, does }) => [
      `  ${wrappedCommand(command, columns, 2)}`,
      `      ${wrapped(does, columns - 6, 6)}`,
    ]),
  ];
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
  // Where nothing stands for something, the description says for what.
  const saysDefault = parameter.description.includes('[default: ');
  if (parameter.defaultValue !== undefined && parameter.type !== 'boolean' && !saysDefault) {
    notes.push(`default: ${formatDefault(parameter.defaultValue)}`);
  }
  return notes;
}

/** A default as help and documentation print it. */
function formatDefault(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(',');
  return typeof value === 'string' && value === '' ? 'empty' : String(value);
}
