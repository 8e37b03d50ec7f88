/** @file The server that this page came from. */

import type { ExplanationMethod, TakenAway } from '../../src/explain/removal.js';
import type { ExplainResponse, ModelsResponse, SampleResponse } from '../../src/serve/api.js';
import { LxmertClient, LxmertClientError } from '../../src/serve/client.js';
import { once } from '../view/once.js';
import { type Answered, Sentence, type ShownPicture } from './answering.js';

export type ModelFacts = ModelsResponse['models'][number];

export interface ChosenPicture extends ShownPicture {
  readonly sample: SampleResponse | undefined;
}

export interface Asked extends Answered<ChosenPicture> {
  readonly explanation: ExplainResponse;
}

/** Where the server is, with a slash at the end: its scripts lie one level below, whatever path a proxy serves it under. */
const SCRIPT = import.meta.url;
export const BASE = new URL('../', SCRIPT).href;

/** Of this server alone, where a site has several under paths of their own. */
const TOKEN_KEY = `lxmert-token ${BASE}`;

/** Kept for this tab alone. */
export function storedToken(): string | undefined {
  return sessionStorage.getItem(TOKEN_KEY) ?? undefined;
}

/** What a header can carry. */
export function isToken(text: string): boolean {
  return /^[!-~]+$/.test(text);
}

export function storeToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token);
}

export function clientWith(token: string | undefined): LxmertClient {
  return new LxmertClient(BASE, token === undefined ? {} : { token });
}

/**
 * Asks about a picture that the server may have forgotten meanwhile. The answers come first; what takes longer, what
 * counted and what is without each part, is asked for by whoever shows it.
 *
 * @param signal aborted, it ends the asking for the answers
 */
export async function ask(
  client: LxmertClient,
  picture: ChosenPicture,
  question: string,
  model: ModelFacts,
  signal: AbortSignal,
): Promise<Asked> {
  const explain = async (
    method: ExplanationMethod,
    more: { without?: TakenAway; selfAttention?: boolean; signal?: AbortSignal } = {},
  ): Promise<ExplainResponse> => {
    const settings = { model: model.name, method, ...more };
    try {
      return await client.explain({ imageId: picture.id }, question, settings);
    } catch (error) {
      if (error instanceof LxmertClientError && error.code === 'not_found')
        return await client.explain(picture.file, question, settings);
      throw error;
    }
  };
  const methods = model.explanationMethods;
  // Several models at once are explained by removal alone.
  const first = methods.includes('attention') ? 'attention' : 'removal';
  return {
    picture,
    explanation: await explain(first, { signal }),
    load: {
      relevance: methods.includes('relevance')
        ? once(async () => (await told(explain('relevance'))).relevance)
        : undefined,
      removal: first === 'removal' ? undefined : once(async () => (await told(explain('removal'))).removal),
      // Exported graphs do not have it.
      selfAttention: methods.includes('relevance')
        ? once(async () => (await told(explain('attention', { selfAttention: true }))).selfAttention)
        : undefined,
      without: async (without) => (await told(explain('removal', { without }))).removal?.together ?? null,
    },
  };
}

/** A failure as what is told of it. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(sentenceOf(error), { cause: error });
  }
}

/** What to tell a visitor of a failure. */
export function sentenceOf(error: unknown): string {
  if (error instanceof Sentence) return error.message;
  if (error instanceof LxmertClientError) {
    return error.code === 'overloaded' ? 'The server is busy. Try again in a moment.' : error.message;
  }
  return 'The server cannot be reached. Is it still running?';
}
