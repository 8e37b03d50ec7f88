/** @file Which file imports which, types included, and the circles among them. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** What the name in an import may stand for: sources are imported by the name of what they are compiled to. */
const SOURCE_ENDINGS = { '.js': ['.ts', '.tsx', '.js'], '.mjs': ['.mts', '.mjs'] };

/**
 * The imports of source files from one another; packages and what is not among the files are left out.
 *
 * @param {string} root
 * @param {readonly string[]} names of the files, relative to `root`, with `/` between folders
 * @returns {Map<string, { target: string, line: number }[]>} by file
 */
export function readImportGraph(root, names) {
  const known = new Set(names);
  return new Map(
    names.map((name) => {
      const text = readFileSync(path.join(root, name), 'utf8');
      const imports = ts.preProcessFile(text, true, true).importedFiles.flatMap(({ fileName, pos }) => {
        if (!fileName.startsWith('.')) return [];
        const target = sourceOf(path.posix.join(path.posix.dirname(name), fileName), known);
        return target === undefined ? [] : [{ target, line: text.slice(0, pos).split('\n').length }];
      });
      return [name, imports];
    }),
  );
}

function sourceOf(name, known) {
  const ending = path.posix.extname(name);
  const stem = name.slice(0, name.length - ending.length);
  return (SOURCE_ENDINGS[ending] ?? [ending]).map((each) => stem + each).find((each) => known.has(each));
}

/**
 * One circle for each group of files that reach each other: the shortest through the first file of the group.
 *
 * @returns {string[][]} each ends with the file that it begins with
 */
export function findCircles(graph) {
  const circles = [];
  const seen = new Set();
  for (const start of [...graph.keys()].sort()) {
    if (seen.has(start)) continue;
    const circle = shortestWayBack(graph, start);
    if (circle === undefined) continue;
    for (const name of circle) seen.add(name);
    circles.push(circle);
  }
  return circles;
}

/** Breadth first, so that the first way found is one of the shortest. */
function shortestWayBack(graph, start) {
  const cameFrom = new Map([[start, undefined]]);
  const queue = [start];
  for (const name of queue) {
    for (const { target } of graph.get(name)) {
      if (target === start) return wayTo(cameFrom, name).concat(start);
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, name);
      queue.push(target);
    }
  }
  return undefined;
}

function wayTo(cameFrom, end) {
  const way = [];
  for (let name = end; name !== undefined; name = cameFrom.get(name)) way.unshift(name);
  return way;
}
