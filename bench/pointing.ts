/**
 * @file How often what counted most for an answer is the object that was asked about, on the quickstart's scenes that its
 * model never saw. `node dist/bench/pointing.js [RUN] [SCENES]`
 */

import { SceneSource } from '../src/data/sampleWorld/sceneSource.js';
import { pointingGame } from '../src/explain/pointingGame.js';
import { disposeModels } from '../src/inference/ensemble.js';
import { loadAnsweringModel } from '../src/inference/modelFolder.js';
import { QUICKSTART_DEFAULTS, QUICKSTART_WORLD } from '../src/quickstart/defaults.js';

const [run = 'quickstart/run', numScenes = '60'] = process.argv.slice(2);
const { numImages, seed } = QUICKSTART_DEFAULTS;
const answering = await loadAnsweringModel({ model: run });
if (answering.pixelRegions === undefined) {
  console.error(`${run} was not trained on pictures of the sample world.`);
  process.exit(2);
}
const world = new SceneSource({ numImages, seed, ...QUICKSTART_WORLD });
const found = pointingGame(answering, answering.pixelRegions, world, 'minival', Number(numScenes));
disposeModels(answering);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
console.log(
  `Of ${found.numQuestions} questions about one object, answered correctly: relevance points at it in ${percent(found.relevance)}, ` +
    `removal in ${percent(found.removal)}, [CLS]'s attention in the last layer in ${percent(found.attention)}, chance ${percent(found.chance)}.`,
);
