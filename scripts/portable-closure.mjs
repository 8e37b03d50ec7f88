/**
 * @file What the entries of `lxmert/runtime` load, directly and through others: neither libtorch's room nor training, of
 * packages the listed ones, and in browsers nothing of Node.js.
 */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** Rooms with libtorch, or that exist for it. */
const rooms = ['torch', 'train', 'model', 'checkpoint'];
const everywhere = ['zod', 'onnxruntime-web', '@noble/hashes'];

/** Each entry of the subpath, and what it may load. */
export const runtimeEntries = [
  { entry: 'src/runtime/index.ts', where: 'browsers', packages: everywhere, nodeModules: false },
  {
    entry: 'src/runtime/node.ts',
    where: 'Node.js without libtorch',
    packages: [...everywhere, 'onnxruntime-node', 'sharp'],
    nodeModules: true,
  },
];

/** Names that are there in Node.js alone. */
const nodeGlobals = new Set([
  'Buffer',
  'process',
  'setImmediate',
  'require',
  '__dirname',
  '__filename',
  'global',
]);

/**
 * Everything that an entry loads and may not.
 *
 * @returns {{ file: string, line: number, message: string }[]} none where the entry is not there
 */
export function findUnportable(root, { entry, where, packages, nodeModules }) {
  const problems = [];
  if (!existsSync(path.join(root, entry))) return problems;
  const cameFrom = new Map([[entry, undefined]]);
  for (const file of cameFrom.keys()) {
    const text = readFileSync(path.join(root, file), 'utf8');
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const report = (node, what) => {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      problems.push({
        file,
        line,
        message: `${what}, and ${where} load this file: ${wayTo(cameFrom, file)}.`,
      });
    };
    if (!nodeModules) for (const node of usedGlobals(source)) report(node, `${node.text} is Node.js's own`);
    for (const { specifier, node } of loadedModules(source)) {
      if (specifier.startsWith('.')) {
        const target = path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, '.ts');
        const room = /^src\/([^/]+)\//.exec(target)?.[1];
        if (rooms.includes(room)) report(node, `'${specifier}' is of the room ${room}`);
        else if (existsSync(path.join(root, target)) && !cameFrom.has(target)) cameFrom.set(target, file);
      } else if (specifier.startsWith('node:')) {
        if (!nodeModules) report(node, `'${specifier}' is a module of Node.js`);
      } else if (!packages.some((name) => specifier === name || specifier.startsWith(`${name}/`))) {
        report(node, `'${specifier}' is not among the packages of the runtime (${packages.join(', ')})`);
      }
    }
  }
  return problems;
}

/** Modules that running a file loads, at once or later; those that only its types need are none. */
function loadedModules(source) {
  const found = [];
  const visit = (node) => {
    const isTypes = node.isTypeOnly === true || node.importClause?.isTypeOnly === true;
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier && !isTypes) {
      found.push({ specifier: node.moduleSpecifier.text, node });
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [name] = node.arguments;
      if (name !== undefined && ts.isStringLiteral(name)) found.push({ specifier: name.text, node });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Where a global of Node.js is used as a value; names of members and types are something else. */
function usedGlobals(source) {
  const found = [];
  const visit = (node) => {
    if (ts.isTypeNode(node)) return;
    if (ts.isIdentifier(node) && nodeGlobals.has(node.text) && !isMember(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isMember(node) {
  const { parent } = node;
  return (
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    ((ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertySignature(parent)) &&
      parent.name === node)
  );
}

function wayTo(cameFrom, end) {
  const way = [];
  for (let name = end; name !== undefined; name = cameFrom.get(name)) way.unshift(name);
  return way.join(' > ');
}
