/**
 * @file Makes what lies in assets/: a small model of the sample world, trained by the quickstart's recipe, exported, and
 * measured as it is shipped; and six scenes that it was not trained on. `node scripts/make-sample-model.mjs [FOLDER]` after
 * `npm run build`; FOLDER is a quickstart that was finished (without it one is made in a temporary folder, which takes
 * minutes).
 */

import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const model = path.join(project, 'assets/sample-model');
const scenes = path.join(project, 'assets/sample-scenes');
/** float32 would have 3.2 MB, float16 1.6. */
const precision = 'int8';
const maxBytes = 1.5e6;
/** Scenes that it never saw, and scenes with pairs of color and shape that training never showed. */
const splits = ['minival', 'heldout'];

const { drawSamples } = await import(path.join(project, 'dist/src/serve/samples.js'));
const { readQuestions } = await import(path.join(project, 'dist/src/data/annotations/vqaAnnotations.js'));
const { scoreAnswers } = await import(path.join(project, 'dist/src/data/answerScore.js'));

const temporary = mkdtempSync(path.join(os.tmpdir(), 'lxmert-sample-model-'));
try {
  const quickstart = process.argv[2] ?? path.join(temporary, 'quickstart');
  if (process.argv[2] === undefined) lxmert('quickstart', '--output', quickstart);
  rmSync(model, { recursive: true, force: true });
  const run = path.join(quickstart, 'run');
  lxmert('export', 'onnx', run, '--out', model, '--precision', precision, '--outputs', 'answers,attentions');
  const scores = {};
  for (const split of splits) scores[split] = await accuracy(path.join(quickstart, 'world'), split);
  describe(scores);
  await writeScenes();
  const numBytes = sizeOf(model) + sizeOf(scenes);
  console.log(`${(numBytes / 1e6).toFixed(2)} MB; ${JSON.stringify(scores)}`);
  if (numBytes > maxBytes) throw new Error(`At most ${maxBytes / 1e6} MB may be shipped.`);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

function lxmert(...words) {
  execFileSync(process.execPath, [path.join(project, 'dist/src/cli/main.js'), ...words], {
    stdio: 'inherit',
  });
}

/** What the exported model itself scores, by its predictions. */
async function accuracy(world, split) {
  const file = path.join(world, 'vqa', `${split}.json`);
  const output = path.join(temporary, `${split}.json`);
  const features = path.join(world, 'features', split);
  lxmert('predict', 'vqa', file, '--model', model, '--features', features, '--output', output);
  const predicted = new Map(
    JSON.parse(readFileSync(output, 'utf8')).map((each) => [String(each.question_id), each.answer]),
  );
  const questions = await readQuestions(file);
  const answers = questions.map(({ questionId }) => predicted.get(String(questionId)));
  return Number(scoreAnswers(questions, answers).overall.toFixed(4));
}

/** Writes what the model is into its manifest, which is the one file without a checksum in it. */
function describe(scores) {
  const file = path.join(model, 'lxmert.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  const percent = (scores.minival * 100).toFixed(1);
  manifest.description = {
    text:
      'A small LXMERT of the sample world, pictures of colored shapes, trained by the recipe of lxmert quickstart: it answers ' +
      `${percent} % of the questions about scenes that it never saw (split minival).`,
    scores,
  };
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
}

async function writeScenes() {
  rmSync(scenes, { recursive: true, force: true });
  mkdirSync(scenes, { recursive: true });
  const list = [];
  for (const { png, sample } of (await drawSamples()).values()) {
    writeFileSync(path.join(scenes, `${sample.name}.png`), png);
    list.push(sample);
  }
  writeFileSync(path.join(scenes, 'scenes.json'), `${JSON.stringify(list, null, 1)}\n`);
}

function sizeOf(folder) {
  if (!existsSync(folder)) throw new Error(`${folder} was not made.`);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(path.join(folder, name)))
    .reduce((sum, status) => sum + (status.isFile() ? status.size : 0), 0);
}
