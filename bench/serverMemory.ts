/**
 * @file What a server's memory grows to under many large uploads at once, and what it goes back to when they are over; ends
 * with 1 beyond the limits. `node dist/bench/serverMemory.js [--uploads 20] [--megabytes 25] [--progressive] [--rounds 1]
 * [--libtorch] [--base] [--peak 0.8] [--after 0.5] [--rest 60] [WORDS OF lxmert serve...]`
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { LxmertClient, LxmertClientError } from '../src/serve/client.js';
import { asAnother, noisePicture, progressivePicture } from './server/largePictures.js';
import { writeServedModel } from './server/servedModel.js';
import { startServer } from './server/serverProcess.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    uploads: { type: 'string', default: '20' },
    megabytes: { type: 'string', default: '25' },
    /** 64 megapixels each as a progressive JPEG, in place of noise. */
    progressive: { type: 'boolean', default: false },
    /** A small model on libtorch, in place of the one that comes along. */
    libtorch: { type: 'boolean', default: false },
    /** With --libtorch: one of the published size. */
    base: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '1' },
    /** Gigabytes that the server may have at most, and after a rest. */
    peak: { type: 'string', default: '0.8' },
    after: { type: 'string', default: '0.5' },
    /** Seconds. */
    rest: { type: 'string', default: '60' },
  },
});
const number = (name: 'uploads' | 'megabytes' | 'rounds' | 'peak' | 'after' | 'rest'): number =>
  Number(values[name]);
/** Milliseconds between two looks at the memory. */
const INTERVAL = 20;

const picture = values.progressive
  ? await progressivePicture()
  : await noisePicture(number('megabytes') * 1e6);
const folder = await mkdtemp(path.join(tmpdir(), 'lxmert-memory-'));
if (values.libtorch) await writeServedModel(folder, values.base ? 'base' : 'small');
const server = await startServer([...(values.libtorch ? ['--model', folder] : []), ...positionals]);
const client = new LxmertClient(server.address);
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
const counts = new Map<string, number>();
let numFailed = 0;
let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, server.residentBytes());
}, INTERVAL);

async function upload(index: number): Promise<void> {
  let outcome = 'answered';
  try {
    await client.answer(asAnother(picture, index), ['What is this?']);
  } catch (error) {
    outcome = error instanceof LxmertClientError ? `${error.status}: ${error.message}` : String(error);
    // To come again is a good answer; nothing else is.
    if (!(error instanceof LxmertClientError && error.retryAfter !== undefined)) numFailed++;
  }
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
}

try {
  // The first answer loads what all need.
  await upload(-1);
  counts.clear();
  await setTimeout(1000);
  const before = server.residentBytes();
  peak = before;
  console.log(
    `${values.uploads} uploads at once of ${(picture.length / 1e6).toFixed(1)} MB; before: ${gigabytes(before)}`,
  );
  for (let round = 0; round < number('rounds'); round++) {
    const start = performance.now();
    await Promise.all(Array.from({ length: number('uploads') }, (_, i) => upload(round * 1000 + i)));
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`at most ${gigabytes(peak)}, ${gigabytes(server.residentBytes())} after ${seconds} s`);
  }
  for (const [outcome, count] of counts) console.log(`  ${count} x ${outcome}`);
  const end = performance.now();
  let after = server.residentBytes();
  while (performance.now() - end < number('rest') * 1000 && after > number('after') * 1e9) {
    await setTimeout(INTERVAL);
    after = server.residentBytes();
  }
  console.log(`${gigabytes(after)} after ${((performance.now() - end) / 1000).toFixed(1)} s of rest`);
  if (peak > number('peak') * 1e9 || after > number('after') * 1e9 || numFailed > 0) process.exitCode = 1;
} finally {
  clearInterval(watch);
  await server.stop();
  await rm(folder, { recursive: true });
}
