/** @file What clients send and get, as schemas: they check requests and make the OpenAPI document. */

import { z } from 'zod';
import { EXPLANATION_METHODS } from '../explain/removal.js';
import { MAX_BOXES, MAX_IMAGE_SIDE } from '../features/files.js';
import { MAX_CHOICES } from '../inference/requests.js';
import { numBytesOf, readBase64, shownStart } from './base64.js';

/** Questions of one request at most. */
export const MAX_QUESTIONS = 64;
const MAX_CHOICE_LENGTH = 200;
/** Characters of a question at most: the model reads 20 word pieces. */
export const MAX_QUESTION_LENGTH = 1000;

/** Answers explained at most: each takes a pass back through the model. */
const MAX_EXPLAINED = 10;
/** Words that can be named: more than any model reads. */
const MAX_PLACES = 512;

/** As it is sent here: any of its usual forms, to its bytes. */
const givenBase64 = z
  .string()
  .transform((text, context): Buffer => {
    const reading = readBase64(text);
    if ('base64' in reading) {
      const bytes = Buffer.from(reading.base64, 'base64');
      // Decoding skips what is not base64, so the length tells; a pattern would take ten times as long.
      if (bytes.byteLength === numBytesOf(reading.base64)) return bytes;
    }
    const message =
      'problem' in reading
        ? reading.problem
        : `expected base64, found other characters in ${shownStart(text)}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  })
  .meta({ format: 'byte' });
const base64 = z.string().meta({ format: 'byte' });
const FORMS = 'with or without padding, in lines, of either alphabet, or as a data: address';
const question = z
  .string()
  .max(MAX_QUESTION_LENGTH, { error: `expected text of at most ${MAX_QUESTION_LENGTH} characters` })
  .refine((text) => text.trim() !== '', { error: 'expected a question with words' });
const answersUpTo = (most: number) =>
  z.int().min(1).max(most).default(5).describe('Answers to each question, the most probable first');
const box = z
  .tuple([z.number(), z.number(), z.number(), z.number()])
  .describe('x1, y1, x2, y2 in pixels of the picture, x from the left and y from the top');

/** Regions that the client found itself. */
export const givenFeatures = z.strictObject({
  width: z.int().min(1).max(MAX_IMAGE_SIDE),
  height: z.int().min(1).max(MAX_IMAGE_SIDE),
  boxes: z.array(box).min(1).max(MAX_BOXES),
  features: givenBase64.describe(`Little-endian float32 (boxes, feature size), in base64 (${FORMS})`),
});

/** What a request is about: exactly one of them. */
const subject = {
  image: givenBase64.optional().describe(`The bytes of the picture's file in base64 (${FORMS})`),
  imageId: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: 'expected the imageId of an earlier response (64 hexadecimal digits)' })
    .optional()
    .describe('The imageId of an earlier response, as long as the picture is kept'),
  features: givenFeatures.optional(),
};
export interface Subject {
  readonly image?: Uint8Array | undefined;
  readonly imageId?: string | undefined;
  readonly features?: z.output<typeof givenFeatures> | undefined;
}
const hasOneSubject = ({ image, imageId, features }: Subject): boolean =>
  [image, imageId, features].filter((each) => each !== undefined).length === 1;
const oneSubject = { error: 'expected exactly one of image, imageId and features' };
const model = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .describe('A name from GET /v1/models; the first model without one');

/** The body of `POST /v1/answer` as JSON. */
export const answerRequest = z
  .strictObject({
    ...subject,
    questions: z.array(question).min(1).max(MAX_QUESTIONS),
    topK: answersUpTo(100),
    choices: z
      .array(z.string().trim().min(1).max(MAX_CHOICE_LENGTH))
      .min(1)
      .max(MAX_CHOICES)
      .optional()
      .describe('Score these answers alone, all of them: multiple choice; topK counts for nothing then'),
    regions: z.boolean().default(false).describe('Give the regions with the answers'),
    model,
  })
  .refine(hasOneSubject, oneSubject);
export type AnswerRequest = z.output<typeof answerRequest>;

const method = z
  .enum(EXPLANATION_METHODS)
  .optional()
  .describe(
    'relevance: what counted over all layers, and attention; attention: the layers alone; removal: what the answers become without each word and region. Default: relevance, and removal of exported models and of several together',
  );

const places = (most: number) => z.array(z.int().min(0)).max(most).default([]);
const without = z
  .strictObject({
    words: places(MAX_PLACES).describe('Places among the words of `removal`, from 0'),
    regions: places(MAX_BOXES).describe('Places among the regions, from 0'),
  })
  .optional()
  .describe('With removal: these are taken away together, in place of each by itself');

const selfAttention = z
  .boolean()
  .default(false)
  .describe('Give the attention within words and within regions too, where the model has it');

/** The body of `POST /v1/explain` as JSON. */
export const explainRequest = z
  .strictObject({
    ...subject,
    question,
    topK: answersUpTo(MAX_EXPLAINED),
    method,
    without,
    selfAttention,
    model,
  })
  .refine(hasOneSubject, oneSubject);
export type ExplainRequest = z.output<typeof explainRequest>;

/** The body of `POST /v1/features` and `POST /v1/regions` as JSON. */
export const imageRequest = z.strictObject({ image: givenBase64 });

const label = z
  .object({ id: z.int(), name: z.string().nullable(), confidence: z.number() })
  .nullable()
  .describe('Null for regions that no detector found');

