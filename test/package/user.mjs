/** @file What a user of the package might write: trains by the command beside it, answers in JavaScript. */

import { spawnSync } from 'node:child_process';
import { Lxmert } from 'lxmert';

const words = [
  'quickstart',
  '--num-images',
  '40',
  '--num-epochs',
  '1',
  '--hidden-size',
  '16',
  '--output',
  'tiny',
];
const { status } = spawnSync('npx', ['lxmert', ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
if (status !== 0) throw new Error('The quickstart failed; its messages are above.');

const lxmert = await Lxmert.load({ model: 'tiny/run' });
const picture = 'tiny/world/images/minival/sample_minival_000000.png';
const { answers } = await lxmert.answer(picture, 'What is the color of the circle?', { topK: 3 });
lxmert[Symbol.dispose]();
console.log(JSON.stringify(answers));
