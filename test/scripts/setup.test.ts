/** @file What the setup finds missing and what it runs, on machines made of scripts that stand for the system's programs. */

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lxmert } from '../support/commandLine.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-setup-'));
  mkdirSync(path.join(folder, 'bin'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Gives the machine a program: a shell script. */
function program(name: string, script = 'exit 0'): void {
  const file = path.join(folder, 'bin', name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** What `call` of a file in scripts/setup gives and says on that machine. */
function ask(file: string, call: string): { result: unknown; lines: string[]; message: string } {
  const script = `
    import * as file from ${JSON.stringify(path.resolve('scripts/setup', file))};
    const lines = [];
    const say = (line) => lines.push(line);
    let [result, message] = [null, ''];
    try { result = file.${call} } catch (error) { message = error.message; }
    console.log(JSON.stringify({ result, lines, message }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { PATH: path.join(folder, 'bin') },
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as { result: unknown; lines: string[]; message: string };
}

describe('missing packages', () => {
  it('are all where nothing is there', () => {
    const { result } = ask('system-packages.mjs', 'missingPackages(null)');
    const compilers = ['g++', 'cmake', 'ninja-build'];
    expect(result).toEqual([...compilers, 'libtorch-dev', 'libgloo-dev', 'libopenblas0-openmp']);
  });

  it('are those of process groups beside a libtorch of Debian without them', () => {
    for (const name of ['clang++', 'cmake', 'ninja']) program(name);
    program('dpkg-query', 'case "$4" in libgloo-dev) exit 1 ;; *) printf installed ;; esac');
    expect(ask('system-packages.mjs', 'missingPackages({ kind: "system" })').result).toEqual(['libgloo-dev']);
    expect(ask('system-packages.mjs', 'missingPackages({ kind: "env" })').result).toEqual([]);
  });
});

describe('installing packages', () => {
  const install = 'installPackages(["cmake", "g++"], { say, command: "it" })';

  /** An apt whose n-th installation is the first that works, and which writes down what it is asked. */
  function apt(firstThatWorks: number, known = 'cmake g++'): void {
    for (const name of ['env', 'sudo']) {
      program(name, 'while case "$1" in *=*) true ;; *) false ;; esac; do shift; done; exec "$@"');
    }
    program('apt-cache', `case " ${known} " in *" $2 "*) echo "$2 | 1.0" ;; esac`);
    const log = path.join(folder, 'log');
    program(
      'apt-get',
      `echo "$*" >> '${log}'
      [ "$1" = update ] || [ "$(/bin/grep -c install '${log}')" -ge ${firstThatWorks} ]`,
    );
  }

  /** Without the update that a machine without package lists begins with. */
  function asked(): string[] {
    const lines = readFileSync(path.join(folder, 'log'), 'utf8').trim().split('\n');
    return lines[0]!.startsWith('update') ? lines.slice(1) : lines;
  }

  it('says which, and runs apt once', () => {
    apt(1);
    const { lines, message } = ask('system-packages.mjs', install);
    expect(message).toBe('');
    expect(lines[0]).toBe('Installing with apt: cmake g++');
    expect(asked()).toEqual([expect.stringMatching(/^install -y .*--no-install-recommends .* cmake g\+\+$/)]);
  });

  it('tries once more with fresh lists', () => {
    apt(2);
    expect(ask('system-packages.mjs', install).message).toBe('');
    expect(asked().map((line) => line.split(' ')[0])).toEqual(['install', 'update', 'install']);
  });

  it('gives up after that', () => {
    apt(3);
    expect(ask('system-packages.mjs', install).message).toBe(
      'apt could not install cmake g++; its messages are above.',
    );
  });

  it('says the ways out where apt does not know a package, or is not there', () => {
    apt(1, 'cmake');
    expect(ask('system-packages.mjs', install).message).toMatch(
      /^Missing on this machine: g\+\+ \(this system's apt does not know it\)\.\n[\s\S]*set LIBTORCH[\s\S]*then run it again\.$/,
    );
    rmSync(path.join(folder, 'bin/apt-get'));
    expect(ask('system-packages.mjs', install).message).toMatch(/^Missing on this machine: cmake g\+\+\./);
  });
});

describe('the BLAS library', () => {
  const choose = (isCheck: boolean): string =>
    `chooseBlas({ libtorch: { kind: 'system' }, isCheck: ${isCheck}, say, triplet: 'x-linux-gnu' })`;

  /** Alternatives of which `inForce` is chosen for all three libraries. */
  function alternatives(inForce: string, status: 'auto' | 'manual'): void {
    program(
      'update-alternatives',
      `case "$1" in
        --query) library="\${2%-x-linux-gnu}"
          echo "Status: ${status}"; echo "Value: /usr/lib/x-linux-gnu/${inForce}/$library"
          echo "Alternative: /usr/lib/x-linux-gnu/openblas-openmp/$library" ;;
        *) echo "$*" >> '${path.join(folder, 'log')}' ;;
      esac`,
    );
  }

  it('is left alone when it is the right one', () => {
    alternatives('openblas-openmp', 'auto');
    expect(ask('blas.mjs', choose(true))).toEqual({ result: 0, lines: [], message: '' });
  });

  it('is said to be slower by a check', () => {
    alternatives('openblas-pthread', 'auto');
    const { result, lines } = ask('blas.mjs', choose(true));
    expect(result).toBe(3);
    expect(lines[0]).toBe(
      'Would run: update-alternatives --set libblas.so.3-x-linux-gnu /usr/lib/x-linux-gnu/openblas-openmp/libblas.so.3' +
        ' (in force: /usr/lib/x-linux-gnu/openblas-pthread/libblas.so.3)',
    );
  });

  it('is not changed where somebody chose it', () => {
    alternatives('blas', 'manual');
    const { lines } = ask('blas.mjs', choose(false));
    expect(lines[0]).toContain(
      'Choose OpenBLAS with OpenMP: sudo update-alternatives --set libblas.so.3-x-linux-gnu',
    );
    expect(existsSync(path.join(folder, 'log'))).toBe(false);
  });
});

describe('lxmert setup', () => {
  it('says what is wrong with LIBTORCH', async () => {
    const before = process.env.LIBTORCH;
    process.env.LIBTORCH = '/no/such/libtorch';
    try {
      const { exitCode, stderr } = await lxmert('setup', '--check');
      expect(exitCode).toBe(1);
      expect(stderr).toBe("lxmert: LIBTORCH names '/no/such/libtorch', which does not exist.\n");
    } finally {
      if (before === undefined) delete process.env.LIBTORCH;
      else process.env.LIBTORCH = before;
    }
  });
});

describe('a bridge that was built before', () => {
  const libtorch = { version: '2.8.0', root: '/opt/torch', library: { size: 7, modified: 'then' } };
  const other = (built: object): unknown => {
    writeFileSync(path.join(folder, 'libtorch.json'), JSON.stringify({ ...libtorch, ...built }));
    const words = [libtorch, { folder }].map((each) => JSON.stringify(each)).join(', ');
    return ask('build-bridge.mjs', `bridgeOfOther(${words}) ?? null`).result;
  };

  it('is told of when it was for another libtorch, or for this one before it was replaced', () => {
    expect(other({})).toBeNull();
    expect(other({ version: '1.13.1', root: '/usr' })).toBe('libtorch 1.13.1 in /usr');
    expect(other({ library: { size: 8, modified: 'now' } })).toBe(
      'libtorch 2.8.0 in /opt/torch as it was before it was replaced',
    );
  });
});
