/** @file What a person sees of a fetch: how far it is, and at an interrupt what becomes of it. */

import type { CommandContext, ProgressDisplay } from '../command.js';

const UNITS = { kB: 1e3, MB: 1e6 } as const;

/** A bar in whole units, which is told bytes. */
export function byteDisplay(
  { progress }: Pick<CommandContext<unknown, unknown>, 'progress'>,
  name: string,
  unit: keyof typeof UNITS,
): ProgressDisplay {
  const display = progress(name, unit);
  const rounded = (numBytes: number): number => Math.ceil(numBytes / UNITS[unit]);
  return {
    update: (done, total) => display.update(rounded(done), rounded(Math.max(done, total))),
    stop: () => display.stop(),
  };
}

/** Says at an interrupt what becomes of the beginning. @returns what ends that */
export function sayKeptAtInterrupt({
  signal,
  notice,
}: Pick<CommandContext<unknown, unknown>, 'signal' | 'notice'>): () => void {
  const sayKept = (): void => notice('What was fetched so far is kept; the same command goes on from there.');
  signal.addEventListener('abort', sayKept);
  return () => signal.removeEventListener('abort', sayKept);
}
