/** @file The model of a site as what a page asks: pictures are seen and questions answered in the worker. */

import type { SiteDescription, SitePicture, StoredRegions } from '../../src/export/site/description.js';
import type { Answering, ShownPicture } from '../app/answering.js';
import { once } from '../view/once.js';
import type { ModelClient } from './modelClient.js';
import type { ToSee } from './protocol.js';
import { BASE, fetchJson, sentenceOf } from './siteFiles.js';
import type { Model } from './useModel.js';

/** Bytes of weights up to which a question costs a visitor nothing to speak of, so that samples come with an answer. */
const MOST_AT_ONCE = 50e6;

export interface SitePictureShown extends ShownPicture {
  readonly sample: SitePicture | undefined;
  readonly toSee: ToSee;
}

let numOwn = 0;

export function siteAnswering(
  client: ModelClient,
  site: SiteDescription,
  { whenLoaded, choice }: Pick<Model, 'whenLoaded' | 'choice'>,
): Answering<SitePictureShown, SitePicture> {
  const { name, title, weights, pictures } = site;
  const numBytes = weights.find(({ precision }) => precision === choice.precision)?.numBytes ?? 0;
  return {
    title,
    suffix: title,
    samples: pictures,
    models: [weights.length > 1 ? `${name}, ${choice.precision}` : name],
    answersSamples: numBytes <= MOST_AT_ONCE,
    sampleFile: fetchPicture,
    see: async (file, { name: called, url }, sample) => {
      const stored = sample?.regions == null ? undefined : await fetchJson<StoredRegions>(sample.regions);
      await whenLoaded();
      // A name of a sample has no such sign.
      const id = sample === undefined ? `\n${numOwn++}` : sample.name;
      const toSee = { id, picture: file, name: called, stored };
      const seen = await client.send({ kind: 'see', ...toSee });
      return { id, file, name: called, url, sample, seen, toSee };
    },
    // The answers come first; what takes as many runs as there are words and regions, after them.
    ask: async (picture, question, model) => {
      const { toSee: of } = picture;
      const explanation = await client.send({ kind: 'explain', of, question });
      return {
        picture,
        explanation: { ...explanation, model },
        load: {
          removal: once(() => client.send({ kind: 'remove', of, question })),
          without: async (without) =>
            (await client.send({ kind: 'remove', of, question, without }))?.together ?? null,
        },
      };
    },
    sentenceOf,
  };
}

async function fetchPicture({ file }: SitePicture): Promise<Blob> {
  const response = await fetch(new URL(file, BASE));
  if (!response.ok) throw new Error(`The picture ${file} of this site is not there.`);
  return await response.blob();
}
