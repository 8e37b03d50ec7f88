/** @file The written pages keep to the project: links lead somewhere, every dependency has its reason. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const pages = ['README.md', ...readdirSync('docs').map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);

describe('pages', () => {
  it.each(pages)('%s links to files that exist', (page) => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#]+)(#[^)]*)?\)/g)].map(
      (match) => match[1]!,
    );
    for (const link of links.filter((each) => !/^https?:/.test(each))) {
      expect(existsSync(path.join(path.dirname(page), link)), `${page} -> ${link}`).toBe(true);
    }
  });

  it('the README leads to every page', () => {
    const readme = readFileSync('README.md', 'utf8');
    for (const page of pages.slice(1)) expect(readme).toContain(`(${page})`);
  });
});

describe('docs/dependencies.md', () => {
  it('names exactly the packages of package.json', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    const [atRunTime = '', forBuilding = ''] = readFileSync('docs/dependencies.md', 'utf8')
      .split(/^## .*$/m)
      .slice(1);
    const named = (section: string): string[] =>
      [...section.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap((row) =>
        [...row[1]!.matchAll(/`([^`]+)`/g)].map((m) => m[1]!),
      );
    expect(named(atRunTime).sort()).toEqual(Object.keys(manifest.dependencies!).sort());
    expect(named(forBuilding).sort()).toEqual(Object.keys(manifest.devDependencies!).sort());
  });

  it('no package of this project runs a script when it is installed', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
      expect(scripts).not.toHaveProperty(name);
  });
});
