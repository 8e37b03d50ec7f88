/** @file The command line within the test's own process, with what it prints. */

import { PassThrough } from 'node:stream';
import { catalogue } from '../../src/cli/catalogue.js';
import { runCommandLine } from '../../src/cli/program.js';

/** Runs `lxmert` with these words. */
export async function lxmert(
  ...words: string[]
): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const streams = { stdout: out, stderr: err } as unknown as Record<'stdout' | 'stderr', NodeJS.WriteStream>;
  const exitCode = await runCommandLine(words, { ...streams, entries: catalogue });
  const textOf = (stream: PassThrough): string => (stream.read() as Buffer | null)?.toString('utf8') ?? '';
  return { stdout: textOf(out), stderr: textOf(err), exitCode };
}
