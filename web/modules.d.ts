/** @file What pages import that is no TypeScript. */

declare module 'virtual:house-style.css';
