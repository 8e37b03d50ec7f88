import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

interface Target {
  readonly types: string;
  readonly default: string;
}
const { exports: entries } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly exports: Readonly<Record<string, string | (Target & { readonly node?: Target })>>;
};
/** `./train` and the source that it is compiled from; an entry that is another one in Node.js is two. */
const doors = Object.entries(entries).flatMap(([door, target]) => {
  if (typeof target === 'string') return [];
  const { node, ...elsewhere } = target;
  const places =
    node === undefined
      ? [{ door, target }]
      : [
          { door, target: elsewhere },
          { door: `${door} in Node.js`, target: node },
        ];
  return places.map((place) => ({
    door: place.door,
    source: sourceOf(place.target.default),
    types: sourceOf(place.target.types),
  }));
});

describe('the public interface', () => {
  it('has a source for each entry of the package, and pages of each', () => {
    const { entryPoints } = JSON.parse(readFileSync('typedoc.json', 'utf8')) as { entryPoints: string[] };
    expect(doors.map(({ source }) => source)).toEqual(entryPoints);
    expect(doors.map(({ types }) => types)).toEqual(entryPoints);
    const files = readdirSync('src/api').map((name) => `src/api/${name}`);
    expect(files.sort()).toEqual(entryPoints.filter((source) => source.startsWith('src/api/')).sort());
  });

  it('is what it was: a name that comes, goes or changes its kind is a change of the interface', () => {
    const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, '.');
    const program = ts.createProgram(
      doors.map(({ source }) => source),
      { ...options, noEmit: true, incremental: false },
    );
    const checker = program.getTypeChecker();
    const surface = Object.fromEntries(
      doors.map(({ door, source }) => [door, exportsOf(checker, program.getSourceFile(source)!)]),
    );
    expect(surface).toMatchSnapshot();
  });
});

/** `dist/src/api/train.js` to `src/api/train.ts`. */
function sourceOf(built: string): string {
  return built.replace(/^\.\/dist\//, '').replace(/(\.d\.ts|\.js)$/, '.ts');
}

/** `class Trainer`, `function finetune`, ... in the order of names. */
function exportsOf(checker: ts.TypeChecker, file: ts.SourceFile): string[] {
  const module = checker.getSymbolAtLocation(file)!;
  return checker
    .getExportsOfModule(module)
    .map((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return `${symbol.name}: ${kindsOf(target.flags).join(' and ')}`;
    })
    .sort((a, b) => (a < b ? -1 : 1));
}

function kindsOf(flags: ts.SymbolFlags): string[] {
  const kinds: readonly (readonly [ts.SymbolFlags, string])[] = [
    [ts.SymbolFlags.Class, 'class'],
    [ts.SymbolFlags.Function, 'function'],
    [ts.SymbolFlags.Variable, 'value'],
    [ts.SymbolFlags.Interface, 'interface'],
    [ts.SymbolFlags.TypeAlias, 'type'],
    [ts.SymbolFlags.Module, 'namespace'],
  ];
  const found = kinds.filter(([flag]) => flags & flag).map(([, kind]) => kind);
  if (found.length === 0) throw new Error(`A symbol of flags ${flags} is exported, which has no name here.`);
  return found;
}
