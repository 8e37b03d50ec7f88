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
  return { stdout: textOf(out), stderr: textOf(err), exitCode };
}

/** What was written into a stream that nobody reads. A single read() gives all of it before Node.js 26, one chunk from there on. */
export function textOf(stream: PassThrough): string {
  const chunks: Buffer[] = [];
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
