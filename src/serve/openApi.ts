/** @file The OpenAPI document, made from the schemas that check requests. */

import { z } from 'zod';
import { version } from '../common/version.js';
import { EXPLANATION_METHODS } from '../explain/removal.js';
import {
  answerRequest,
  answerResponse,
  errorResponse,
  explainRequest,
  explainResponse,
  featuresResponse,
  imageRequest,
  modelsResponse,
  regionsResponse,
  samplesResponse,
} from './api.js';

type Json = Record<string, unknown>;

const ERRORS: readonly (readonly [string, string])[] = [
  ['400', 'The request is not as expected'],
  ['401', 'A token is asked for'],
  ['403', "Another site's page asks"],
  ['404', 'The picture is not kept any more'],
  ['408', 'The request did not come in time'],
  ['413', 'The body is too large'],
  ['415', 'The body is of another type'],
  ['422', 'The picture cannot be read, or gives no regions'],
  ['429', 'Too many requests wait; Retry-After says when to come back'],
  ['503', 'The server is shutting down'],
  ['504', 'The answer took too long'],
];

const image = { type: 'string', format: 'binary', description: "The picture's file" };
const text = (description: string): Json => ({ type: 'string', description });
const asked = {
  image,
  imageId: text('In place of a picture: the imageId of an earlier response'),
  topK: { type: 'integer', minimum: 1, default: 5 },
  model: text('A name from GET /v1/models; the first model without one'),
};

export function openApiDocument(): Json {
  return {
    openapi: '3.0.3',
    info: {
      title: 'LXMERT',
      version: version(),
      description:
        'Answers questions about pictures, and shows what the answers were found in. A picture is sent as a form, or in base64 as JSON; later questions about it can name its imageId instead.',
    },
    // Beside this document, wherever it is served.
    servers: [{ url: './' }],
    tags: [
      { name: 'Questions', description: 'About a picture' },
      { name: 'Pictures', description: 'What is in them' },
      { name: 'Server', description: 'Models, health and figures' },
    ],
    paths: {
      '/v1/answer': post('Questions', 'Answer questions about a picture', answerResponse, {
        ...json(answerRequest, 'input'),
        ...form(
          {
            ...asked,
            question: { type: 'array', items: { type: 'string' }, description: 'Once or more' },
            choice: {
              type: 'array',
              items: { type: 'string' },
              description: 'Any number of times: these answers alone are scored',
            },
            regions: { type: 'boolean', default: false },
          },
          ['question'],
        ),
      }),
      '/v1/explain': post(
        'Questions',
        'Answer a question, and give what the answer was found in',
        explainResponse,
        {
          ...json(explainRequest, 'input'),
          ...form(
            {
              ...asked,
              question: text('One question'),
              method: { type: 'string', enum: EXPLANATION_METHODS },
              selfAttention: { type: 'boolean', default: false },
              without: text(
                'JSON, such as {"words":[1],"regions":[]}: taken away together, with the method removal',
              ),
            },
            ['question'],
          ),
        },
      ),
      '/v1/regions': post('Pictures', 'Find the regions of a picture', regionsResponse, imageOnly()),
      '/v1/features': post(
        'Pictures',
        'Find the regions of a picture and their features',
        featuresResponse,
        imageOnly(),
      ),
      '/v1/models': get('Server', 'What models and detector answer', json(modelsResponse, 'output')),
      '/v1/samples': get(
        'Pictures',
        "Pictures to ask about: those of --images, else drawn scenes for the sample world's model; empty for other models",
        json(samplesResponse, 'output'),
      ),
      '/v1/samples/{file}': {
        get: {
          tags: ['Pictures'],
          summary: "A sample's picture",
          parameters: [
            { name: 'file', in: 'path', required: true, schema: { type: 'string' }, description: 'NAME.png' },
          ],
          responses: {
            '200': {
              description: 'Done',
              content: { 'image/png': { schema: { type: 'string', format: 'binary' } } },
            },
          },
        },
      },
      '/healthz': get('Server', 'Whether the server runs', status('ok')),
      '/readyz': get('Server', 'Whether it can answer; 503 when it cannot', status('ready')),
      '/metrics': get('Server', 'Figures for Prometheus', { 'text/plain': { schema: { type: 'string' } } }),
    },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    // A token where the server asks for one.
    security: [{}, { token: [] }],
  };
}

function json(schema: z.ZodType, io: 'input' | 'output'): Json {
  return { 'application/json': { schema: z.toJSONSchema(schema, { io, target: 'openapi-3.0' }) } };
}

function form(properties: Json, required: readonly string[]): Json {
  return { 'multipart/form-data': { schema: { type: 'object', properties, required } } };
}

function imageOnly(): Json {
  return { ...form({ image }, ['image']), ...json(imageRequest, 'input') };
}

function status(value: string): Json {
  return {
    'application/json': {
      schema: { type: 'object', properties: { status: { type: 'string', enum: [value] } } },
    },
  };
}

function post(tag: string, summary: string, response: z.ZodType, request: Json): Json {
  const errors = ERRORS.map(([code, description]) => [
    code,
    { description, content: json(errorResponse, 'output') },
  ]);
  return {
    post: {
      tags: [tag],
      summary,
      requestBody: { required: true, content: request },
      responses: {
        '200': { description: 'Done', content: json(response, 'output') },
        ...Object.fromEntries(errors),
      },
    },
  };
}

function get(tag: string, summary: string, content: Json): Json {
  return { get: { tags: [tag], summary, responses: { '200': { description: 'Done', content } } } };
}
