/** @file The end of a server: what was begun is answered, and no client can hold it up. */

import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countRequests, endServer } from '../../src/serve/endServer.js';
import type { ServiceOptions } from '../../src/serve/service.js';
import { needing } from '../support/skips.js';
import { type TestServer, testServer } from './support.js';

const SENDING_TIME = 300;

needing('program').describe('ending a server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await testServer();
  });
  afterAll(() => server.close());

  async function listening(options: Partial<ServiceOptions> = {}) {
    const { app, service } = await server.serve({ ...options, timeout: 60_000 });
    const numUnderWay = countRequests(app);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as { port: number };
    return { port, service, numUnderWay, end: () => endServer(app, service, numUnderWay, SENDING_TIME) };
  }

  const body = (): string =>
    JSON.stringify({ image: server.picture.toString('base64'), questions: ['what?'] });

  it('answers what is at work, closes its connection, and refuses what comes after', async () => {
    const { port, service, end } = await listening({ maxWait: 400 });
    const agent = new Agent({ keepAlive: true });
    const asked = request({
      port,
      agent,
      method: 'POST',
      path: '/v1/answer',
      headers: { 'content-type': 'application/json' },
    });
    asked.end(body());
    while (!service.isBusy) await sleep(2);
    const ended = end();
    const [response] = await once(asked, 'response');
    expect(response.statusCode).toBe(200);
    expect(response.headers.connection).toBe('close');
    response.resume();
    await ended;
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    agent.destroy();
  });

  it.each([
    [
      'a form',
      'POST /v1/answer HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 9999\r\n\r\n--b\r\n',
    ],
    [
      'JSON',
      'POST /v1/answer HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n{',
    ],
    ['a header', 'POST /v1/answer HTTP/1.1\r\nhost: a\r\nx-slow: '],
  ])('does not wait for a client that sends %s for ever', async (_, start) => {
    const { port, end } = await listening();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(start);
    const dribbling = setInterval(() => socket.write('x'), 30);
    await sleep(60);
    await end();
    clearInterval(dribbling);
    socket.destroy();
  });

  it('does not detect regions for clients that are gone', async () => {
    const { port, service, end } = await listening();
    const { counts } = service;
    // One is at work, the others wait.
    const gone = Array.from({ length: 40 }, (_, i) => {
      const controller = new AbortController();
      const picture = Buffer.concat([server.picture, Buffer.from([i])]);
      const answered = fetch(`http://127.0.0.1:${port}/v1/regions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ image: picture.toString('base64') }),
        signal: controller.signal,
      }).catch(() => undefined);
      return { controller, answered };
    });
    while (counts.cacheMisses < 40) await sleep(1);
    for (const { controller } of gone) controller.abort();
    await Promise.all(gone.map(({ answered }) => answered));
    while (service.numWaiting > 0) await sleep(1);
    await end();
    expect(service.cache.size).toBeLessThan(40);
  });
});
