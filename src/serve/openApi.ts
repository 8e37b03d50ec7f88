/** @file The OpenAPI document, made from the schemas that check requests. */

import { z } from 'zod';
import { version } from '../common/version.js';
import { answerRequest, answerResponse, errorResponse, featuresRequest, featuresResponse } from './api.js';

type Json = Record<string, unknown>;

export function openApiDocument(): Json {
  const json = (schema: z.ZodType, io: 'input' | 'output'): Json => ({
    'application/json': { schema: z.toJSONSchema(schema, { io, target: 'openapi-3.0' }) },
  });
  const errors = Object.fromEntries(
    [
      ['400', 'The request is not as expected'],
      ['401', 'A token is asked for'],
      ['413', 'The body is too large'],
      ['415', 'The body is of another type'],
      ['422', 'The picture cannot be read, or gives no regions'],
      ['429', 'Too many requests wait; Retry-After says when to come back'],
      ['504', 'The answer took too long'],
    ].map(([status, description]) => [status, { description, content: json(errorResponse, 'output') }]),
  );
  const form = (properties: Json, required: string[]): Json => ({
    'multipart/form-data': { schema: { type: 'object', properties, required } },
  });
  const image = { type: 'string', format: 'binary', description: "The picture's file" };
  const questions = { type: 'array', items: { type: 'string' }, description: 'Once or more' };
  const post = (summary: string, request: Json, response: z.ZodType): Json => ({
    post: {
      summary,
      requestBody: { required: true, content: request },
      responses: { '200': { description: 'Done', content: json(response, 'output') }, ...errors },
    },
  });
  const get = (summary: string): Json => ({
    get: { summary, responses: { '200': { description: 'Done' } } },
  });
  return {
    openapi: '3.0.3',
    info: { title: 'LXMERT', version: version() },
    paths: {
      '/v1/answer': post(
        'Answer questions about a picture',
        {
          ...json(answerRequest, 'input'),
          ...form({ image, question: questions, topK: { type: 'integer' }, regions: { type: 'boolean' } }, [
            'question',
          ]),
        },
        answerResponse,
      ),
      '/v1/features': post(
        'Find the regions of a picture and their features',
        { ...json(featuresRequest, 'input'), ...form({ image }, ['image']) },
        featuresResponse,
      ),
      '/v1/models': get('What model and detector answer'),
      '/healthz': get('Whether the server runs'),
      '/readyz': get('Whether it can answer'),
      '/metrics': get('Figures for Prometheus'),
    },
  };
}
