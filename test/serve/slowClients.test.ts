/** @file Clients that are slow, stall or go away, over real connections. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Service } from '../../src/serve/service.js';
import { needing } from '../support/skips.js';
import { type TestServer, testServer } from './support.js';

const TIMEOUT = 600;

needing('program').describe('a client that', () => {
  let server: TestServer;
  let app: FastifyInstance;
  let service: Service;
  let port: number;
  beforeAll(async () => {
    server = await testServer();
    ({ app, service } = await server.serve({ timeout: TIMEOUT }));
    await app.listen({ host: '127.0.0.1', port: 0 });
    ({ port } = app.server.address() as { port: number });
    // The first answer of a process takes longer than others; that is not what is measured here.
    await ask();
  });
  afterAll(() => server.close());

  /** What the server sends on a connection until it ends it. */
  async function heard(socket: Socket): Promise<string> {
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
    });
    socket.on('error', () => undefined);
    await once(socket, 'close');
    return text;
  }

  async function ask(): Promise<Response> {
    return await fetch(`http://127.0.0.1:${port}/v1/answer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ image: server.picture.toString('base64'), questions: ['what?'] }),
    });
  }

  async function open(): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }

  /** Sends a byte now and then for as long as the connection is open. */
  async function dribble(socket: Socket): Promise<void> {
    while (!socket.destroyed) {
      socket.write('x');
      await sleep(40);
    }
  }

  const head = (type: string): string =>
    `POST /v1/answer HTTP/1.1\r\nhost: a\r\ncontent-type: ${type}\r\ncontent-length: 100000\r\n\r\n`;
  const json = head('application/json');
  const form = `${head('multipart/form-data; boundary=cut')}--cut\r\ncontent-disposition: form-data; name="image"; filename="a"\r\n\r\n`;
  const halfHeader = 'POST /v1/answer HTTP/1.1\r\nhost: a\r\nx-slow: ';

  it.each([
    ['a JSON body', json],
    ['a form', form],
    ['its header', halfHeader],
  ])('sends %s byte by byte is ended when its time is up', async (_, start) => {
    const socket = await open();
    socket.write(start);
    const text = heard(socket);
    void dribble(socket);
    expect(await text).toMatch(/^HTTP\/1\.1 (408|504) /);
    expect(service.numWaiting).toBe(0);
  });

  it('is one of many that stall keeps nobody from being answered', async () => {
    const sockets = await Promise.all(Array.from({ length: 100 }, open));
    const stalled = sockets.map((socket, i) => {
      socket.write([json, form, halfHeader][i % 3]!);
      return heard(socket);
    });
    const answered = await ask();
    expect(answered.status).toBe(200);
    const texts = await Promise.all(stalled);
    expect(texts.filter((text) => text.startsWith('HTTP/1.1 2'))).toEqual([]);
  });

  it('goes away before its answer takes its question out of the queue', async () => {
    const body = JSON.stringify({ image: server.picture.toString('base64'), questions: ['what?'] });
    // Waits for company longer than its client does.
    const { app: patient, service: waiting } = await server.serve({ maxWait: 1000, timeout: 30_000 });
    await patient.listen({ host: '127.0.0.1', port: 0 });
    const address = patient.server.address() as { port: number };
    const socket = connect(address.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      `POST /v1/answer HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    while (waiting.numWaiting === 0 || waiting.counts.cacheMisses === 0) await sleep(5);
    while (waiting.cache.size === 0) await sleep(5);
    while (waiting.numWaiting === 0) await sleep(5);
    socket.destroy();
    while (waiting.numWaiting > 0) await sleep(5);
    expect(waiting.counts.questions).toBe(0);
  });

  it('waits for an answer that takes too long is told so', async () => {
    const { app: hurried } = await server.serve({ maxWait: 1000, timeout: 200 });
    await hurried.listen({ host: '127.0.0.1', port: 0 });
    const address = hurried.server.address() as { port: number };
    const answered = await fetch(`http://127.0.0.1:${address.port}/v1/answer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ image: server.picture.toString('base64'), questions: ['what?'] }),
    });
    expect(answered.status).toBe(504);
    expect(await answered.json()).toMatchObject({ error: { code: 'timeout' } });
  });
});
