/** @file `lxmert/checkpoint`: weights in every layout and under every family of names, read safely and written. */

export * from '../checkpoint/index.js';
