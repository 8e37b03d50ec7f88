/** @file What clients send and get, as schemas: they check requests and make the OpenAPI document. */

import { z } from 'zod';
import { MAX_BOXES, MAX_IMAGE_SIDE } from '../features/row.js';

/** Questions of one request at most. */
export const MAX_QUESTIONS = 64;
/** Characters of a question at most: the model reads 20 word pieces. */
export const MAX_QUESTION_LENGTH = 1000;

const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/, 'expected base64');
const question = z
  .string()
  .max(MAX_QUESTION_LENGTH)
  .refine((text) => text.trim() !== '', { error: 'expected a question with words' });
const topK = z.int().min(1).max(100).default(5).describe('Answers to each question, the most probable first');
const box = z.tuple([z.number(), z.number(), z.number(), z.number()]).describe('x1, y1, x2, y2 in pixels');

/** Regions that the client found itself. */
export const givenFeatures = z.strictObject({
  width: z.int().min(1).max(MAX_IMAGE_SIDE),
  height: z.int().min(1).max(MAX_IMAGE_SIDE),
  boxes: z.array(box).min(1).max(MAX_BOXES),
  features: base64.describe('Little-endian float32 (boxes, feature size), in base64'),
});

/** The body of `POST /v1/answer` as JSON: exactly one of `image`, `imageId` and `features`. */
export const answerRequest = z
  .strictObject({
    image: base64.optional().describe("The bytes of the picture's file in base64"),
    imageId: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .describe('The imageId of an earlier response, as long as the picture is kept'),
    features: givenFeatures.optional(),
    questions: z.array(question).min(1).max(MAX_QUESTIONS),
    topK,
    regions: z.boolean().default(false).describe('Give the regions with the answers'),
  })
  .refine(
    ({ image, imageId, features }) =>
      [image, imageId, features].filter((each) => each !== undefined).length === 1,
    { error: 'expected exactly one of image, imageId and features' },
  );
export type AnswerRequest = z.output<typeof answerRequest>;

export const featuresRequest = z.strictObject({ image: base64 });

const label = z
  .object({ id: z.int(), name: z.string().nullable(), confidence: z.number() })
  .nullable()
  .describe('Null for regions that no detector found');

export const regionResponse = z.object({ box, object: label, attribute: label });

export const answerResponse = z.object({
  imageId: z.string().nullable().describe('SHA-256 of the picture; null for features'),
  width: z.int(),
  height: z.int(),
  results: z.array(
    z.object({
      question: z.string(),
      answers: z.array(z.object({ answer: z.string(), probability: z.number() })),
    }),
  ),
  regions: z.array(regionResponse).optional(),
});
export type AnswerResponse = z.output<typeof answerResponse>;

export const featuresResponse = z.object({
  imageId: z.string(),
  width: z.int(),
  height: z.int(),
  featureSize: z.int(),
  regions: z.array(regionResponse),
  features: base64.describe('Little-endian float32 (regions, featureSize), in base64'),
});
export type FeaturesResponse = z.output<typeof featuresResponse>;

export const errorResponse = z.object({
  error: z.object({ code: z.string(), message: z.string(), requestId: z.string() }),
});
