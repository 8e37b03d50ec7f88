/** @file Which words and regions an answer came from: numbers, and a page to open in a browser. */

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { explain, Lxmert, renderExplanation } from 'lxmert';
import { sampleWorld, trainTinyModel } from './sampleWorld.js';

using world = await sampleWorld();
using lxmert = await Lxmert.load({ model: await trainTinyModel(world) });
const photo = world.picture('sample_minival_000000');

const explanation = await explain(lxmert, photo, 'What is the color of the circle?');
const [best] = explanation.relevance;
const [answer] = explanation.answers;
console.log(`${answer?.answer}: ${(100 * (answer?.probability ?? 0)).toFixed(1)} %`);
explanation.words.forEach((word, i) => {
  console.log(`  ${word}: ${(100 * (best?.words[i] ?? 0)).toFixed(1)} % of what counted among words`);
});

const page = path.join(world.folder, 'explanation.html');
const picture = `data:image/png;base64,${(await readFile(photo)).toString('base64')}`;
await writeFile(page, await renderExplanation(explanation, picture));
console.log(`The page: ${page}`);
