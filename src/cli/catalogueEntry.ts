/** @file A line of the catalogue of commands. */

import type { Command } from './command.js';

export const groups = ['Start here', 'Data', 'Models', 'This machine'] as const;

/** One line of `lxmert --help`. The file is imported when the command is used, not before. */
export interface CatalogueEntry {
  /** The words after `lxmert`, as in `features convert`. */
  readonly name: string;
  readonly group: (typeof groups)[number];
  /** A phrase in the imperative without a full stop, at most 70 characters. */
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}
