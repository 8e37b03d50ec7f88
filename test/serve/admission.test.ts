import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { type Admission, admit } from '../../src/serve/admission.js';

const asked = (headers: Record<string, string>, admission: Admission = { isLocal: true }): string => {
  try {
    admit({ headers: { host: 'localhost:8080', ...headers } } as unknown as FastifyRequest, admission);
    return 'admitted';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('who may ask', () => {
  it('is any program of this machine, and the own page', () => {
    expect(asked({})).toBe('admitted');
    expect(asked({ host: '127.0.0.1:8080' })).toBe('admitted');
    expect(asked({ host: '[::1]:8080' })).toBe('admitted');
    expect(asked({ 'sec-fetch-site': 'same-origin', origin: 'http://localhost:8080' })).toBe('admitted');
  });

  it('is no page of another site, by whatever name it calls', () => {
    expect(asked({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })).toBe('forbidden');
    expect(asked({ host: 'evil.example' })).toBe('forbidden');
    expect(asked({ host: 'evil.example' }, { isLocal: false })).toBe('admitted');
  });

  it('is no page of another origin where browsers do not say whose it is, as by an address of a network', () => {
    const network = { isLocal: false };
    const own = { host: '192.168.1.5:8080', origin: 'http://192.168.1.5:8080' };
    expect(asked(own, network)).toBe('admitted');
    expect(asked({ ...own, origin: 'http://192.168.1.5:3000' }, network)).toBe('forbidden');
    expect(asked({ ...own, origin: 'http://192.168.1.50:8080' }, network)).toBe('forbidden');
    expect(asked({ ...own, origin: 'https://evil.example' }, network)).toBe('forbidden');
    // Of a sandboxed frame or a file.
    expect(asked({ ...own, origin: 'null' }, network)).toBe('forbidden');
    // Another port of the same machine is another page's.
    expect(asked({ 'sec-fetch-site': 'same-site', origin: 'http://localhost:3000' })).toBe('forbidden');
    expect(asked({ host: 'BOX.lan:80', origin: 'http://box.lan' }, network)).toBe('admitted');
  });

  it('is the page that a proxy shows, by the name that the proxy gives on', () => {
    const page = { host: '127.0.0.1:8080', origin: 'https://example.org' };
    const proxy = { isLocal: true };
    expect(asked({ ...page, 'x-forwarded-host': 'example.org' }, proxy)).toBe('admitted');
    expect(asked({ ...page, 'sec-fetch-site': 'same-origin' }, proxy)).toBe('admitted');
    expect(asked({ ...page, 'x-forwarded-host': 'example.com' }, proxy)).toBe('forbidden');
    expect(asked(page, proxy)).toBe('forbidden');
  });

  it('is a page of an origin that is named', () => {
    const named = { isLocal: true, allowedOrigins: ['https://example.org'] };
    expect(asked({ 'sec-fetch-site': 'cross-site', origin: 'https://example.org' }, named)).toBe('admitted');
    expect(asked({ host: 'example.org' }, named)).toBe('admitted');
    expect(asked({ 'sec-fetch-site': 'cross-site', origin: 'https://example.com' }, named)).toBe('forbidden');
  });

  it('is whoever has the token, from anywhere', () => {
    const token = { token: 'a-token-of-some-length', isLocal: true };
    const from = { host: 'evil.example', 'sec-fetch-site': 'cross-site' };
    expect(asked({ ...from, authorization: 'bearer a-token-of-some-length' }, token)).toBe('admitted');
    expect(asked({ ...from, authorization: 'Bearer another' }, token)).toBe('unauthorized');
    expect(asked({}, token)).toBe('unauthorized');
  });
});
