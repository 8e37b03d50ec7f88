/** @file What the server has: models and samples; a token where it wants one. */

import { useEffect, useState } from 'preact/hooks';
import type { SampleResponse } from '../../src/serve/api.js';
import { type LxmertClient, LxmertClientError } from '../../src/serve/client.js';
import { clientWith, type ModelFacts, sentenceOf, storedToken, storeToken } from './server.js';

export interface Server {
  readonly client: LxmertClient;
  readonly version: string;
  readonly models: readonly ModelFacts[];
  readonly samples: readonly SampleResponse[];
  readonly needsToken: boolean;
  /** Addresses of small pictures of the samples, in this page: they come with the token, which an <img> would not send. */
  readonly thumbnails: ReadonlyMap<string, string>;
}

export interface ServerState {
  readonly server: Server | undefined;
  /** Why there is nothing to show. */
  readonly problem: string | undefined;
  /** Whether a token is asked for, and whether the one that was given is wrong. */
  readonly wantsToken: boolean;
  readonly wasWrong: boolean;
  readonly setToken: (token: string) => void;
}

export function useServer(): ServerState {
  const [token, setToken] = useState(storedToken);
  const [server, setServer] = useState<Server | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const [refused, setRefused] = useState<{ readonly token: string | undefined } | undefined>();
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const client = clientWith(token);
    const load = async (): Promise<void> => {
      const [{ version, models }, { samples }] = await Promise.all([
        client.models(signal),
        client.samples(signal),
      ]);
      signal.throwIfAborted();
      // The server knows it: for reloads of this tab.
      if (token !== undefined) storeToken(token);
      setProblem(undefined);
      setRefused(undefined);
      setServer({
        client,
        version,
        models,
        samples,
        needsToken: token !== undefined,
        thumbnails: new Map(),
      });
      const thumbnails = await Promise.all(
        samples.map(
          async ({ name }) =>
            [name, URL.createObjectURL(await client.sampleThumbnail(name, signal))] as const,
        ),
      );
      setServer((before) => before && { ...before, thumbnails: new Map(thumbnails) });
    };
    load().catch((error: unknown) => {
      // Of a token that was given before the one that counts now, nothing is told.
      if (signal.aborted) return;
      if (error instanceof LxmertClientError && error.status === 401) setRefused({ token });
      else setProblem(sentenceOf(error));
    });
    return () => controller.abort();
  }, [token]);
  const wasWrong = refused?.token !== undefined && refused.token === token;
  return { server, problem, wantsToken: refused !== undefined, wasWrong, setToken };
}