const answer = z.object({
  answer: z.string(),
  probability: z.number(),
  share: z.number().optional().describe("Of a choice: its part of all choices' probabilities"),
  isKnown: z
    .boolean()
    .optional()
    .describe('Of a choice: false when the model does not have it among its answers'),
});
const answers = z.array(answer).describe('The most probable first');

const regionResponse = z.object({ box, object: label, attribute: label });

export const answerResponse = z.object({
  imageId: z.string().nullable().describe('SHA-256 of the picture; null for features'),
  width: z.int(),
  height: z.int(),
  results: z.array(
    z.object({
      question: z.string(),
      isCut: z.boolean().describe('True when the question is longer than the model reads'),
      answers,
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

export const regionsResponse = featuresResponse.pick({
  imageId: true,
  width: true,
  height: true,
  regions: true,
});
export type RegionsResponse = z.output<typeof regionsResponse>;

/** For every head and row the values sum to 1 over the columns. */
const attentionMap = z.object({
  numHeads: z.int(),
  numRows: z.int(),
  numColumns: z.int(),
  values: z
    .string()
    .describe(
      'Base64 of little-endian unsigned 16-bit numbers (heads, rows, columns): each value times 65535',
    ),
});
const withoutPart = {
  probabilities: z.array(z.number()).describe('Of each answer'),
  changes: z
    .array(z.number())
    .describe('The same less the probability with everything: below 0 where this spoke for the answer'),
  instead: answer.nullable().describe('The most probable answer then; null while it stays the same'),
};
const bothWays = { wordsOnRegions: attentionMap, regionsOnWords: attentionMap };

/** What `POST /v1/explain` gives: an explanation and the picture's id. */
export const explainResponse = z.object({
  imageId: z.string().nullable(),
  model: z.string(),
  question: z.string(),
  isCut: z.boolean().describe('True when the question is longer than the model reads'),
  lost: z.string().describe('The end of such a question, which the model did not read; else empty'),
  unknownWords: z
    .array(z.string())
    .describe('Words that the vocabulary does not have, in their order: the model reads [UNK]'),
  answers,
  words: z.array(z.string()).describe('Word pieces as the model reads them, with [CLS] and [SEP]'),
  width: z.int(),
  height: z.int(),
  regions: z.array(
    z.object({
      box,
      label: z.string().nullable(),
      objectConfidence: z.number().nullable(),
      attributeConfidence: z.number().nullable(),
    }),
  ),
  method: z.enum(EXPLANATION_METHODS),
  layers: z
    .array(z.object(bothWays))
    .describe('Cross-modality layers, the first first; none of several models together'),
  selfAttention: z
    .object({ words: z.array(attentionMap), regions: z.array(attentionMap) })
    .nullable()
    .describe(
      "Within words and within regions: the stream's own layers, then the cross-modality ones; null unless asked for",
    ),
  relevance: z
    .array(z.object({ words: z.array(z.number()), regions: z.array(z.number()), ...bothWays }))
    .describe(
      'Of each answer: shares of words and regions in it, over all layers; none with other methods than relevance',
    ),
  removal: z
    .object({
      words: z
        .array(
          z.object({
            word: z.string(),
            pieces: z.array(z.int()).describe('Places of its pieces among the words'),
            ...withoutPart,
          }),
        )
        .describe("In the question's order, without [CLS] and [SEP]"),
      regions: z
        .array(z.object(withoutPart).nullable())
        .describe('Of each region; null for the only one of a picture'),
      together: z
        .object(withoutPart)
        .nullable()
        .describe(
          'Without all that was named, at once; the lists are then empty. Null where nothing was named',
        ),
    })
    .nullable()
    .describe('What the answers become without each word and region; null with other methods than removal'),
});
export type ExplainResponse = z.output<typeof explainResponse>;

export const modelsResponse = z.object({
  version: z.string(),
  models: z.array(
    z.object({
      name: z.string(),
      weightsFiles: z.array(z.string()),
      numAnswers: z.int(),
      maxLength: z.int(),
      featureSize: z.int(),
      detector: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullable(),
      seesPictures: z.boolean().describe('True when a bare picture can be sent'),
      isOfSampleWorld: z.boolean(),
      canExplain: z.boolean().describe('True when it is explained by relevance'),
      explanationMethods: z.array(z.enum(EXPLANATION_METHODS)),
      warnings: z.array(z.string()),
      description: z
        .string()
        .nullable()
        .describe('For a person: data, parameters, accuracy, as far as known'),
    }),
  ),
});
export type ModelsResponse = z.output<typeof modelsResponse>;

export const sampleResponse = z.object({
  name: z.string().describe('Its picture is at /v1/samples/NAME.png'),
  width: z.int(),
  height: z.int(),
  questions: z.array(z.object({ question: z.string(), expected: z.array(z.string()) })),
  objects: z
    .array(z.object({ name: z.string(), box: z.array(z.number()) }))
    .describe('What was drawn, of drawn scenes; the model is not told'),
  store: z
    .string()
    .nullable()
    .describe(
      'Name, without its path, of the store or file of features that has its regions; null for drawn scenes',
    ),
});
export type SampleResponse = z.output<typeof sampleResponse>;
export const samplesResponse = z.object({ samples: z.array(sampleResponse) });

export const errorResponse = z.object({
  error: z.object({ code: z.string(), message: z.string(), requestId: z.string() }),
});
