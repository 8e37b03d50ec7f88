/** @file Which known name a mistyped one probably stands for. */

/**
 * The candidate that `name` was probably meant to be, or undefined when none is near. Case, dashes and underscores do
 * not count, so `learningRate` and `learning_rate` are `learning-rate`. Near is: at most a third of the letters are
 * wrong, missing, added or swapped; or the name is a part (of four letters or more) of one candidate only.
 */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const folded = fold(name);
  let nearest: string | undefined;
  let smallest = Math.floor(Math.min(folded.length, 9) / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(folded, fold(candidate));
    if (distance < smallest) [nearest, smallest] = [candidate, distance];
  }
  if (nearest !== undefined || folded.length < 4) return nearest;
  const containing = candidates.filter((candidate) => fold(candidate).includes(folded));
  return containing.length === 1 ? containing[0] : undefined;
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[-_\s]/g, '');
}

/**
 * The fewest insertions, deletions, replacements and swaps of neighbors that turn one text into the other (the
 * optimal string alignment distance). Texts that differ in length by more than 8 count as that far apart: the
 * table would grow with the length of a hostile name.
 */
function editDistance(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > 8) return Math.abs(from.length - to.length);
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const differs = from[row - 1] === to[column - 1] ? 0 : 1;
      let distance = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + differs);
      const isSwap =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (isSwap) distance = Math.min(distance, beforeLast[column - 2]! + 1);
      current.push(distance);
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length]!;
}
