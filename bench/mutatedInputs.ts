/**
 * @file Gives every reader of files damaged ones, and ends with 1 when one crashes the process, takes 20 s, 2 GiB, or says
 * something that is not for a person. Nothing harmful is kept: each input is made anew from seed, reader and number.
 * `node dist/bench/mutatedInputs.js [--inputs 10000] [--seed 1] [--reader WORDS]... [--from N] [--seconds S]
 * [--log FILE] [--keep FILE]`
 */

import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadCommandLine, makeKit } from './reliability/mutations/kit.js';
import { type Fault, type ReaderResult, runReader } from './reliability/mutations/readerRun.js';
import { readersOf } from './reliability/mutations/readers.js';
import { makeWholeFiles } from './reliability/mutations/wholeFiles.js';

const { values } = parseArgs({
  options: {
    /** Of each reader. */
    inputs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    /** A part of its name. */
    reader: { type: 'string', multiple: true, default: [] },
    from: { type: 'string', default: '0' },
    /** Goes on behind --inputs with as many, again and again, until the time is up. */
    seconds: { type: 'string' },
    log: { type: 'string' },
    keep: { type: 'string' },
  },
});
const [numInputs, seed, from] = [values.inputs, values.seed, values.from].map(Number) as [
  number,
  number,
  number,
];
if (!(numInputs >= 1) || !(seed >= 0) || !(from >= 0)) {
  console.error('mutatedInputs takes whole numbers for --inputs, --seed and --from.');
  process.exit(2);
}
/** Faults of one kind that are printed; all are in the log. */
const NUM_SHOWN = 3;

const folder = await mkdtemp(path.join(tmpdir(), 'lxmert-mutations-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const at = (name: string): string => path.join(folder, name);
const kit = makeKit(at('whole'), at('work'), await loadCommandLine());
await makeWholeFiles(kit);
const readers = readersOf(kit).filter(
  ({ name }) => values.reader.length === 0 || values.reader.some((part) => name.includes(part)),
);
console.log(`${numInputs} damaged inputs of each of ${readers.length} readers, seed ${seed}.`);
const results = new Map<string, ReaderResult>();
const end = performance.now() + Number(values.seconds ?? 0) * 1000;
const isUp = (): boolean => values.seconds !== undefined && performance.now() > end;
do {
  const sweep = [...results.values()][0]?.numInputs ?? 0;
  for (const [number, { name }] of readers.entries())
    if (!isUp()) await tryReader(name, number, from + sweep);
} while (values.seconds !== undefined && !isUp());
printTable();
if ([...results.values()].some(({ faults }) => faults.length > 0)) process.exitCode = 1;

async function tryReader(name: string, number: number, first: number): Promise<void> {
  mkdirSync(at(`work-${number}`));
  const result = await runReader({
    name,
    whole: kit.whole,
    work: at(`work-${number}`),
    seed,
    from: first,
    to: first + numInputs,
    state: at(`state-${number}-${first}`),
    ...(values.keep === undefined ? {} : { keep: values.keep }),
  });
  rmSync(at(`work-${number}`), { recursive: true, force: true });
  results.set(name, withBefore(result, results.get(name)));
  const { counts, faults, processorSeconds } = result;
  console.log(
    `${name}: ${counts.accepted} accepted, ${counts.refused} refused, ${faults.length} faults, ${processorSeconds.toFixed(0)} s of a processor`,
  );
  showFaults(faults);
  if (values.log !== undefined)
    appendFileSync(values.log, `${JSON.stringify({ seed, from: first, ...result })}\n`);
}

function withBefore(result: ReaderResult, before: ReaderResult | undefined): ReaderResult {
  if (before === undefined) return result;
  return {
    name: result.name,
    numInputs: before.numInputs + result.numInputs,
    counts: {
      accepted: before.counts.accepted + result.counts.accepted,
      refused: before.counts.refused + result.counts.refused,
    },
    faults: [...before.faults, ...result.faults],
    peakBytes: Math.max(before.peakBytes, result.peakBytes),
    processorSeconds: before.processorSeconds + result.processorSeconds,
    seconds: before.seconds + result.seconds,
  };
}

/** Faults that differ in names and numbers only are of one kind. */
function showFaults(faults: readonly Fault[]): void {
  const kinds = new Map<string, Fault[]>();
  for (const fault of faults) {
    const kind = fault.what.slice(0, 120).replace(/'[^']*'|"[^"]*"|\d+|\S*\//g, '_');
    kinds.set(kind, [...(kinds.get(kind) ?? []), fault]);
  }
  for (const alike of kinds.values()) {
    console.log(
      `  ${alike.length} x, --from ${alike
        .slice(0, NUM_SHOWN)
        .map(({ index }) => index)
        .join(', ')} --inputs 1:`,
    );
    const [{ what, file }] = alike as [Fault];
    console.log(`    ${file}: ${JSON.stringify(what.slice(0, 700))}`);
  }
}

function printTable(): void {
  console.log('\n| reader | inputs | accepted | refused | faults | peak memory | processor |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const { name, numInputs: count, counts, faults, peakBytes, processorSeconds } of results.values()) {
    const memory = `${(peakBytes / 2 ** 20).toFixed(0)} MiB`;
    console.log(
      `| ${name} | ${count} | ${counts.accepted} | ${counts.refused} | ${faults.length} | ${memory} | ${processorSeconds.toFixed(0)} s |`,
    );
  }
}
