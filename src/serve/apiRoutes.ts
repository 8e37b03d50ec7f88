/** @file The routes of the API: what is asked, and what is given for it. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { version } from '../common/version.js';
import { sha256Of } from '../formats/hashes/sha256.js';
import type { ImageRegion } from '../inference/imageRegions.js';
import {
  type AnswerResponse,
  answerRequest,
  type ExplainResponse,
  explainRequest,
  type FeaturesResponse,
  imageRequest,
  type ModelsResponse,
  type RegionsResponse,
  type Subject,
} from './api.js';
import { leaseOf } from './bodyMemory.js';
import { deadlineOf } from './deadlines.js';
import { rowOf } from './givenFeatures.js';
import { type Picture, pictureOf } from './picture.js';
import { answerFromForm, explainFromForm, pictureFromForm, type WithPicture } from './readForm.js';
import { parse } from './readRequest.js';
import type { Service } from './service.js';
import type { SeenPicture } from './workers/protocol.js';

/** What a schema describes, as whoever made it hands it on. */
type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

export function addApiRoutes(app: FastifyInstance, service: Service): void {
  app.post('/v1/answer', async (request): Promise<AnswerResponse> => {
    const signal = deadlineOf(request);
    const asked = request.isMultipart() ? await answerFromForm(request) : parse(answerRequest, request.body);
    const model = service.model(asked.model).name;
    const { imageKey, imageId, seen } = await seenOf(service, asked, request);
    const { topK, choices } = asked;
    const answered = await service.answer(imageKey, seen, asked.questions, { topK, choices, model }, signal);
    return {
      imageId,
      width: seen.row.width,
      height: seen.row.height,
      results: answered.map(({ answers, isCut }, i) => ({
        question: asked.questions[i] as string,
        isCut,
        answers: [...answers],
      })),
      ...(asked.regions ? { regions: seen.regions.map(regionOf) } : {}),
    };
  });

  app.post('/v1/explain', async (request): Promise<DeepReadonly<ExplainResponse>> => {
    const signal = deadlineOf(request);
    const asked = request.isMultipart()
      ? await explainFromForm(request)
      : parse(explainRequest, request.body);
    const { question, topK, method, without, selfAttention } = asked;
    const model = service.model(asked.model).name;
    const { imageId, seen } = await seenOf(service, asked, request);
    const explanation = await service.explain(
      { seen, question, topK, method, without, selfAttention, model },
      signal,
    );
    return { imageId, model, ...explanation };
  });

  app.post('/v1/features', async (request): Promise<FeaturesResponse> => {
    const { imageId, seen } = await detected(service, await pictureIn(request), request);
    const { features, numBoxes } = seen.row;
    return {
      ...regionsOf(imageId, seen),
      featureSize: features.length / numBoxes,
      features: Buffer.from(features.buffer, features.byteOffset, features.byteLength).toString('base64'),
    };
  });

  app.post('/v1/regions', async (request): Promise<RegionsResponse> => {
    const { imageId, seen } = await detected(service, await pictureIn(request), request);
    return regionsOf(imageId, seen);
  });

  app.get('/v1/models', async (): Promise<ModelsResponse> => {
    return {
      version: version(),
      models: service.models.map((facts) => ({ ...facts })) as ModelsResponse['models'],
    };
  });
}

async function pictureIn(request: FastifyRequest): Promise<Picture> {
  return request.isMultipart()
    ? await pictureFromForm(request)
    : pictureOf(parse(imageRequest, request.body).image);
}

async function detected(service: Service, picture: Picture, request: FastifyRequest) {
  return await service.detectRegions(picture, deadlineOf(request), leaseOf(request));
}

/** The picture or features that a request is about. */
async function seenOf(service: Service, asked: WithPicture<Subject>, request: FastifyRequest) {
  if (asked.imageId !== undefined) {
    const { imageId } = asked;
    return { imageKey: imageId, imageId, seen: service.recall(imageId) };
  }
  if (asked.features !== undefined) {
    const row = rowOf(asked.features);
    const { features, ...rest } = asked.features;
    const imageKey = sha256Of(features, JSON.stringify(rest));
    return { imageKey, imageId: null, seen: await service.describe(row) };
  }
  const picture = asked.picture ?? pictureOf(asked.image ?? new Uint8Array(0));
  const { imageId, seen } = await detected(service, picture, request);
  return { imageKey: imageId, imageId, seen };
}

function regionsOf(imageId: string, { row, regions }: SeenPicture): RegionsResponse {
  return { imageId, width: row.width, height: row.height, regions: regions.map(regionOf) };
}

function regionOf({ box, object, attribute }: ImageRegion) {
  const label = (of: ImageRegion['object']) => of && { ...of, name: of.name ?? null };
  return {
    box: [box.x1, box.y1, box.x2, box.y2] as [number, number, number, number],
    object: label(object),
    attribute: label(attribute),
  };
}
