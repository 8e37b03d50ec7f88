/** @file The rule by which libtorch is found, on made-up installations. */

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'lxmert-libtorch-')));
afterAll(() => rmSync(folder, { recursive: true }));

interface Installation {
  readonly files?: Record<string, string>;
  readonly without?: string;
}

/** Lays out an installation; `files` replaces or adds, `without` leaves one out. */
function install(name: string, { files = {}, without }: Installation = {}): string {
  const root = path.join(folder, name);
  const all: Record<string, string> = {
    'include/torch/csrc/api/include/torch/torch.h': '',
    'include/torch/csrc/api/include/torch/version.h':
      '#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 4\n#define TORCH_VERSION_PATCH 1\n',
    'include/ATen/ATen.h': '#error C++17 or later',
    'lib/libtorch.so': '',
    'lib/libtorch_cpu.so': 'kernels',
    'lib/libc10.so': 'c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_string',
    ...files,
  };
  for (const [file, text] of Object.entries(all)) {
    if (file === without) continue;
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}

function find(environment: Record<string, string>): {
  status: number | null;
  found: unknown;
  message: string;
} {
  const result = spawnSync(process.execPath, [path.resolve('scripts/setup/find-libtorch.mjs')], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', ...environment },
  });
  return { status: result.status, found: result.stdout && JSON.parse(result.stdout), message: result.stderr };
}

/** A `python3` that says it has torch in `folder`. */
function python(torch: string): string {
  const bin = path.join(folder, `bin-${path.basename(torch)}`);
  mkdirSync(bin, { recursive: true });
  writeFileSync(path.join(bin, 'python3'), `#!/bin/sh\necho "${torch}"\n`);
  chmodSync(path.join(bin, 'python3'), 0o755);
  return `${bin}:/usr/bin:/bin`;
}

describe('find-libtorch', () => {
  it('takes what LIBTORCH names', () => {
    const root = install('named');
    expect(find({ LIBTORCH: root, PATH: python(install('other')) })).toMatchObject({
      status: 0,
      found: {
        kind: 'env',
        root,
        libdir: path.join(root, 'lib'),
        includes: [path.join(root, 'include'), path.join(root, 'include/torch/csrc/api/include')],
        version: '2.4.1',
        library: { size: 7 },
        cuda: false,
        cxxStandard: 17,
        cxx11Abi: 1,
      },
    });
  });

  it('takes the folder above a package named torch', () => {
    const root = install('site-packages/torch');
    expect(find({ LIBTORCH: path.dirname(root) }).found).toMatchObject({ kind: 'env', root });
  });

  it("takes Python's torch next", () => {
    const root = install('python-torch', { files: { 'version.py': "__version__ = '2.6.0+cpu'\n" } });
    expect(find({ PATH: python(root) }).found).toMatchObject({ kind: 'python', root, version: '2.6.0+cpu' });
  });

  it('passes over a Python torch without headers', () => {
    const root = install('no-headers', { without: 'include/ATen/ATen.h' });
    expect(find({ PATH: python(root) }).found).not.toMatchObject({ kind: 'python' });
  });

  it('reads CUDA, the old string layout and the needed C++ standard from the files', () => {
    const root = install('cuda', {
      files: {
        'lib/libtorch_cuda.so': '',
        'lib/libc10_cuda.so': '',
        '../nvidia/nccl/include/nccl.h': '',
        'lib/libc10.so': 'x c105ErrorC2ENS_14SourceLocationESs y',
        'include/ATen/ATen.h': '#if __cplusplus < 202002L\n#error C++20\n#endif\n',
        'build-version': '2.15.0+cu132\n',
      },
    });
    expect(find({ LIBTORCH: root }).found).toMatchObject({
      cuda: true,
      cudaIncludes: expect.arrayContaining([path.join(path.dirname(root), 'nvidia/nccl/include')]),
      cxx11Abi: 0,
      cxxStandard: 20,
      version: '2.15.0+cu132',
    });
  });

  it('refuses a LIBTORCH that does not exist or is not whole', () => {
    const nowhere = path.join(folder, 'nowhere');
    expect(find({ LIBTORCH: nowhere })).toMatchObject({
      status: 1,
      found: '',
      message: `LIBTORCH names '${nowhere}', which does not exist.\n`,
    });
    const half = install('half', { without: 'lib/libc10.so' });
    const { status, message } = find({ LIBTORCH: half });
    expect(status).toBe(1);
    expect(message).toContain('no whole libtorch: lib/libc10.so is missing there');
  });
});
