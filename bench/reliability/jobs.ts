/** @file The long commands on small data: their words, what they leave, and the moments at which a kill is worst. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { writeRandomDetector } from '../../src/bench/work/randomDetector.js';
import { BOTTOM_UP_ATTENTION } from '../../src/vision/detector/index.js';
import { start } from './program.js';

/** A moment that is found by watching the folder of a run. */
export interface Target {
  readonly name: string;
  /** Whether now is the moment. Looked at again after the kill: then it tells whether the kill was in time. */
  isNow(folder: string): boolean;
  /** Milliseconds to wait at most before the kill. */
  readonly delay?: number;
}

export interface Job {
  readonly name: string;
  /** What `lxmert` is given, in a folder of its own; the same words begin and go on. */
  readonly words: readonly string[];
  /** Of what it leaves in that folder, what must be the same bytes. */
  readonly output: string;
  readonly targets: readonly Target[];
}

export const JOB_NAMES = ['finetune', 'pretrain', 'extract', 'features convert'] as const;
export type JobName = (typeof JOB_NAMES)[number];

export interface JobSizes {
  readonly numImages: number;
  readonly numEpochs: number;
  readonly numPictures: number;
}

const BATCH_SIZE = 8;
/** A record is written each 20 steps; with 20 steps an epoch, the last one says that the evaluation has begun. */
export const STEPS_PER_EPOCH = 20;
const SNAPSHOT_STEPS = 7;

/** Makes the data of jobs in a folder. */
export async function makeJobs(
  folder: string,
  names: readonly JobName[],
  sizes: JobSizes,
): Promise<Map<JobName, Job>> {
  const jobs = new Map<JobName, Job>();
  const at = (...parts: string[]): string => path.join(folder, ...parts);
  await succeed('sample', at('world'), '--num-images', String(sizes.numImages), '--num-boxes', '8');
  const tsv = at('world/features/train_obj36.tsv');
  if (names.includes('finetune') || names.includes('pretrain')) {
    for (const split of ['train', 'minival'])
      await succeed('features', 'convert', at(`world/features/${split}_obj36.tsv`), at(split));
  }
  for (const name of names) {
    if (name === 'finetune') jobs.set(name, finetune(at, sizes));
    if (name === 'pretrain') jobs.set(name, pretrain(at, sizes));
    if (name === 'extract') jobs.set(name, await extract(at, sizes));
    if (name === 'features convert') jobs.set(name, convert(tsv));
  }
  return jobs;
}

async function succeed(...words: string[]): Promise<void> {
  const { status, stderr } = await start(words).ended;
  if (status !== 0) throw new Error(`lxmert ${words.join(' ')} ended with ${status}: ${stderr}`);
}

type At = (...parts: string[]) => string;

const SMALL =
  '--hidden-size 16 --attention-heads 2 --language-layers 1 --vision-layers 1 --cross-layers 1'.split(' ');

function trainingFlags(at: At, { numEpochs }: JobSizes): string[] {
  return [
    ...SMALL,
    ...['--epochs', String(numEpochs), '--batch-size', String(BATCH_SIZE), '--learning-rate', '1e-3'],
    ...['--features', at('train'), '--features', at('minival'), '--vocab', at('world/vocab.txt')],
    ...['--snapshot-steps', String(SNAPSHOT_STEPS), '--keep-snapshots', '3', '--output', 'run', '--resume'],
  ];
}

function finetune(at: At, sizes: JobSizes): Job {
  // The whole file is evaluated, so that an evaluation takes as long as an epoch.
  const all = at('world/vqa/train.json');
  const questions = JSON.parse(readFileSync(all, 'utf8')) as unknown[];
  writeFileSync(at('few.json'), JSON.stringify(questions.slice(0, BATCH_SIZE * STEPS_PER_EPOCH)));
  const answers = at('world/vqa/trainval_label2ans.json');
  return {
    name: 'finetune',
    words: [
      ...['finetune', 'vqa', ...trainingFlags(at, sizes)],
      ...['--train', at('few.json'), '--valid', all, '--answers', answers],
    ],
    output: 'run',
    targets: trainingTargets(sizes, 'LAST.pth'),
  };
}

function pretrain(at: At, sizes: JobSizes): Job {
  const all = at('world/captions/train.json');
  // Images with their sentences: enough of them for the steps, the rest of the sentences falls away.
  const images = JSON.parse(readFileSync(all, 'utf8')) as { sentf: Record<string, string[]> }[];
  let numLeft = BATCH_SIZE * STEPS_PER_EPOCH;
  const few = images.flatMap((image) => {
    const sentences = (image.sentf.mscoco ?? []).slice(0, numLeft);
    numLeft -= sentences.length;
    return sentences.length === 0 ? [] : [{ ...image, sentf: { mscoco: sentences }, labelf: {} }];
  });
  writeFileSync(at('captions.json'), JSON.stringify(few));
  return {
    name: 'pretrain',
    words: [
      ...['pretrain', ...trainingFlags(at, sizes), '--qa-weight', '0'],
      ...['--train', at('captions.json'), '--valid', all],
    ],
    output: 'run',
    targets: trainingTargets(sizes, 'Epoch02_LXRT.pth'),
  };
}

