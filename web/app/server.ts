/** @file The server that this page came from. */

import type { ExplanationMethod } from '../../src/explain/removal.js';
import type {
  ExplainResponse,
  ModelsResponse,
  RegionsResponse,
  SampleResponse,
} from '../../src/serve/api.js';
import { LxmertClient, LxmertClientError } from '../../src/serve/client.js';
import type { LoadRemoval } from '../view/useRemoval.js';

export type ModelFacts = ModelsResponse['models'][number];

/** A picture that was chosen, and what was seen in it. */
export interface ChosenPicture {
  readonly file: Blob;
  readonly name: string;
  readonly seen: RegionsResponse;
  /** What is known of a bundled scene. */
  readonly sample: SampleResponse | undefined;
}

/** With an address for this page. */
export interface ShownPicture extends ChosenPicture {
  readonly url: string;
}

/** What came back for a question. */
export interface Asked {
  readonly explanation: ExplainResponse;
  /** Asks for what the answers become without each part; undefined where that came already. */
  readonly loadRemoval: LoadRemoval | undefined;
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

/** Asks about a picture that the server may have forgotten meanwhile. */
export async function ask(
  client: LxmertClient,
  { file, seen }: ChosenPicture,
  question: string,
  model: ModelFacts,
): Promise<Asked> {
  const explain = async (method: ExplanationMethod): Promise<ExplainResponse> => {
    const settings = { model: model.name, method };
    try {
      return await client.explain({ imageId: seen.imageId }, question, settings);
    } catch (error) {
      if (error instanceof LxmertClientError && error.code === 'not_found')
        return await client.explain(file, question, settings);
      throw error;
    }
  };
  // Several models at once, and models without gradients, are explained by removal alone.
  if (!model.canExplain) return { explanation: await explain('removal'), loadRemoval: undefined };
  return {
    explanation: await explain('relevance'),
    loadRemoval: async () => (await explain('removal')).removal,
  };
}

/** What to tell a visitor of a failure. */
export function sentenceOf(error: unknown): string {
  if (error instanceof LxmertClientError) {
    return error.code === 'overloaded' ? 'The server is busy. Try again in a moment.' : error.message;
  }
  return 'The server cannot be reached. Is it still running?';
}
