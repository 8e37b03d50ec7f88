/** @file Saves an answer as a page of one file, with the picture, what counted, and what is without each part. */

import { type ExplanationOrigin, explanationPage } from '../../src/explain/explanationPage.js';
import { namedBy } from './AskTab.js';
import type { Answered } from './answering.js';

/** Pixels of the longer side, as the program writes them. */
const PICTURE_SIDE = 1300;

/** What made it. */
export type SavedFrom = Pick<ExplanationOrigin, 'version' | 'command'>;

/** @returns the file's name */
export async function saveExplanation(asked: Answered, from: SavedFrom): Promise<string> {
  const { load, picture } = asked;
  const explanation = namedBy(asked);
  const [parts, image, relevance, removal] = await Promise.all([
    import('virtual:explanation-parts'),
    dataUriOf(picture.file),
    load.relevance?.(),
    load.removal?.(),
  ]);
  const html = explanationPage(parts, {
    explanation: {
      ...explanation,
      relevance: relevance ?? explanation.relevance,
      removal: removal ?? explanation.removal,
    },
    picture: image,
    origin: {
      ...from,
      model: asked.explanation.model,
      date: new Date().toISOString(),
      picture: picture.name,
    },
  });
  const name = `${
    explanation.question
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60) || 'explanation'
  }.html`;
  const url = URL.createObjectURL(new Blob([html], { type: 'text/html' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Not at once: the browser begins to read it after this.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return name;
}

/** As it is, or smaller where it is much larger than it will be shown. */
async function dataUriOf(file: Blob): Promise<string> {
  const bitmap = await createImageBitmap(file);
  const scale = PICTURE_SIDE / Math.max(bitmap.width, bitmap.height);
  if (scale >= 1) return await asDataUri(file);
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/jpeg', 0.9);
}

function asDataUri(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error('The picture cannot be read.'));
    reader.readAsDataURL(file);
  });
}