async function extract(at: At, { numPictures }: JobSizes): Promise<Job> {
  await writeRandomDetector(at('detector.safetensors'), BOTTOM_UP_ATTENTION);
  mkdirSync(at('photos'));
  // Long and flat, so that they are small for the detector too.
  for (let i = 0; i < numPictures; i++) {
    const noise = { type: 'gaussian', mean: 60 + 10 * (i % 12), sigma: 50 } as const;
    const create = { width: 400, height: 48, channels: 3, background: '#456', noise } as const;
    await sharp({ create })
      .png()
      .toFile(at('photos', `${i}.png`));
  }
  // Two given boxes of each: of the detector's time, describing hundreds of proposals is the most.
  const boxes = '"boxes": [[10, 5, 200, 40], [100, 0, 390, 47]]';
  const lines = Array.from({ length: numPictures }, (_, i) => `{"image": "${i}", ${boxes}}\n`);
  writeFileSync(at('boxes.jsonl'), lines.join(''));
  return {
    name: 'extract',
    words: [
      ...['extract', at('photos'), '--detector', at('detector.safetensors'), '--out', 'store'],
      ...['--shard-images', '4', '--boxes', at('boxes.jsonl')],
    ],
    output: 'store',
    targets: [
      {
        name: 'a picture is in work',
        isNow: (folder) => namesIn(folder, 'store.extracting/blocks').some((name) => name.endsWith('.claim')),
        delay: 1500,
      },
      {
        name: 'the output is put together',
        isNow: (folder) => namesIn(folder, 'store.extracting/assembly').length > 0,
        delay: 5,
      },
    ],
  };
}

function convert(tsv: string): Job {
  return {
    name: 'features convert',
    words: ['features', 'convert', tsv, 'store', '--shard-images', '8'],
    output: 'store',
    targets: [
      {
        name: 'a shard is half-written',
        isNow: (folder) => namesIn(folder, 'store').some((name) => name.endsWith('.partial')),
        delay: 20,
      },
      {
        name: 'between two shards',
        isNow: (folder) => {
          const names = namesIn(folder, 'store');
          return names.length > 0 && !names.some((name) => name.endsWith('.partial'));
        },
      },
    ],
  };
}

function trainingTargets({ numEpochs }: JobSizes, weights: string): Target[] {
  const ends = Array.from({ length: numEpochs }, (_, epoch) => (epoch + 1) * STEPS_PER_EPOCH);
  return [
    {
      name: "a snapshot's tensors are half-written",
      isNow: (folder) =>
        namesIn(folder, 'run/snapshots').some((name) => /^\.step.*tensors\..*partial$/.test(name)),
      delay: 3,
    },
    {
      name: 'a snapshot has tensors and no manifest yet',
      isNow: (folder) => {
        const names = new Set(namesIn(folder, 'run/snapshots'));
        return [...names].some(
          (name) => /^step.*tensors$/.test(name) && !names.has(name.replace('safetensors', 'json')),
        );
      },
    },
    {
      name: 'an evaluation goes on',
      isNow: (folder) => ends.some((step, epoch) => isEvaluating(folder, step, epoch)),
      delay: 300,
    },
    {
      name: 'weights are half-written',
      isNow: (folder) => namesIn(folder, 'run').some((name) => name.startsWith(`.${weights}.`)),
    },
    {
      // The record is written first: a run that went on behind the snapshot would lack it.
      name: 'an epoch has its record and not its snapshot yet',
      isNow: (folder) =>
        ends.some(
          (step, epoch) => !existsSync(manifest(folder, step)) && recordsIn(folder).some(isOfEpoch(epoch)),
        ),
    },
  ];
}

/** Its last step is known, its score is not, and nothing that comes after the score has begun. */
function isEvaluating(folder: string, step: number, epoch: number): boolean {
  const records = recordsIn(folder);
  return (
    records.some((record) => record.step === step) &&
    !records.some(isOfEpoch(epoch)) &&
    !existsSync(manifest(folder, step)) &&
    !namesIn(folder, 'run').some((name) => name.endsWith('.partial'))
  );
}

interface MetricsRecord {
  readonly step?: number;
  readonly epoch?: number;
}

const isOfEpoch =
  (epoch: number) =>
  (record: MetricsRecord): boolean =>
    record.step === undefined && record.epoch === epoch;

function manifest(folder: string, step: number): string {
  return path.join(folder, 'run/snapshots', `step-${String(step).padStart(10, '0')}.json`);
}

/** Whole lines of metrics.jsonl. */
export function recordsIn(folder: string): MetricsRecord[] {
  const file = path.join(folder, 'run/metrics.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as MetricsRecord);
}

function namesIn(folder: string, name: string): string[] {
  try {
    return readdirSync(path.join(folder, name));
  } catch {
    return [];
  }
}
