/** @file Every reader of files: the whole files that it is given damaged, how they are damaged, and how they are read. */

import { cpSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { CheckpointFile } from '../../../src/checkpoint/index.js';
import { streamAnnotatedImages } from '../../../src/data/annotations/pretrainingAnnotations.js';
import { loadAnswerTable } from '../../../src/data/answerTableFiles.js';
import { GivenBoxes } from '../../../src/extraction/index.js';
import { loadModel } from '../../../src/inference/modelFolder.js';
import { loadTask } from '../../../src/tasks/registry.js';
import { loadVocabulary } from '../../../src/text/vocabularyFile.js';

import { scope } from '../../../src/torch/index.js';
import { decodeImage } from '../../../src/vision/decodeImage.js';
import { loadLabelNames } from '../../../src/vision/detector/labelFiles.js';
import { archiveReaders } from './archiveReaders.js';
import { arrayReaders } from './arrayReaders.js';
import { type ByteMutation, mutateBytes } from './bytes.js';
import { mutateSafetensors, mutateZipMember } from './containers.js';
import { mutateJson, mutateJsonLines } from './json.js';
import type { Kit } from './kit.js';
import { mutateCsv, mutateTsv } from './tables.js';
import {
  all,
  type Case,
  command,
  convertFeatures,
  direct,
  drain,
  inFolder,
  out,
  type Reader,
  whole,
} from './ways.js';
import { runWords } from './wholeFiles.js';

/** Each tensor is materialised: sizes that the file only claims would be taken here. */
const openTensors = direct(async (file) => {
  const checkpoint = await CheckpointFile.open(file);
  for (const name of checkpoint.entries.keys()) scope(() => void checkpoint.tensor(name));
});

const readCheckpoint = all(
  command((file) => ['checkpoint', 'info', file]),
  command((file, kit) => ['checkpoint', 'convert', file, out(kit, 'x.safetensors'), '--to', 'huggingface']),
  openTensors,
);

const checkpoints = (name: string, mutate: ByteMutation, ...files: string[]): Reader => ({
  name,
  cases: files.map((file) => ({ file: `checkpoints/${file}`, mutate, read: readCheckpoint })),
});

/** A store whose one shard is damaged. */
const readStore: Case['read'] = all(
  command((file) => ['features', 'info', path.dirname(file)]),
  command((file) => ['features', 'verify', path.dirname(file)]),
  command((file, kit) => ['features', 'convert', path.dirname(file), out(kit, 'x.tsv')]),
);

const question = (task: string, file: string, mutate: ByteMutation = mutateJson): Case => ({
  file,
  mutate,
  read: direct(async (damaged) => drain((await loadTask(task)).read(damaged))),
});

const prepare = (task: string, file: string, mutate: ByteMutation = mutateJson): Case => ({
  file,
  mutate,
  read: (kit, damaged) =>
    kit.run('prepare', task, inFolder(kit, damaged, path.dirname(file)), '--output', out(kit, 'prepared')),
});

const score = (
  task: string,
  file: string,
  words: (file: string, kit: Kit) => string[],
  mutate = mutateJson,
): Case => ({
  file,
  mutate,
  read: command((damaged, kit) => ['score', task, ...words(damaged, kit)]),
});

const runFile = (file: string, mutate: ByteMutation): Case => ({
  file: `run/${file}`,
  mutate,
  read: async (kit, damaged) => {
    const folder = inFolder(kit, damaged, 'run');
    return all(
      command(() => ['report', folder, '--output', out(kit, 'report.html')]),
      direct(async () => {
        for (const model of (await loadModel({ model: folder })).models) model.dispose();
      }),
    )(kit, damaged);
  },
});

const resumed = (file: string, mutate: ByteMutation): Case => ({
  file: `run/${file}`,
  mutate,
  read: (kit, damaged) => kit.run(...runWords(kit, inFolder(kit, damaged, 'run'))),
});

/** The snapshot has the number of its step in its name. */
function snapshotFiles(kit: Kit): string[] {
  const folder = whole(kit, 'run/snapshots');
  return existsSync(folder) ? readdirSync(folder).map((name) => `snapshots/${name}`) : [];
}

const picture = (name: string, ...files: string[]): Reader => ({
  name,
  cases: files.map((file) => ({
    file: `pictures/${file}`,
    mutate: mutateBytes,
    read: direct((damaged) => decodeImage(damaged)),
  })),
});

/** All of them, by the kit's files. */
export function readersOf(kit: Kit): readonly Reader[] {
  return [
    checkpoints('checkpoint, .pth as zip', mutateZipMember, 'model.pth', 'dtypes_zip.pth'),
    checkpoints('checkpoint, older .pth', mutateBytes, 'dtypes_legacy.pth'),
    checkpoints('checkpoint, safetensors', mutateSafetensors, 'model.safetensors'),
    checkpoints('checkpoint, pickled NumPy', mutateBytes, 'numpy-2.pkl', 'numpy-4.pkl', 'numpy-python2.pkl'),
    checkpoints('checkpoint, .caffemodel', mutateBytes, 'net.caffemodel'),
    ...featureReaders(),
    ...arrayReaders(),
    ...archiveReaders(),
    ...questionReaders(),
    ...tableReaders(),
    {
      name: 'run folder',
      cases: [
        runFile('config.json', mutateJson),
        runFile('metrics.jsonl', mutateJsonLines),
        runFile('scores.json', mutateJson),
        runFile('log.log', mutateBytes),
        runFile('vocab.txt', mutateBytes),
        runFile('trainval_label2ans.json', mutateJson),
        runFile('BEST.pth', mutateZipMember),
      ],
    },
    {
      name: 'run to resume',
      cases: [
        resumed('config.json', mutateJson),
        resumed('metrics.jsonl', mutateJsonLines),
        ...snapshotFiles(kit).map((file) =>
          resumed(file, file.endsWith('.json') ? mutateJson : mutateSafetensors),
        ),
      ],
    },
    examined(),
    picture('picture, JPEG', 'plain.jpg', 'progressive.jpg', 'cmyk.jpg'),
    picture('picture, PNG', 'plain.png', 'palette.png', 'deep.png'),
    picture('picture, WebP', 'lossy.webp', 'lossless.webp'),
    picture('picture, GIF', 'plain.gif'),
    picture('picture, TIFF', 'lzw.tiff', 'tiles.tiff'),
  ];
}

/** `doctor --files` looks at whatever there is. */
function examined(): Reader {
  const files: readonly (readonly [string, ByteMutation])[] = [
    ['checkpoints/model.pth', mutateZipMember],
    ['checkpoints/dtypes_legacy.pth', mutateBytes],
    ['checkpoints/model.safetensors', mutateSafetensors],
    ['checkpoints/numpy-4.pkl', mutateBytes],
    ['checkpoints/net.caffemodel', mutateBytes],
    ['features/few_obj36.tsv', mutateTsv],
    ['features/few_obj36.zip', mutateZipMember],
    ['features/store/shard-00000.safetensors', mutateSafetensors],
    ['vqa/v2_mscoco_val2014_annotations.json', mutateJson],
    ['gqa/val_balanced_questions.json', mutateJson],
    ['nlvr2/dev.json', mutateJsonLines],
    ['nlvr2/predictions.csv', mutateCsv],
    ['vizwiz/predictions.json', mutateJson],
    ['captions/karpathy.json', mutateJson],
    ['custom/lines.jsonl', mutateJsonLines],
    ['tables/vocab.txt', mutateBytes],
    ['tables/trainval_label2ans.json', mutateJson],
    ['pictures/plain.png', mutateBytes],
    ['pictures/lzw.tiff', mutateBytes],
  ];
  const read = command((file) => ['doctor', '--files', file]);
  return {
    name: 'any file, by doctor --files',
    cases: files.map(([file, mutate]) => ({ file, mutate, read })),
  };
}

function featureReaders(): Reader[] {
  return [
    {
      name: 'features, TSV',
      cases: ['few_obj36.tsv', 'unix_obj36.tsv'].map((name) => ({
        file: `features/${name}`,
        mutate: mutateTsv,
        read: convertFeatures,
      })),
    },
    {
      name: 'features, zip',
      cases: [{ file: 'features/few_obj36.zip', mutate: mutateZipMember, read: convertFeatures }],
    },
    {
      name: 'features, shard',
      cases: [{ file: 'features/store/shard-00000.safetensors', mutate: mutateSafetensors, read: readStore }],
    },
    {
      name: 'features, origin and boxes',
      cases: [
        {
          file: 'features/back_obj36.tsv.provenance.json',
          mutate: mutateJson,
          read: async (kit, damaged) => {
            cpSync(whole(kit, 'features/back_obj36.tsv'), path.join(kit.work, 'back_obj36.tsv'));
            return convertFeatures(kit, damaged.replace('.provenance.json', ''));
          },
        },
        {
          file: 'custom/boxes.jsonl',
          mutate: mutateJsonLines,
          read: direct((file) => GivenBoxes.read(file)),
        },
      ],
    },
  ];
}

function questionReaders(): Reader[] {
  return [
    {
      name: 'questions, JSON',
      cases: [
        question('vqa', 'world/vqa/minival.json'),
        question('gqa', 'world/gqa/valid.json'),
        question('nlvr2', 'world/nlvr2/valid.json'),
        question('vizwiz', 'vizwiz/val.json'),
        question('match', 'captions/coco.json'),
        question('match', 'captions/karpathy.json'),
        {
          file: 'world/captions/minival.json',
          mutate: mutateJson,
          read: direct((file) => drain(streamAnnotatedImages(file))),
        },
      ],
    },
    {
      name: 'questions, JSON lines',
      cases: [
        question('custom', 'custom/lines.jsonl', mutateJsonLines),
        question('custom', 'custom/weighted.jsonl', mutateJsonLines),
        question('custom-pairs', 'custom/pairs.jsonl', mutateJsonLines),
        question('match', 'custom/lines.jsonl', mutateJsonLines),
      ],
    },
    {
      name: 'official files',
      cases: [
        prepare('vqa', 'vqa/v2_OpenEnded_mscoco_val2014_questions.json'),
        prepare('vqa', 'vqa/v2_mscoco_val2014_annotations.json'),
        prepare('gqa', 'gqa/val_balanced_questions.json'),
        prepare('nlvr2', 'nlvr2/dev.json', mutateJsonLines),
        prepare('answers', 'world/captions/minival.json'),
        {
          file: 'captions/coco.json',
          mutate: mutateJson,
          read: command((file, kit) => ['prepare', 'captions', file, '--output', out(kit, 'c.jsonl')]),
        },
      ],
    },
    {
      name: 'predictions and what they are scored with',
      cases: [
        score('vqa', 'vqa/predictions.json', (file, kit) => [
          ...[file, '--annotations', whole(kit, 'vqa/v2_mscoco_val2014_annotations.json')],
        ]),
        score('vqa', 'vqa/v2_mscoco_val2014_annotations.json', (file, kit) => [
          ...[whole(kit, 'vqa/predictions.json'), '--annotations', file, '--missing', 'skip'],
        ]),
        score('gqa', 'gqa/predictions.json', (file, kit) => [
          ...[file, '--questions', whole(kit, 'gqa/val_balanced_questions.json')],
        ]),
        score('gqa', 'gqa/val_balanced_questions.json', (file, kit) => [
          ...[whole(kit, 'gqa/predictions.json'), '--questions', file, '--consistency', '--extra', 'ignore'],
        ]),
        score('gqa', 'gqa/val_choices.json', (file, kit) => [
          ...[
            whole(kit, 'gqa/predictions.json'),
            '--questions',
            whole(kit, 'gqa/val_balanced_questions.json'),
          ],
          ...['--choices', file],
        ]),
        score(
          'nlvr2',
          'nlvr2/predictions.csv',
          (file, kit) => [file, '--questions', whole(kit, 'nlvr2/dev.json')],
          mutateCsv,
        ),
        score(
          'nlvr2',
          'nlvr2/dev.json',
          (file, kit) => [whole(kit, 'nlvr2/predictions.csv'), '--questions', file, '--missing', 'wrong'],
          mutateJsonLines,
        ),
        score('vizwiz', 'vizwiz/predictions.json', (file, kit) => [
          ...[file, '--annotations', whole(kit, 'vizwiz/val.json')],
        ]),
        score('vizwiz', 'vizwiz/val.json', (file, kit) => [
          ...[whole(kit, 'vizwiz/predictions.json'), '--annotations', file],
        ]),
      ],
    },
  ];
}

function tableReaders(): Reader[] {
  const settings = (file: string, mutate: ByteMutation): Case => ({
    file,
    mutate,
    read: command((damaged) => ['finetune', 'vqa', '--config', damaged, '--print-config']),
  });
  return [
    { name: 'settings, TOML', cases: [settings('config.toml', mutateBytes)] },
    { name: 'settings, JSON', cases: [settings('config.json', mutateJson)] },
    {
      name: 'vocabularies and names of classes',
      cases: [
        { file: 'tables/vocab.txt', mutate: mutateBytes, read: direct((file) => loadVocabulary(file)) },
        {
          file: 'tables/objects_vocab.txt',
          mutate: mutateBytes,
          read: direct((file) => loadLabelNames({ objects: file }, undefined)),
        },
      ],
    },
    {
      name: 'answer tables',
      cases: ['all_ans.json', 'trainval_label2ans.json'].map((name) => ({
        file: `tables/${name}`,
        mutate: mutateJson,
        read: all(
          direct((file) => loadAnswerTable(file)),
          direct((file) => loadAnswerTable(file)),
        ),
      })),
    },
  ];
}
