/** @file Captions of a scene: sentences that are true of it. */

import type { Random } from '../../../common/random.js';
import { DIRECTIONS, directionFrom } from '../directions.js';
import { article, plural } from '../palette.js';
import type { Scene, SceneObject } from '../scene.js';

const NUMBER_WORDS = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'] as const;

type Describe = (scene: Scene, random: Random) => string | undefined;

const DESCRIBE: readonly Describe[] = [nameSome, placeTwo, countAll, countSome, nameBySize];

/** Up to `numCaptions` different captions, one of each kind first. */
export function describeScene(scene: Scene, numCaptions: number, random: Random): string[] {
  const captions = new Set<string>();
  for (let attempt = 0; captions.size < numCaptions && attempt < 6 * numCaptions; attempt++) {
    const caption = (DESCRIBE[attempt % DESCRIBE.length] as Describe)(scene, random);
    if (caption !== undefined) captions.add(caption);
  }
  return [...captions];
}

/** "A red circle, a blue square and a green star." */
function nameSome(scene: Scene, random: Random): string {
  const objects = random.shuffle<SceneObject, SceneObject[]>([...scene.objects]).slice(0, 3);
  const names = objects.map(({ color, shape }) => withArticle(`${color} ${shape}`));
  const last = names.pop() as string;
  return asSentence(names.length === 0 ? last : `${names.join(', ')} and ${last}`);
}

/** "A red circle to the left of a blue square." */
function placeTwo(scene: Scene, random: Random): string | undefined {
  const [a, b] = random.shuffle<SceneObject, SceneObject[]>([...scene.objects]);
  if (a === undefined || b === undefined) return undefined;
  const direction = directionFrom(scene, random.pick(DIRECTIONS).axis, a, b);
  if (direction === undefined) return undefined;
  const name = (object: SceneObject): string => withArticle(`${object.color} ${object.shape}`);
  const verb = random.uniform() < 0.5 ? 'is ' : '';
  return asSentence(`${name(a)} ${verb}${direction.phrase} ${name(b)}`);
}

/** "A picture of three objects, two of them large." */
function countAll(scene: Scene, random: Random): string {
  const size = random.pick(['small', 'large'] as const);
  const numOfSize = scene.objects.filter((each) => each.size === size).length;
  const all = countedWith(scene.objects.length, 'object');
  const wording = random.pick([`a picture of ${all}`, `there are ${all} in the picture`]);
  const some = numOfSize === scene.objects.length ? 'all' : (NUMBER_WORDS[numOfSize] as string);
  return asSentence(`${wording}, ${some} of them ${size}`);
}

/** "Two red objects and one star." with numbers of things that are there. */
function countSome(scene: Scene, random: Random): string | undefined {
  const { color } = random.pick(scene.objects);
  const { shape } = random.pick(scene.objects);
  const numOfColor = scene.objects.filter((each) => each.color === color).length;
  const numOfShape = scene.objects.filter((each) => each.shape === shape).length;
  const parts = [countedWith(numOfColor, `${color} object`), countedWith(numOfShape, shape)];
  return asSentence(random.shuffle<string, string[]>(parts).join(' and '));
}

/** "A large red circle and a small square." */
function nameBySize(scene: Scene, random: Random): string | undefined {
  const [a, b] = random.shuffle<SceneObject, SceneObject[]>([...scene.objects]);
  if (a === undefined || b === undefined) return undefined;
  return asSentence(`a ${a.size} ${a.color} ${a.shape} and a ${b.size} ${b.shape}`);
}

function countedWith(number: number, noun: string): string {
  const [adjective, last] = noun.includes(' ') ? (noun.split(' ') as [string, string]) : ['', noun];
  const inPlural = number === 1 ? last : plural(last);
  return [NUMBER_WORDS[number], adjective, inPlural].filter((word) => word !== '').join(' ');
}

function withArticle(words: string): string {
  return `${article(words)} ${words}`;
}

function asSentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
