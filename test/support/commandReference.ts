/** @file Commands in prose against docs/reference/cli.md, which is made from the commands' own descriptions. */

import { readFileSync } from 'node:fs';

/** Flags by command, and which of them are required. */
const commands = new Map<string, { flags: Set<string>; required: string[] }>();
for (const section of readFileSync('docs/reference/cli.md', 'utf8')
  .split(/^### lxmert /m)
  .slice(1)) {
  const name = section.slice(0, section.indexOf('\n')).trim();
  const rows = [...section.matchAll(/^\| `(--[\w-]+)[^`]*`.*\|(.*)\|$/gm)];
  commands.set(name, {
    flags: new Set(['--json', '--debug', '--help', ...rows.map((row) => row[1]!)]),
    required: rows.filter((row) => /\brequired\b/.test(row[2]!)).map((row) => row[1]!),
  });
}

/**
 * What is wrong with a command as it stands in a message or a page: no such command, a flag it has not, a required one that is
 * absent.
 *
 * @param isWhole whether required flags must be there: a sentence may name a command alone
 */
export function faultOfCommand(text: string, isWhole = true): string | undefined {
  const words = text.replace(/^npx /, '').split(/\s+/).slice(1);
  const name = [3, 2, 1].map((length) => words.slice(0, length).join(' ')).find((each) => commands.has(each));
  const command = name === undefined ? undefined : commands.get(name);
  if (command === undefined) return `there is no command '${text}'`;
  const flags = words.filter((word) => word.startsWith('--')).map((flag) => flag.replace(/[=.,;:].*$/, ''));
  const unknown = flags.find(
    (flag) => !command.flags.has(flag) && !command.flags.has(flag.replace(/^--no-/, '--')),
  );
  if (unknown !== undefined) return `lxmert ${name} has no flag ${unknown}`;
  const absent = command.required.find((flag) => !flags.includes(flag));
  return isWhole && absent !== undefined ? `lxmert ${name} needs ${absent}` : undefined;
}
