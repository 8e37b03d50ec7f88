/** @file Every command by name, with its one-line summary and the file that holds it. */

import type { Command } from './command.js';

export const groups = ['Start here', 'Data', 'Models', 'This machine'] as const;

/** One line of `lxmert --help`. The file is imported when the command is used, not before. */
export interface CatalogueEntry {
  /** The words after `lxmert`, as in `features convert`. */
  readonly name: string;
  readonly group: (typeof groups)[number];
  /** A phrase in the imperative without a full stop, at most 70 characters. */
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

/** In the order of the root help. */
export const catalogue: readonly CatalogueEntry[] = [
  {
    name: 'quickstart',
    group: 'Start here',
    summary: 'Train a small model on pictures drawn here and see it answer',
    load: () => import('./commands/quickstart.js'),
  },
  {
    name: 'answer',
    group: 'Start here',
    summary: 'Answer a question about a picture',
    load: () => import('./commands/answer.js'),
  },
  {
    name: 'explain',
    group: 'Start here',
    summary: 'Show what an answer about one image was found in',
    load: () => import('./commands/explain.js'),
  },
  {
    name: 'serve',
    group: 'Models',
    summary: 'Serve a page and an API that answer questions about pictures',
    load: () => import('./commands/serve.js'),
  },
  {
    name: 'sample',
    group: 'Data',
    summary: 'Draw a small world of pictures and questions',
    load: () => import('./commands/sample.js'),
  },
  {
    name: 'download',
    group: 'Data',
    summary: 'Fetch the published weights, annotations and features',
    load: () => import('./commands/download.js'),
  },
  {
    name: 'pretrain',
    group: 'Models',
    summary: 'Pre-train LXMERT on sentences and images',
    load: () => import('./commands/pretrain.js'),
  },
  {
    name: 'finetune vqa',
    group: 'Models',
    summary: 'Train a model to answer questions about images',
    load: () => import('./commands/finetuneVqa.js'),
  },
  {
    name: 'finetune gqa',
    group: 'Models',
    summary: 'Train a model on the compositional questions of GQA',
    load: () => import('./commands/finetuneGqa.js'),
  },
  {
    name: 'finetune nlvr2',
    group: 'Models',
    summary: 'Train a model to judge statements about two images',
    load: () => import('./commands/finetuneNlvr2.js'),
  },
  {
    name: 'finetune custom',
    group: 'Models',
    summary: 'Train a model on JSON lines of your own',
    load: () => import('./commands/finetuneCustom.js'),
  },
  {
    name: 'finetune custom-pairs',
    group: 'Models',
    summary: 'Train a model on JSON lines of your own, with pairs of images',
    load: () => import('./commands/finetuneCustomPairs.js'),
  },
  {
    name: 'launch',
    group: 'Models',
    summary: 'Run a training or extraction in several processes of this machine',
    load: () => import('./commands/launch.js'),
  },
  {
    name: 'evaluate pretrain',
    group: 'Models',
    summary: 'Evaluate a pre-trained model on the tasks of pre-training',
    load: () => import('./commands/evaluatePretrain.js'),
  },
  {
    name: 'evaluate vqa',
    group: 'Models',
    summary: 'Score a model on questions with known answers',
    load: () => import('./commands/evaluateVqa.js'),
  },
  {
    name: 'evaluate gqa',
    group: 'Models',
    summary: 'Score a model on GQA questions',
    load: () => import('./commands/evaluateGqa.js'),
  },
  {
    name: 'evaluate nlvr2',
    group: 'Models',
    summary: 'Score a model on statements about two images',
    load: () => import('./commands/evaluateNlvr2.js'),
  },
  {
    name: 'evaluate custom',
    group: 'Models',
    summary: 'Score a model on JSON lines of your own',
    load: () => import('./commands/evaluateCustom.js'),
  },
  {
    name: 'evaluate custom-pairs',
    group: 'Models',
    summary: 'Score a model on JSON lines of your own, with pairs of images',
    load: () => import('./commands/evaluateCustomPairs.js'),
  },
  {
    name: 'predict vqa',
    group: 'Models',
    summary: 'Write answers in the form the test server reads',
    load: () => import('./commands/predictVqa.js'),
  },
  {
    name: 'predict gqa',
    group: 'Models',
    summary: 'Write GQA answers in the form the test server reads',
    load: () => import('./commands/predictGqa.js'),
  },
  {
    name: 'predict nlvr2',
    group: 'Models',
    summary: 'Write judgments in the form the official script reads',
    load: () => import('./commands/predictNlvr2.js'),
  },
  {
    name: 'predict custom',
    group: 'Models',
    summary: 'Write answers to JSON lines of your own',
    load: () => import('./commands/predictCustom.js'),
  },
  {
    name: 'predict custom-pairs',
    group: 'Models',
    summary: 'Write answers to JSON lines of your own, with pairs of images',
    load: () => import('./commands/predictCustomPairs.js'),
  },
  {
    name: 'score vqa',
    group: 'Models',
    summary: 'Score a file of VQA v2 answers as the official evaluation does',
    load: () => import('./commands/scoreVqa.js'),
  },
  {
    name: 'score gqa',
    group: 'Models',
    summary: 'Score a file of GQA answers as the official evaluation does',
    load: () => import('./commands/scoreGqa.js'),
  },
  {
    name: 'score nlvr2',
    group: 'Models',
    summary: 'Score a file of NLVR2 judgments as the official evaluation does',
    load: () => import('./commands/scoreNlvr2.js'),
  },
  {
    name: 'report',
    group: 'Models',
    summary: 'Write a web page about a run: curves, scores, settings, log',
    load: () => import('./commands/report.js'),
  },
  {
    name: 'checkpoint info',
    group: 'Models',
    summary: 'Say what a weights file is and who can load it',
    load: () => import('./commands/checkpointInfo.js'),
  },
  {
    name: 'checkpoint convert',
    group: 'Models',
    summary: 'Write weights under the names of the reference or Hugging Face',
    load: () => import('./commands/checkpointConvert.js'),
  },
  {
    name: 'prepare vqa',
    group: 'Data',
    summary: 'Make VQA question files and answer table from the official files',
    load: () => import('./commands/prepareVqa.js'),
  },
  {
    name: 'prepare gqa',
    group: 'Data',
    summary: 'Make GQA question files and answer table from the official files',
    load: () => import('./commands/prepareGqa.js'),
  },
  {
    name: 'prepare nlvr2',
    group: 'Data',
    summary: 'Make NLVR2 files from the official files',
    load: () => import('./commands/prepareNlvr2.js'),
  },
  {
    name: 'prepare answers',
    group: 'Data',
    summary: 'Make the answer table of a pre-training head',
    load: () => import('./commands/prepareAnswers.js'),
  },
  {
    name: 'extract',
    group: 'Data',
    summary: 'Find the regions of pictures and write their features',
    load: () => import('./commands/extract.js'),
  },
  {
    name: 'features convert',
    group: 'Data',
    summary: 'Convert region features between TSV files and stores',
    load: () => import('./commands/featuresConvert.js'),
  },
  {
    name: 'features info',
    group: 'Data',
    summary: 'Show what a feature store holds and which detector made it',
    load: () => import('./commands/featuresInfo.js'),
  },
  {
    name: 'features verify',
    group: 'Data',
    summary: 'Check every value of a feature store',
    load: () => import('./commands/featuresVerify.js'),
  },
  {
    name: 'setup',
    group: 'This machine',
    summary: 'Find or install libtorch and compile the bridge to it',
    load: () => import('./commands/setup.js'),
  },
  {
    name: 'bench',
    group: 'This machine',
    summary: 'Measure the model beside the limits of this machine',
    load: () => import('./commands/bench.js'),
  },
  {
    name: 'doctor',
    group: 'This machine',
    summary: 'Show what computes here, how fast, and what would be faster',
    load: () => import('./commands/doctor.js'),
  },
];
