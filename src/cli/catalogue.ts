/** @file Every command by name, with its one-line summary and the file that holds it. */

import type { CatalogueEntry } from './catalogueEntry.js';
import { pretrainingCommands, taskCommands } from './tasks/taskCommands.js';

export { type CatalogueEntry, groups } from './catalogueEntry.js';

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
    name: 'match',
    group: 'Start here',
    summary: 'Say which sentences belong to a picture, or which pictures to one',
    load: () => import('./commands/match.js'),
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
  pretrainingCommands.pretrain,
  ...taskCommands('finetune'),
  {
    name: 'launch',
    group: 'Models',
    summary: 'Run a training or extraction in several processes of this machine',
    load: () => import('./commands/launch.js'),
  },
  pretrainingCommands.evaluate,
  ...taskCommands('evaluate'),
  ...taskCommands('predict'),
  ...taskCommands('score'),
  {
    name: 'check',
    group: 'Models',
    summary: 'Say what a test server would refuse in a file of results',
    load: () => import('./commands/check.js'),
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
    name: 'export onnx',
    group: 'Models',
    summary: 'Write a trained model for every ONNX runtime',
    load: () => import('./commands/exportOnnx.js'),
  },
  {
    name: 'export site',
    group: 'Models',
    summary: 'Write a page that answers in the browser, without a server',
    load: () => import('./commands/exportSite.js'),
  },
  {
    name: 'prepare vqa',
    group: 'Data',
    summary: 'Make VQA question files and answer table from the official files',
    load: () => import('./commands/prepareVqa.js'),
  },
  {
    name: 'prepare okvqa',
    group: 'Data',
    summary: 'Make OK-VQA question files and answer table from the official files',
    load: () => import('./commands/prepareOkvqa.js'),
  },
  {
    name: 'prepare aokvqa',
    group: 'Data',
    summary: 'Make A-OKVQA files with choices from the official archive',
    load: () => import('./commands/prepareAokvqa.js'),
  },
  {
    name: 'prepare vizwiz',
    group: 'Data',
    summary: 'Check VizWiz annotations and make their answer table',
    load: () => import('./commands/prepareVizwiz.js'),
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
    name: 'prepare captions',
    group: 'Data',
    summary: 'Write the captions of any known file as JSON lines',
    load: () => import('./commands/prepareCaptions.js'),
  },
  {
    name: 'prepare answers',
    group: 'Data',
    summary: 'Make the answer table of a pre-training head',
    load: () => import('./commands/prepareAnswers.js'),
  },
  {
    name: 'vocabulary',
    group: 'Data',
    summary: 'Make a word-piece vocabulary from training sentences',
    load: () => import('./commands/vocabulary.js'),
  },
  {
    name: 'extract',
    group: 'Data',
    summary: 'Find the regions of pictures and write their features',
    load: () => import('./commands/extract.js'),
  },
  {
    name: 'images export',
    group: 'Data',
    summary: 'Write the pictures of Parquet tables as files',
    load: () => import('./commands/imagesExport.js'),
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
    name: 'completion',
    group: 'This machine',
    summary: 'Print what lets a shell complete commands and flags',
    load: () => import('./commands/completion.js'),
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
