/**
 * @file One reader and some of its damaged inputs, in a process that may crash or hang: the other side is readerRun.ts.
 * `node readerProcess.js WHOLE WORK READER SEED FROM TO STATE [KEEP]`
 */

import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { Random } from '../../../src/common/random.js';
import { liveTensors, setNumThreads } from '../../../src/torch/index.js';
import { makeKit, type Outcome, ReaderFault } from './kit.js';
import { type Case, type Reader, readersOf } from './readers.js';

const [whole = '', work = '', name = '', seed = '', from = '', to = '', state = '', keep] =
  process.argv.slice(2);
const kit = await makeKit(whole, work);
const reader = readersOf(kit).find((each) => each.name === name) as Reader;
const place = openSync(`${state}.place`, 'w');
const counts: Record<Outcome, number> = { accepted: 0, refused: 0 };
const originals = new Map(reader.cases.map(({ file }) => [file, readFileSync(path.join(whole, file))]));
const numBefore = liveTensors();
setNumThreads(1);

for (let i = Number(from); i < Number(to); i++) {
  // Written at once: whoever watches knows the input even when this process is gone.
  writeSync(place, String(i).padEnd(12), 0);
  const random = Random.derive(Number(seed), `${name}/${i}`);
  const each = random.pick(reader.cases);
  const file = damagedFile(each, random);
  if (keep !== undefined) copyFileSync(file, keep);
  try {
    counts[await each.read(kit, file)]++;
  } catch (error) {
    const isKnown = error instanceof ReaderFault;
    const what = isKnown ? error.message : `thrown: ${error instanceof Error ? error.stack : String(error)}`;
    appendFileSync(`${state}.faults`, `${JSON.stringify({ index: i, file: each.file, what })}\n`);
  }
}
if (liveTensors() !== numBefore) {
  const what = `${liveTensors() - numBefore} tensors were left`;
  appendFileSync(`${state}.faults`, `${JSON.stringify({ index: -1, file: '', what })}\n`);
}
writeFileSync(`${state}.counts`, JSON.stringify(counts));

/** One to three changes; the file has its own name, in an empty folder. */
function damagedFile({ file, mutate }: Case, random: Random): string {
  for (const left of readdirSync(kit.work))
    rmSync(path.join(kit.work, left), { recursive: true, force: true });
  mkdirSync(path.join(kit.work, 'out'));
  let bytes = originals.get(file) as Buffer;
  const numChanges = random.pick([1, 1, 2, 3]);
  for (let i = 0; i < numChanges; i++) bytes = mutate(bytes, random);
  const damaged = path.join(kit.work, path.basename(file));
  writeFileSync(damaged, bytes);
  return damaged;
}
