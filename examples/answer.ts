/**
 * @file A photo and a question in, answers out. With a model of yours:
 * `Lxmert.load({ model: 'runs/vqa', detector: 'resnet101_faster_rcnn_final.caffemodel' })`.
 */

import { Lxmert } from 'lxmert';
import { sampleWorld, trainTinyModel } from './sampleWorld.js';

using world = await sampleWorld();
const model = await trainTinyModel(world);

// `using` gives back the weights' memory at the end of the file; `lxmert.dispose()` does so at once.
using lxmert = await Lxmert.load({ model });
const photo = world.picture('sample_minival_000000');

const { answers, regions } = await lxmert.answer(photo, 'What is the color of the circle?', { topK: 3 });
for (const { answer, probability } of answers) console.log(`${answer}: ${(100 * probability).toFixed(1)} %`);
const box = regions[0]?.box;
console.log(
  `Found in ${regions.length} regions; the first is from ${box?.x1}, ${box?.y1} to ${box?.x2}, ${box?.y2}.`,
);

// Of one picture, regions are detected once, whatever is asked.
const questions = ['How many squares are there?', 'Is there a red triangle?'];
for (const each of await lxmert.answerAll(photo, questions)) {
  console.log(`${each.question} ${each.answers[0]?.answer}`);
}
