/** @file A small set of commands that exercises every kind of flag, and a way to run command lines in a test. */

import { Writable } from 'node:stream';
import { z } from 'zod';
import type { CatalogueEntry } from '../../src/cli/catalogue.js';
import { defineCommand } from '../../src/cli/command.js';
import { existingFile, existingFolder, outputPath } from '../../src/cli/options.js';
import { runCommandLine } from '../../src/cli/program.js';
import { LxmertError, UsageError } from '../../src/common/errors.js';

const paint = defineCommand({
  description: 'Paints every kind of flag.',
  examples: [{ command: 'lxmert paint wall.txt', does: 'paints the wall' }],
  arguments: z.strictObject({
    wall: existingFile().describe('What to paint'),
    others: z.array(z.string()).optional().describe('More to paint'),
  }),
  options: z.strictObject({
    numCoats: z.int().min(1).max(9).default(2).describe('How many coats').meta({ short: 'n' }),
    dilution: z.number().gt(0).max(1).optional().describe('Share of water'),
    colour: z.enum(['red', 'blue']).default('red').describe('Which colour'),
    layers: z.array(z.int().min(0)).min(1).default([1, 2]).describe('Layers to paint'),
    brushes: z.array(outputPath()).optional().describe('Paths of brushes'),
    room: existingFolder().optional().describe('Where'),
    dry: z.boolean().default(false).describe('Only say what would be done'),
    varnish: z.boolean().default(true).describe('Leave out the varnish'),
  }),
  configurable: true,
  run: ({ arguments: words, options, out, notice }) => {
    notice('opening the pot');
    out('painting');
    return { words, options };
  },
  render: ({ options }) => `${options.numCoats} coats of ${options.colour}`,
});

const fail = defineCommand({
  description: 'Fails.',
  examples: [{ command: 'lxmert shop fail', does: 'fails' }],
  arguments: z.strictObject({}),
  options: z.strictObject({
    how: z.enum(['failure', 'usage', 'bug', 'missing', 'result', 'wait']).describe('In which way'),
  }),
  configurable: true,
  run: async ({ options, signal }): Promise<string> => {
    if (options.how === 'failure') throw new LxmertError('The weights are not whole.');
    if (options.how === 'usage') throw new UsageError('There is no such colour.');
    if (options.how === 'bug') throw new TypeError('x is undefined');
    if (options.how === 'missing') {
      throw Object.assign(new Error('ENOENT'), { code: 'ENOENT', path: '/nowhere/file.tsv' });
    }
    if (options.how === 'wait') {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      return 'saved';
    }
    return 'bad';
  },
  render: (result) => result,
  exitCode: (result) => (result === 'bad' ? 1 : 0),
});

export const entries: readonly CatalogueEntry[] = [
  { name: 'paint', group: 'Start here', summary: 'Paint', load: async () => ({ command: paint }) },
  { name: 'shop fail', group: 'Data', summary: 'Fail', load: async () => ({ command: fail }) },
  {
    name: 'shop broken',
    group: 'Data',
    summary: 'Never loads',
    load: () => Promise.reject(new Error('this file must not be imported')),
  },
];

/** What a command line printed and ended with. */
export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs a command line against `entries`, as if its output were piped. */
export async function lxmert(...words: string[]): Promise<Printed> {
  const stdout = new Sink();
  const stderr = new Sink();
  const streams = { stdout, stderr } as unknown as { stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream };
  const exitCode = await runCommandLine(words, { ...streams, entries });
  return { stdout: stdout.text, stderr: stderr.text, exitCode };
}

/** What a command line prints on a terminal, errors included, with its control sequences. */
export async function onTerminal(
  words: readonly string[],
  terminal: { readonly isTTY?: boolean; readonly columns?: number } = {},
): Promise<string> {
  const stdout = Object.assign(new Sink(), { isTTY: true, columns: 80, ...terminal });
  const stream = stdout as unknown as NodeJS.WriteStream;
  await runCommandLine(words, { stdout: stream, stderr: stream, entries });
  return stdout.text;
}

class Sink extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}
