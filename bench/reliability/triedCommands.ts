/** @file The commands that write, on small data, for the driver of faults. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TriedCommand } from './faultTrials.js';
import { type JobName, makeJobs } from './jobs.js';
import { start } from './program.js';

const JOBS: readonly JobName[] = ['finetune', 'pretrain', 'extract', 'features convert'];

const ASKING = [
  'predict',
  'evaluate',
  'checkpoint convert',
  'checkpoint info',
  'features verify',
  'features to TSV',
  'report',
];

/** Makes their data in a folder. */
export async function makeTriedCommands(folder: string, names: readonly string[]): Promise<TriedCommand[]> {
  const at = (...parts: string[]): string => path.join(folder, ...parts);
  const wanted = JOBS.filter((name) => names.includes(name));
  // Fine-tuning makes the model that others ask.
  const isAsked = names.some((name) => ASKING.includes(name));
  const needed = JOBS.filter((name) => (name === 'finetune' && isAsked) || wanted.includes(name));
  const jobs = await makeJobs(folder, needed, { numImages: 60, numEpochs: 2, numPictures: 3 });
  if (isAsked) {
    mkdirSync(at('model'));
    const { status, stderr } = await start(jobs.get('finetune')?.words ?? [], { cwd: at('model') }).ended;
    if (status !== 0) throw new Error(stderr);
  }
  const asked = ['--model', at('model/run'), '--features', at('minival')];
  const valid = at('world/vqa/minival.json');
  writeOfficialFiles(at('official'), valid);
  const weights = at('model/run/BEST.pth');
  const others: TriedCommand[] = [
    command('sample', false, 'sample', 'world', '--num-images', '20', '--num-boxes', '6'),
    command('predict', true, 'predict', 'vqa', valid, '--output', 'answers.json', ...asked),
    command('evaluate', true, 'evaluate', 'vqa', valid, ...asked),
    command(
      'checkpoint convert',
      true,
      'checkpoint',
      'convert',
      weights,
      'x.safetensors',
      '--to',
      'huggingface',
    ),
    command('checkpoint info', true, 'checkpoint', 'info', weights),
    command(
      'prepare vqa',
      true,
      'prepare',
      'vqa',
      at('official'),
      '--output',
      'out',
      '--min-occurrences',
      '1',
      '--overwrite',
    ),
    command(
      'prepare captions',
      true,
      'prepare',
      'captions',
      at('world/captions/train.json'),
      '--output',
      'captions.jsonl',
    ),
    command('features to TSV', false, 'features', 'convert', at('minival'), 'copy.tsv'),
    command('features verify', true, 'features', 'verify', at('train')),
    command('report', true, 'report', at('model/run'), '--output', 'page.html'),
  ];
  const long = wanted.map(
    (name): TriedCommand => ({ name, words: jobs.get(name)?.words ?? [], repeats: true }),
  );
  return [...long, ...others.filter(({ name }) => names.includes(name))];
}

export const TRIED_NAMES = [
  ...JOBS,
  ...[
    'sample',
    'predict',
    'evaluate',
    'checkpoint convert',
    'checkpoint info',
    'prepare vqa',
    'prepare captions',
  ],
  ...['features to TSV', 'features verify', 'report'],
];

function command(name: string, repeats: boolean, ...words: string[]): TriedCommand {
  return { name, repeats, words };
}

/** The official files that the sample world's questions would have come from. */
function writeOfficialFiles(folder: string, questions: string): void {
  mkdirSync(folder);
  interface Example {
    readonly question_id: number;
    readonly img_id: string;
    readonly sent: string;
    readonly label: Record<string, number>;
  }
  const examples = JSON.parse(readFileSync(questions, 'utf8')) as Example[];
  const write = (name: string, content: unknown): void =>
    writeFileSync(path.join(folder, name), JSON.stringify(content));
  const ids = examples.map(({ question_id }, image_id) => ({ question_id, image_id }));
  write('v2_OpenEnded_mscoco_val2014_questions.json', {
    questions: ids.map((each, i) => ({ ...each, question: examples[i]?.sent })),
  });
  write('v2_mscoco_val2014_annotations.json', {
    annotations: ids.map((each, i) => {
      const [answer = ''] = Object.keys(examples[i]?.label ?? {});
      return {
        ...{ ...each, question_type: 'what', answer_type: 'other', multiple_choice_answer: answer },
        answers: Array.from({ length: 10 }, (_, k) => ({
          answer,
          answer_confidence: 'yes',
          answer_id: k + 1,
        })),
      };
    }),
  });
}
