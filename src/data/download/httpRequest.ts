/** @file One GET over http or https: redirects, silence, and a body that is exactly as long as was announced. */

import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { version } from '../../common/version.js';
import { ArrivedBody } from './arrivedBody.js';
import { checkAddress, nextAddress } from './redirects.js';
import { asTransferError, TransferError } from './transferError.js';

export interface RequestOptions {
  /** Milliseconds without a byte after which the connection is given up. */
  readonly stallMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A server's answer; its body is read with {@link readBody}, or left with `close`. */
export interface HttpAnswer {
  readonly status: number;
  /** "404 Not Found". */
  readonly statusText: string;
  readonly headers: http.IncomingHttpHeaders;
  /** Of the body; `undefined` when it comes in chunks. */
  readonly contentLength: number | undefined;
  /** True when only the end of the connection tells the end of the body, so that a cut cannot be seen. */
  readonly endsWithConnection: boolean;
  body(): AsyncGenerator<Buffer, void, undefined>;
  close(): void;
}

/**
 * Asks for `address`, following redirects. Credentials go to the address's own host alone: once a redirect leads to another,
 * they are left out, there and further on.
 *
 * @throws TransferError when no answer comes; the signal's reason when aborted.
 */
export async function getHttp(
  address: string,
  headers: Readonly<Record<string, string>>,
  options: RequestOptions,
): Promise<HttpAnswer> {
  let url = new URL(address);
  let sent = headers;
  checkAddress(url);
  for (let numFollowed = 0; ; numFollowed++) {
    const answer = await getOnce(url, sent, options);
    if (![301, 302, 303, 307, 308].includes(answer.status)) return answer;
    answer.close();
    const next = nextAddress(url, answer.headers.location, numFollowed);
    if (next.origin !== url.origin) sent = withoutCredentials(sent);
    url = next;
  }
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  const isCredential = /^(proxy-)?authorization$|^cookie$/i;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isCredential.test(name)));
}

function getOnce(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { stallMs, signal }: RequestOptions,
): Promise<HttpAnswer> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, {
      // No agent: one connection for each request, closed after it.
      agent: false,
      headers: {
        'user-agent': `lxmert/${version()}`,
        accept: '*/*',
        'accept-encoding': 'identity',
        ...headers,
      },
      ...(signal === undefined ? {} : { signal }),
    });
    const timer = setTimeout(() => request.destroy(silence(stallMs)), stallMs);
    const failure: { error?: unknown } = {};
    request.on('error', (error) => {
      clearTimeout(timer);
      failure.error ??= error;
      reject(signal?.aborted === true ? signal.reason : asTransferError(error));
    });
    request.once('response', (response) => {
      clearTimeout(timer);
      resolve(describeAnswer(request, response, failure, { stallMs, signal }));
    });
    request.end();
  });
}

function describeAnswer(
  request: ClientRequest,
  response: IncomingMessage,
  failure: { error?: unknown },
  options: RequestOptions,
): HttpAnswer {
  const status = response.statusCode ?? 0;
  const { headers } = response;
  const length = headers['content-length'];
  // A stream without a listener would turn a late error into a crash.
  response.on('error', (error) => {
    failure.error ??= error;
  });
  const arrived = new ArrivedBody(response);
  return {
    status,
    statusText: `${status} ${response.statusMessage ?? ''}`.trim(),
    headers,
    contentLength: length === undefined ? undefined : Number(length),
    endsWithConnection: length === undefined && headers['transfer-encoding'] === undefined,
    body: () => readBody(request, response, arrived, failure, options),
    close: () => void request.destroy(),
  };
}

async function* readBody(
  request: ClientRequest,
  response: IncomingMessage,
  arrived: ArrivedBody,
  failure: { error?: unknown },
  { stallMs, signal }: RequestOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const stall = (): void => void response.destroy(silence(stallMs));
  let timer = setTimeout(stall, stallMs);
  try {
    for await (const chunk of arrived.chunks()) {
      clearTimeout(timer);
      yield chunk;
      timer = setTimeout(stall, stallMs);
    }
    // Node's parser reports bytes beyond the announced end as an error of the request, if it still sees them.
    if (signal?.aborted === true) throw signal.reason;
    if (failure.error !== undefined)
      throw new TransferError('never', 'sent more than the length it announced', undefined, {
        cause: failure.error,
      });
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    if (error instanceof TransferError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE'
      ? new TransferError('later', 'broke the connection off', undefined, { cause: error })
      : asTransferError(error);
  } finally {
    clearTimeout(timer);
    request.destroy();
  }
}

function silence(stallMs: number): TransferError {
  return new TransferError('later', `sent nothing for ${stallMs / 1000} seconds`);
}
