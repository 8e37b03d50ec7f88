/** @file A plugin that gives pages the style sheet that reports have, so that colors and letters stand in one place. */

import type { Plugin } from 'vite';
import { pageStyle } from '../src/report/style.js';

/** What pages import. */
const NAME = 'virtual:house-style.css';

export function houseStyle(): Plugin {
  return {
    name: 'house-style',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: (id) => (id === `\0${NAME}` ? pageStyle : undefined),
  };
}
