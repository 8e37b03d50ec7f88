import http, { type IncomingMessage } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ArrivedBody } from '../../../src/data/download/arrivedBody.js';
import { errorOf } from '../../features/support.js';
import { randomBytes, type Served, startServer } from './server.js';

/** A response that nobody reads for a tenth of a second, and its body. */
async function late(
  answer: (served: Served) => void,
): Promise<{ response: IncomingMessage; body: ArrivedBody }> {
  const { url } = await startServer(answer);
  const opened = await new Promise<{ response: IncomingMessage; body: ArrivedBody }>((resolve, reject) => {
    const request = http.get(url, { agent: false }, (response) =>
      resolve({ response, body: new ArrivedBody(response) }),
    );
    request.on('error', reject);
  });
  await setTimeout(100);
  return opened;
}

async function read(body: ArrivedBody, into: Buffer[] = []): Promise<Buffer> {
  for await (const chunk of body.chunks()) into.push(chunk);
  return Buffer.concat(into);
}

it('gives what came before the connection broke off, then the failure', async () => {
  const sent = randomBytes(10_000);
  const { body } = await late(({ request, response }) => {
    response.writeHead(200, { 'content-length': '20000' });
    response.write(sent, () => request.socket.end());
  });
  const chunks: Buffer[] = [];
  const error = await errorOf(() => read(body, chunks));
  expect(error).toMatchObject({ code: 'ECONNRESET' });
  expect(Buffer.concat(chunks).equals(sent)).toBe(true);
});

it('gives a whole body in order, and lets the sender wait while nobody reads', async () => {
  const sent = randomBytes(8_000_000);
  const { response, body } = await late((served) => served.response.end(sent));
  expect(response.isPaused()).toBe(true);
  expect(response.socket.bytesRead).toBeLessThan(1_000_000);
  expect((await read(body)).equals(sent)).toBe(true);
});

it('ends with an error when the response is thrown away', async () => {
  const { response, body } = await late((served) => void served.response.write('a'));
  response.destroy();
  await expect(read(body)).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
});
