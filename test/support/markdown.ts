/** @file What the tests of written pages need of Markdown: which pages there are, their headings and their links. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Folders of the repository's root that hold nothing that was written here. */
const NOT_WRITTEN = new Set(['node_modules', 'build', 'dist', 'coverage', '.git']);

/** Files of the repository below `folder` whose name ends in one of `endings`, by their path from the root. */
export function writtenFiles(folder: string, endings: readonly string[]): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) return NOT_WRITTEN.has(entry.name) ? [] : writtenFiles(file, endings);
      return endings.some((ending) => entry.name.endsWith(ending)) ? [file] : [];
    })
    .sort();
}

/** A page without what stands in its blocks of code. */
function prose(page: string): string {
  return readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '');
}

/** The text of a page's headings. */
export function headingsOf(page: string): string[] {
  return [...prose(page).matchAll(/^#+ (.+)$/gm)].map((match) => match[1]!.replaceAll('`', ''));
}

/** What `#` of a link may name: headings in lower case, without punctuation, hyphens for spaces, as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const heading of headingsOf(page)) {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    let anchor = slug;
    for (let i = 1; anchors.has(anchor); i++) anchor = `${slug}-${i}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** A page's links to files of the repository: as written, the file, and the anchor without its `#`. */
export function linksOf(page: string): { link: string; target: string; anchor: string }[] {
  return [...prose(page).matchAll(/\]\(([^)\s#]*)(?:#([^)\s]*))?\)/g)]
    .filter(([, target = '']) => !/^[a-z]+:/.test(target))
    .map(([, target = '', anchor = '']) => ({
      link: anchor === '' ? target : `${target}#${anchor}`,
      target: target === '' ? page : path.join(path.dirname(page), target),
      anchor,
    }));
}

/** What is wrong with a link, or undefined. */
export function brokenLink({ link, target, anchor }: ReturnType<typeof linksOf>[number]): string | undefined {
  if (!existsSync(target)) return `${link}: there is no ${target}`;
  if (anchor === '' || !target.endsWith('.md') || anchorsOf(target).has(anchor)) return undefined;
  return `${link}: ${target} has no heading for it, only ${[...anchorsOf(target)].join(', ')}`;
}
