/**
 * @file One reader and some of its damaged inputs, in a process that may crash or hang: the other side is readerRun.ts.
 * `node readerProcess.js WHOLE WORK READER SEED FROM TO STATE [KEEP]`
 */

import { appendFileSync, copyFileSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { liveTensors, setNumThreads } from '../../../src/torch/index.js';
import { damagedInput } from './damagedInput.js';
import { loadCommandLine, makeKit, type Outcome, ReaderFault } from './kit.js';
import { readersOf } from './readers.js';
import type { Reader } from './ways.js';

const [whole = '', work = '', name = '', seed = '', from = '', to = '', state = '', keep] =
  process.argv.slice(2);
const kit = makeKit(whole, work, await loadCommandLine());
const reader = readersOf(kit).find((each) => each.name === name) as Reader;
const place = openSync(`${state}.place`, 'w');
const counts: Record<Outcome, number> = { accepted: 0, refused: 0 };
const numBefore = liveTensors();
setNumThreads(1);

for (let i = Number(from); i < Number(to); i++) {
  // Written at once: whoever watches knows the input even when this process is gone.
  writeSync(place, String(i).padEnd(12), 0);
  const { file, read } = damagedInput(kit, reader, Number(seed), i);
  if (keep !== undefined) copyFileSync(path.join(kit.work, path.basename(file)), keep);
  try {
    counts[await read()]++;
  } catch (error) {
    const isKnown = error instanceof ReaderFault;
    const what = isKnown ? error.message : `thrown: ${error instanceof Error ? error.stack : String(error)}`;
    appendFileSync(`${state}.faults`, `${JSON.stringify({ index: i, file, what })}\n`);
  }
}
if (liveTensors() !== numBefore) {
  const what = `${liveTensors() - numBefore} tensors were left`;
  appendFileSync(`${state}.faults`, `${JSON.stringify({ index: -1, file: '', what })}\n`);
}
writeFileSync(`${state}.counts`, JSON.stringify(counts));
