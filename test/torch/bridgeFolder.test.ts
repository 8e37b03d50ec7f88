import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { version } from '../../src/common/version.js';
import { bridgeFolder, chooseBridge, placeForBridge } from '../../src/torch/bridgeFolder.js';

let folder = '';
let cache = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-bridge-folder-'));
  cache = path.join(folder, 'cache');
  vi.stubEnv('XDG_CACHE_HOME', cache);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A package in `below` with C++ sources. */
function packageIn(below: string, source = 'int one;'): string {
  const root = path.join(folder, below);
  mkdirSync(path.join(root, 'native/kernels'), { recursive: true });
  writeFileSync(path.join(root, 'native/kernels/a.cc'), source);
  return root;
}

describe('the folder of the bridge', () => {
  it('is in a clone, beside the sources', () => {
    const root = packageIn('clone');
    const own = path.join(root, 'build/native');
    expect(bridgeFolder(root)).toBe(own);
    expect(placeForBridge('2.6.0', root)).toEqual({ folder: own, isCached: false });
  });

  it('is in the cache of the user for an installed package, with what it depends on in its name', () => {
    const root = packageIn('app/node_modules/lxmert');
    const place = placeForBridge('2.6.0+cpu', root);
    expect(place.isCached).toBe(true);
    const [top, key, libtorch, ...rest] = path.relative(cache, place.folder).split('/');
    expect([top, libtorch, rest]).toEqual(['lxmert', 'libtorch-2.6.0+cpu', []]);
    expect(key).toMatch(new RegExp(`^${version()}-${process.platform}-${process.arch}-napi8-[0-9a-f]{12}$`));
  });

  it('is one folder for all projects with the same sources, another for other sources', () => {
    const places = [
      packageIn('one/node_modules/lxmert'),
      packageIn('two/node_modules/.store/lxmert@0.2.0/node_modules/lxmert'),
      packageIn('three/node_modules/lxmert', 'int two;'),
    ].map((root) => placeForBridge('2.6.0', root).folder);
    expect(places[1]).toBe(places[0]);
    expect(places[2]).not.toBe(places[0]);
  });

  it('is that of the libtorch that was set up last', async () => {
    const root = packageIn('app/node_modules/lxmert');
    const [older, newer] = ['1.13.1', '2.6.0'].map((each) => placeForBridge(each, root));
    expect(path.dirname(bridgeFolder(root))).toBe(path.dirname(older!.folder));
    expect([older!.folder, newer!.folder]).not.toContain(bridgeFolder(root));
    await chooseBridge(older!);
    expect(bridgeFolder(root)).toBe(older!.folder);
    await chooseBridge(newer!);
    expect(bridgeFolder(root)).toBe(newer!.folder);
  });

  it('is below the home folder where XDG_CACHE_HOME names no absolute path', () => {
    vi.stubEnv('XDG_CACHE_HOME', 'caches');
    vi.stubEnv('HOME', path.join(folder, 'home'));
    const { folder: place } = placeForBridge('2.6.0', packageIn('app/node_modules/lxmert'));
    expect(place.startsWith(path.join(folder, 'home/.cache/lxmert/'))).toBe(true);
  });
});
