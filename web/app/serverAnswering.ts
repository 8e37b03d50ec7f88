/** @file A server as what the page asks. */

import type { SampleResponse } from '../../src/serve/api.js';
import type { Answering } from './answering.js';
import { explainedRegions } from './seen.js';
import { type Asked, ask, type ChosenPicture, type ModelFacts, sentenceOf } from './server.js';
import type { Server } from './useServer.js';

export function serverAnswering({
  client,
  models,
  samples,
}: Server): Answering<ChosenPicture, SampleResponse, Asked> {
  return {
    title: 'Ask about a picture - LXMERT',
    suffix: 'LXMERT',
    samples,
    models: models.map(({ name }) => name),
    answersSamples: true,
    sampleFile: ({ name }) => client.samplePicture(name),
    see: async (file, { name, url }, sample, signal) => {
      const found = await client.regions(file, signal);
      const { width, height } = found;
      const seen = { width, height, regions: explainedRegions(found) };
      return { id: found.imageId, file, name, url, sample, seen };
    },
    ask: (picture, question, model, signal) => {
      const facts = models.find(({ name }) => name === model) as ModelFacts;
      return ask(client, picture, question, facts, signal);
    },
    sentenceOf,
  };
}
