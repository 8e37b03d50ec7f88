/** @file The command-line reference (docs/reference/cli.md), made from the same descriptions as the help. */

import { type CatalogueEntry, groups } from './catalogue.js';
import type { Command } from './command.js';
import { flagsOf } from './config/config.js';
import { parameterNotes } from './help.js';
import { type Parameter, parametersOf } from './options.js';

const opening = `# Command line

<!-- Made from the commands' own descriptions by \`npm run docs:cli\`; a test fails when it is behind them. -->

\`lxmert COMMAND [flags]\`; \`lxmert COMMAND --help\` says the same as this page.

- Every command takes \`--json\` (the result as JSON on stdout, everything else on stderr), \`--quiet\` (neither notices
  nor progress: results and failures only), \`--debug\` (a stack trace with a failure) and \`--help\`.
- Colours are printed on a terminal only. \`NO_COLOR\` switches them off, \`FORCE_COLOR=1\` on; on a terminal with
  \`TERM=dumb\` there are neither colours nor bars.
- Flags that take several values take them with commas or repeated.
- Commands with \`--config\` read flags, required ones too, from a file: [configuration.md](configuration.md).
- Exit codes: 0 done; 1 failed, or the result is bad news; 2 wrong use (unknown flag, bad value, missing file); 130 and
  143 stopped by Ctrl-C or SIGTERM. The first Ctrl-C lets the command save what it has, the second stops at once.
- Progress and notices go to stderr, results to stdout.
`;

/** The whole page as Markdown. */
export async function renderReference(entries: readonly CatalogueEntry[]): Promise<string> {
  const sections: string[] = [opening];
  for (const group of groups) {
    const members = entries.filter((entry) => entry.group === group);
    if (members.length === 0) continue;
    sections.push(`## ${group}\n`);
    for (const entry of members) sections.push(sectionOf(entry, (await entry.load()).command));
  }
  return `${sections.join('\n').trimEnd()}\n`;
}

function sectionOf(entry: CatalogueEntry, command: Command): string {
  const words = parametersOf(command.arguments);
  const options = flagsOf(command);
  const usage = [`lxmert ${entry.name}`, options.length > 0 ? '[flags]' : '', ...words.map(usageOf)];
  const lines = [`### lxmert ${entry.name}`, '', `${entry.summary}.`, '', command.description, ''];
  lines.push('```', usage.filter(Boolean).join(' '), '```', '');
  if (words.length > 0) lines.push(...table('Argument', words, (each) => each.name), '');
  if (options.length > 0) lines.push(...table('Flag', options, flagOf), '');
  lines.push('```sh');
  for (const example of command.examples) lines.push(`# ${example.does}`, example.command);
  lines.push('```', '');
  return lines.join('\n');
}

function usageOf(parameter: Parameter): string {
  const name = parameter.isList ? `${parameter.name}...` : parameter.name;
  return parameter.isRequired ? `<${name}>` : `[${name}]`;
}

function flagOf(parameter: Parameter): string {
  const short = parameter.short === undefined ? '' : `-${parameter.short}, `;
  if (parameter.type !== 'boolean') return `${short}--${parameter.name} ${parameter.valueName}`;
  return `${short}--${parameter.defaultValue === true ? 'no-' : ''}${parameter.name}`;
}

function table(
  title: string,
  parameters: readonly Parameter[],
  nameOf: (each: Parameter) => string,
): string[] {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  return [
    `| ${title} | | |`,
    '| --- | --- | --- |',
    ...parameters.map((each) => {
      const notes = parameterNotes(each).join('; ');
      return `| \`${cell(nameOf(each))}\` | ${cell(each.description)} | ${cell(notes)} |`;
    }),
  ];
}
