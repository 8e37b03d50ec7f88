/** @file What pages import that is no TypeScript. */

declare module 'virtual:house-style.css';

/** The script and the style of the page that shows one explanation. */
declare module 'virtual:explanation-parts' {
  export const script: string;
  export const style: string;
}
