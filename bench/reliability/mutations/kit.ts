/** @file What readers are tried with: a folder of whole files to damage, and the program within this process. */

import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { faultsOfMessage } from '../messages.js';

/** `accepted`: it was read, damaged or not; `refused`: with a sentence for a person. */
export type Outcome = 'accepted' | 'refused';

/** Something that a reader must not do, whatever it is given. */
export class ReaderFault extends Error {}

/** Whole files, made once; see makeWholeFiles. */
export interface Kit {
  /** What is there to be damaged and used beside: read only. */
  readonly whole: string;
  /** Where a damaged file lies, and what commands write; emptied for each input. */
  readonly work: string;
  /** Runs `lxmert WORDS` here. @throws ReaderFault for what it must not say or end with */
  run(...words: string[]): Promise<Outcome>;
}

/** The program as a function. */
export interface CommandLine {
  readonly runCommandLine: (
    words: readonly string[],
    surroundings: { stdout: Writable; stderr: Writable; entries: unknown },
  ) => Promise<number>;
  readonly catalogue: unknown;
}

/** A file of the checkout. */
export function checkoutFile(...parts: string[]): string {
  let root = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(root, 'package.json'))) root = path.dirname(root);
  return path.join(root, ...parts);
}

/** The built program. A process of its own for each input would take longer than all readers. */
export async function loadCommandLine(): Promise<CommandLine> {
  const load = (name: string): Promise<CommandLine> =>
    import(new URL(`../../../src/cli/${name}`, import.meta.url).href) as Promise<CommandLine>;
  const { runCommandLine } = await load('program.js');
  const { catalogue } = await load('catalogue.js');
  return { runCommandLine, catalogue };
}

export function makeKit(whole: string, work: string, { runCommandLine, catalogue }: CommandLine): Kit {
  mkdirSync(work, { recursive: true });
  return {
    whole,
    work,
    async run(...words) {
      const [stdout, stderr] = [new Sink(), new Sink()];
      const exitCode = await runCommandLine(words, { stdout, stderr, entries: catalogue });
      const faults = [...faultsOfOutput(stdout.text), ...faultsOfOutput(stderr.text)];
      if (exitCode !== 0 && stderr.text.trim() === '' && stdout.text.trim() === '')
        faults.push('nothing is said');
      if (exitCode > 2) faults.push(`the exit code ${exitCode}`);
      if (faults.length > 0) {
        const said = `${stderr.text}${stdout.text}`.trim();
        throw new ReaderFault(`lxmert ${words[0]} ${words[1]}: ${faults.join('; ')}: ${said}`);
      }
      return exitCode === 0 ? 'accepted' : 'refused';
    },
  };
}

const faultsOfOutput = (text: string): string[] => (text === '' ? [] : faultsOfMessage(text));

class Sink extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}
