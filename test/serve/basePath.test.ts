/** @file The server under a path of a proxy, beside another site. */

import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isBasePath, withoutBasePath } from '../../src/serve/basePath.js';
import { LxmertClient } from '../../src/serve/client.js';
import { needing } from '../support/skips.js';
import { type SubpathProxyOptions, startSubpathProxy } from '../support/subpathProxy.js';
import { type TestServer, testServer } from './support.js';

describe('base paths', () => {
  it.each([
    ['/vqa', true],
    ['/apps/vqa-2.1', true],
    ['vqa', false],
    ['/vqa/', false],
    ['/', false],
    ['/..', false],
    ['/a/../b', false],
    ['/v1', false],
    ['/docs/x', false],
    ['//example.org', false],
    ['/a"><script>', false],
  ])('%s: %s', (text, isOne) => {
    expect(isBasePath(text)).toBe(isOne);
  });

  it.each([
    ['/vqa/v1/answer', '/v1/answer'],
    ['/vqa', '/'],
    ['/vqa/', '/'],
    ['/vqa?x=1', '/?x=1'],
    ['/vqas/v1', '/vqas/v1'],
    ['/v1/answer', '/v1/answer'],
  ])('%s is %s here', (url, here) => {
    expect(withoutBasePath(url, '/vqa')).toBe(here);
  });
});

needing('program').describe('behind a proxy', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await testServer();
  });
  afterAll(() => server.close());

  const setups: [string, SubpathProxyOptions, string | undefined][] = [
    ['that takes the path off', { path: '/vqa', strips: true, says: false }, undefined],
    ['that takes the path off and says it', { path: '/vqa', strips: true, says: true }, undefined],
    ['that leaves the path on and says it', { path: '/a/vqa', strips: false, says: true }, undefined],
    ['that leaves the path on, with --base-path', { path: '/vqa', strips: false, says: false }, '/vqa'],
    ['that takes the path off, with --base-path', { path: '/vqa', strips: true, says: false }, '/vqa'],
  ];
  it.each(setups)('%s: page, its parts, API and its page', async (_, options, basePath) => {
    const { app } = await server.serve({ basePath });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const proxy = await startSubpathProxy(`http://127.0.0.1:${port}`, options);
    try {
      const knows = options.says || basePath !== undefined;
      // Without the slash an address is that of the folder above, unless the server knows where it is.
      for (const ending of knows ? ['/', ''] : ['/']) {
        const page = `${proxy.address}${ending}`;
        const html = await (await fetch(page)).text();
        const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(
          ([, part]) => new URL(part!, page).href,
        );
        const own = parts.filter((part) => part.startsWith('http'));
        // Script, style, icon, description of the API.
        expect(own).toHaveLength(4);
        for (const part of own) {
          expect(part.startsWith(`${proxy.address}/`), part).toBe(true);
          expect((await fetch(part)).status, part).toBe(200);
        }
      }
      const client = new LxmertClient(proxy.address);
      const { results } = await client.answer(new Uint8Array(server.picture), ['what?']);
      expect(results[0]?.answers.length).toBeGreaterThan(0);
      // Without the slash too: it leads on.
      const docs = await fetch(`${proxy.address}/docs`);
      expect(docs.url).toBe(`${proxy.address}/docs/`);
      const parts = [...(await docs.text()).matchAll(/(?:src|href)="(\.[^"]+)"/g)].map(
        ([, part]) => new URL(part!, docs.url).href,
      );
      expect(parts.length).toBeGreaterThan(2);
      for (const part of parts) {
        expect(part.startsWith(`${proxy.address}/`), part).toBe(true);
        expect((await fetch(part)).status, part).toBe(200);
      }
      const address = `${proxy.address}/openapi.json`;
      const { servers } = (await (await fetch(address)).json()) as { servers: { url: string }[] };
      expect(new URL(servers[0]!.url, address).href).toBe(`${proxy.address}/`);
    } finally {
      proxy.close();
    }
  });

  it('takes no path from a header that is none', async () => {
    const { app } = await server.serve();
    for (const prefix of ['//example.org', 'https://example.org', '/a"b', '/v1']) {
      const { body } = await app.inject({ url: '/', headers: { 'x-forwarded-prefix': prefix } });
      expect(body).toContain('src="./assets/');
    }
  });
});
