/**
 * @file Which BLAS the system's libtorch calls: whichever the alternatives name. Reference BLAS is many times slower
 * than OpenBLAS, and OpenBLAS with its own threads fights libtorch's OpenMP threads: a factor of two to three.
 */

import { hasProgram, isRoot, outputOf, runProgram } from './programs.mjs';

/** libblas.so.3 of either OpenBLAS package loads libopenblas.so.0, an alternative of its own. */
const libraries = ['libblas.so.3', 'liblapack.so.3', 'libopenblas.so.0'];
const slower = /openblas-(pthread|serial)|\/blas\/|\/lapack\/|atlas/;

/**
 * Chooses OpenBLAS with OpenMP where the system chose another by itself and this is root; a choice that somebody made
 * by hand is left alone, and the command that changes it is said.
 *
 * @returns {number} how many choices a check (`isCheck`) found to be made
 */
export function chooseBlas({ libtorch, isCheck, say, triplet }) {
  if (libtorch?.kind !== 'system' || triplet === undefined || !hasProgram('update-alternatives')) return 0;
  let numToChoose = 0;
  for (const library of libraries) {
    const name = `${library}-${triplet}`;
    const state = (outputOf('update-alternatives', ['--query', name]) ?? '').split('\n');
    const value = state.find((line) => line.startsWith('Value: '))?.slice('Value: '.length) ?? '';
    const wanted = `/usr/lib/${triplet}/openblas-openmp/${library}`;
    if (!slower.test(value) || !state.includes(`Alternative: ${wanted}`)) continue;
    const words = ['--set', name, wanted];
    const command = `update-alternatives ${words.join(' ')}`;
    if (isCheck) {
      say(`Would run: ${command} (in force: ${value})`);
      numToChoose++;
    } else if (isRoot() && state.includes('Status: auto')) {
      say(`${library} is ${value}, which is slower here; choosing OpenBLAS with OpenMP.`);
      runProgram('update-alternatives', words);
    } else {
      say(`${library} is ${value}, which is slower here. Choose OpenBLAS with OpenMP: sudo ${command}`);
    }
  }
  return numToChoose;
}
