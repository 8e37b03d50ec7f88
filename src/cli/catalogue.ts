/** @file Every command by name, with its one-line summary and the file that holds it. */

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

/** In the order of the root help. */
export const catalogue: readonly CatalogueEntry[] = [
  {
    name: 'doctor',
    group: 'This machine',
    summary: 'Show what computes here, how fast, and what would be faster',
    load: () => import('./commands/doctor.js'),
  },
];
