/** @file Compiles the rooms under features for a child process, which has no test runner to translate them. */

import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Writes JavaScript of `src/features` and the rooms that it needs into `folder` and returns the folder of the former. */
export function compileFeatures(folder: string): string {
  compileFolders(folder, ['common', 'formats', 'features']);
  return path.join(folder, 'features');
}

/** Writes JavaScript of some folders of `src/` into `folder`. */
export function compileFolders(folder: string, folders: readonly string[]): void {
  cpSync(path.join(root, 'package.json'), path.join(folder, 'package.json'));
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  for (const room of folders) {
    for (const name of readdirSync(path.join(root, 'src', room), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const file = path.join(root, 'src', room, name);
      const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
        compilerOptions: {
          target: ts.ScriptTarget.ES2022,
          module: ts.ModuleKind.ESNext,
          verbatimModuleSyntax: true,
        },
      });
      const target = path.join(folder, room, name.replace(/ts$/, 'js'));
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, outputText);
    }
  }
}
