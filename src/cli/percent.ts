/** @file Shares as the commands print them. */

export { formatPercent as percent } from '../formats/numbers.js';
