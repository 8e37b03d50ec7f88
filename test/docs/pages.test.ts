/** @file The written pages keep to the project: links lead somewhere, what they and comments name is there. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { brokenLink, headingsOf, linksOf, writtenFiles } from '../support/markdown.js';

const pages = writtenFiles('.', ['.md']);
const ownPages = pages.filter((page) => page.startsWith('docs/'));

describe('pages', () => {
  it.each(pages)('%s links to files and headings that exist', (page) => {
    expect(linksOf(page).flatMap((link) => brokenLink(link) ?? [])).toEqual([]);
  });

  it.each(ownPages)('%s names folders and files of this repository that exist', (page) => {
    const named = [
      ...readFileSync(page, 'utf8').matchAll(
        /`((?:src|native|test|scripts|bench|web|configs|deploy|docs)\/[\w./-]+)`/g,
      ),
    ].map((match) => match[1]!);
    expect(named.filter((file) => !existsSync(file))).toEqual([]);
  });

  it('say where their commands run, since npm knows the package in some folders alone', () => {
    const say = ownPages.filter(
      (page) =>
        /^```sh\n(?:(?!```).*\n)*?.*npx lxmert/m.test(readFileSync(page, 'utf8')) &&
        !/\/(install|cli|benchmarks)\.md$|reference\/tasks\.md$/.test(page),
    );
    expect(say.length).toBeGreaterThan(10);
    for (const page of ownPages.filter((each) => !each.endsWith('reference/cli.md'))) {
      const blocks = [...readFileSync(page, 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map(
        ([, text]) => text,
      );
      expect(
        blocks.flatMap((text) => text?.match(/^lxmert .*$/gm) ?? []),
        page,
      ).toEqual([]);
    }
    for (const page of say)
      expect(readFileSync(page, 'utf8'), page).toContain('install.md#where-commands-run');
  });

  it('are listed by docs/README.md, and its groups by the README', () => {
    const linked = linksOf('docs/README.md').map(({ target }) => target);
    expect(ownPages.filter((page) => page !== 'docs/README.md' && !linked.includes(page))).toEqual([]);
    const groups = readdirSync('docs', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(groups.length).toBeGreaterThan(0);
    const fromReadme = linksOf('README.md').map(({ target }) => target);
    expect(fromReadme).toContain('docs/README.md');
    for (const { name } of groups) {
      expect(
        fromReadme.some((target) => target.startsWith(`docs/${name}/`)),
        name,
      ).toBe(true);
    }
  });
});

describe('code and settings', () => {
  const roots = ['src', 'native', 'test', 'scripts', 'bench', 'web', 'configs', 'deploy'];
  const files = roots.flatMap((root) =>
    writtenFiles(root, [
      '.ts',
      '.tsx',
      '.mjs',
      '.py',
      '.cc',
      '.h',
      '.cu',
      '.toml',
      '.txt',
      'file',
      '.service',
    ]),
  );

  it('name pages that exist, and headings that these have', () => {
    const problems: string[] = [];
    let numNamed = 0;
    for (const file of files) {
      // A comment may break its line between the page and the heading.
      const text = readFileSync(file, 'utf8').replace(/\n\s*(?:\*|\/\/|#)\s/g, ' ');
      for (const [whole, page = '', heading] of text.matchAll(/\b(docs\/[\w/-]+\.md)(?:, "([^"]+)")?/g)) {
        numNamed++;
        if (!existsSync(page)) problems.push(`${file}: ${whole}: there is no such page`);
        else if (heading !== undefined && !headingsOf(page).includes(heading)) {
          problems.push(`${file}: ${whole}: there is no such heading`);
        }
      }
    }
    expect(numNamed).toBeGreaterThan(20);
    expect(problems).toEqual([]);
  });
});

describe('docs/how-it-works/dependencies.md', () => {
  it('names exactly the packages of package.json', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    const [atRunTime = '', forBuilding = ''] = readFileSync('docs/how-it-works/dependencies.md', 'utf8')
      .split(/^## .*$/m)
      .slice(1);
    const named = (section: string): string[] =>
      [...section.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap((row) =>
        [...row[1]!.matchAll(/`([^`]+)`/g)].map((m) => m[1]!),
      );
    expect(named(atRunTime).sort()).toEqual(Object.keys(manifest.dependencies!).sort());
    expect(named(forBuilding).sort()).toEqual(Object.keys(manifest.devDependencies!).sort());
  });

  it('names the licence of everything that an installation brings, and each has the hash that npm compares', () => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { integrity?: string; license?: string; dev?: boolean }>;
    };
    const licences = readFileSync('docs/how-it-works/dependencies.md', 'utf8').split('## Licences')[1] ?? '';
    const installed = Object.entries(packages).filter(([name]) => name !== '');
    expect(installed.length).toBeGreaterThan(100);
    for (const [name, { integrity, license = 'none', dev = false }] of installed) {
      expect(integrity, `${name} in package-lock.json`).toMatch(/^sha512-/);
      if (dev) continue;
      for (const each of license.replace(/[()]/g, '').split(/ (?:AND|OR) /))
        expect(licences, `the licence of ${name}`).toContain(each);
    }
  });

  it('no package of this project runs a script when it is installed', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
      expect(scripts).not.toHaveProperty(name);
  });
});
