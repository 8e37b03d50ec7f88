/** @file A line of the catalogue of commands. */

import type { NamedCommand } from './command.js';

export const groups = ['Start here', 'Data', 'Models', 'This machine'] as const;

/** One line of `lxmert --help`. */
export interface CatalogueEntry extends NamedCommand {
  readonly group: (typeof groups)[number];
}
