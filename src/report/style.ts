/** @file The page's style sheet: one column of text, light and dark, from phone to desk. */

/** Text colors keep a contrast of at least 4.5 to 1 with what they stand on, lines and bars 3 to 1. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #faf9f6; --surface: #ffffff; --ink: #1c1e21; --quiet: #5c6068; --rule: #e2dfd8; --track: #eae7e0;
  --accent: #1f5f99; --yardstick: #75787f; --right: #1e6b3c; --right-paper: #e3f2e8; --wrong: #a3302a; --wrong-paper: #fae8e6;
  --series-0: #1f5f99; --series-1: #b4531a; --series-2: #2c7a4b; --series-3: #8a3f8f; --series-4: #75651a; --series-5: #55585f;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Source Serif 4", Georgia, "DejaVu Serif", serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --surface: #1d2024; --ink: #e8e6e1; --quiet: #a3a6ad; --rule: #33373d; --track: #32363c;
    --accent: #6fb0ec; --yardstick: #878b93; --right: #86d6a2; --right-paper: #1b3325; --wrong: #f2a09a; --wrong-paper: #3d2120;
    --series-0: #6fb0ec; --series-1: #ee9a5f; --series-2: #7cc996; --series-3: #d296d7; --series-4: #cdbb62; --series-5: #b3b6bd;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); overflow-wrap: anywhere; }
main { max-width: 1080px; margin: 0 auto; padding: 56px 32px 80px; }
h1, h2, .panel h3 { font-family: var(--serif); font-weight: 600; line-height: 1.2; text-wrap: balance; }
h1 { font-size: clamp(30px, 5vw, 44px); margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 25px; margin: 0 0 16px; }
section { margin-top: 56px; }
.subtitle { font-size: 18px; color: var(--quiet); max-width: 65ch; margin: 12px 0 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); gap: 20px 24px; margin: 32px 0 0; padding: 20px 0; border: solid var(--rule); border-width: 1px 0; }
dt { font-size: 13px; color: var(--quiet); }
dd { margin: 2px 0 0; font-size: 18px; font-weight: 600; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: start; color: var(--quiet); padding-bottom: 12px; max-width: 70ch; }
th { text-align: start; font-weight: 400; }
.number { text-align: end; }
.scroll {
  overflow-x: auto;
  /* A shade at the side where there is more; the paper over it moves with what is scrolled. */
  background:
    linear-gradient(to right, var(--paper) 40%, transparent) 0 0 / 36px 100% no-repeat local,
    linear-gradient(to left, var(--paper) 40%, transparent) 100% 0 / 36px 100% no-repeat local,
    linear-gradient(to right, var(--yardstick), transparent) 0 0 / 10px 100% no-repeat scroll,
    linear-gradient(to left, var(--yardstick), transparent) 100% 0 / 10px 100% no-repeat scroll;
}
.accuracy th, .accuracy td { padding: 11px 0 11px 24px; border-bottom: 1px solid var(--rule); vertical-align: top; overflow-wrap: normal; }
.accuracy tr > :first-child { padding-inline-start: 0; }
.accuracy thead th { font-size: 13px; color: var(--quiet); vertical-align: bottom; padding-bottom: 8px; }
.accuracy thead th:first-child { width: 26%; }
.accuracy .model { font-weight: 650; }
.accuracy .count { color: var(--quiet); }
.accuracy .bar { display: block; height: 4px; min-width: 64px; margin-top: 5px; }
.bar { width: 100%; border-radius: 2px; overflow: hidden; }
.bar .track { fill: var(--track); }
.bar .fill { fill: var(--yardstick); }
.model .bar .fill, .answers tr:first-child .fill { fill: var(--accent); }
.show-boxes { width: 18px; height: 18px; margin: 0 8px 0 0; vertical-align: -3px; accent-color: var(--accent); }
.show-boxes + label { cursor: pointer; }
.show-boxes:not(:checked) ~ .gallery .boxes { display: none; }
.why { margin: 12px 0 0; font-size: 14px; }
a { color: var(--accent); }
.lead { max-width: 70ch; color: var(--quiet); margin: 0 0 16px; }
.plain th, .plain td { padding: 7px 0 7px 20px; border-bottom: 1px solid var(--rule); vertical-align: top; overflow-wrap: normal; }
.plain tr > :first-child { padding-inline-start: 0; }
.plain thead th { font-size: 13px; color: var(--quiet); vertical-align: bottom; }
.plain .setting { overflow-wrap: anywhere; min-width: 120px; }
.confusion td, .confusion thead th { text-align: end; padding-inline: 10px; }
.confusion .hit { outline: 1px solid var(--rule); outline-offset: -1px; }
.confusion tr > :first-child { text-align: start; padding-inline: 0 10px; }
.hit.shade-1 { background: color-mix(in srgb, var(--right) 8%, transparent); }
.hit.shade-2 { background: color-mix(in srgb, var(--right) 16%, transparent); }
.hit.shade-3 { background: color-mix(in srgb, var(--right) 24%, transparent); }
.hit.shade-4 { background: color-mix(in srgb, var(--right) 32%, transparent); }
.miss.shade-1 { background: color-mix(in srgb, var(--wrong) 8%, transparent); }
.miss.shade-2 { background: color-mix(in srgb, var(--wrong) 16%, transparent); }
.miss.shade-3 { background: color-mix(in srgb, var(--wrong) 24%, transparent); }
.miss.shade-4 { background: color-mix(in srgb, var(--wrong) 32%, transparent); }
.gallery, .notes, .commands, .problems, .log ol { list-style: none; margin: 0; padding: 0; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(290px, 100%), 1fr)); gap: 24px; margin-top: 16px; }
.panel { display: flex; flex-direction: column; background: var(--surface); border: 1px solid var(--rule); border-radius: 8px; overflow: hidden; min-width: 0; }
.picture { position: relative; background: var(--track); }
.picture img { display: block; width: 100%; height: auto; }
.boxes { position: absolute; inset: 0; width: 100%; height: 100%; }
.boxes rect { fill: transparent; vector-effect: non-scaling-stroke; }
.boxes .halo { stroke: #000000; stroke-opacity: 0.45; stroke-width: 3px; }
.boxes .line { stroke: #ffd54a; stroke-width: 1.25px; }
.boxes g:hover .line { stroke: #ffffff; stroke-width: 2.5px; }
.boxes text { font-family: var(--sans); font-weight: 600; fill: #ffffff; stroke: #16181b; stroke-width: 0.22em; stroke-linejoin: round; paint-order: stroke; pointer-events: none; }
.words { padding: 16px 18px 18px; display: flex; flex-direction: column; flex: 1; }
.panel h3 { font-size: 18px; margin: 0 0 10px; }
.expected { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: baseline; margin: 0 0 12px; font-size: 14px; color: var(--quiet); }
.expected .answer { color: var(--ink); font-weight: 600; }
.verdict { font-size: 13px; font-weight: 600; padding: 1px 9px; border-radius: 99px; white-space: nowrap; }
.right { color: var(--right); background: var(--right-paper); }
.wrong { color: var(--wrong); background: var(--wrong-paper); }
.answers { font-size: 14px; margin-top: auto; table-layout: fixed; }
.answers th, .answers td { padding: 3px 0; }
.answers col.answer { width: 40%; }
.answers col.probability { width: 60px; }
.answers th { padding-inline-end: 12px; }
.answers tbody tr:first-child { font-weight: 600; }
.answers tbody tr:first-child th { font-weight: 600; }
.answers .bar { display: block; height: 8px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 24px; }
figure { margin: 0; padding: 18px; background: var(--surface); border: 1px solid var(--rule); border-radius: 8px; min-width: 0; }
figcaption { font-weight: 600; margin-bottom: 8px; }
.chart { min-height: 230px; overflow: hidden; }
.u-select { background: var(--accent); opacity: 0.15; }
.readout { min-height: 1.5em; margin: 4px 0; font-size: 13px; color: var(--quiet); font-variant-numeric: tabular-nums; }
.series { font-size: 13px; }
.series th, .series td { padding: 4px 0 4px 10px; border-top: 1px solid var(--rule); overflow-wrap: normal; }
.series tr > :first-child { padding-inline-start: 0; overflow-wrap: anywhere; }
.series thead th { color: var(--quiet); border: 0; }
.swatch { width: 20px; height: 6px; margin-inline-end: 8px; vertical-align: 2px; }
.swatch line { stroke-width: 2.5; }
.style-0 line { stroke: var(--series-0); }
.style-1 line { stroke: var(--series-1); stroke-dasharray: 6 4; }
.style-2 line { stroke: var(--series-2); stroke-dasharray: 2 3; }
.style-3 line { stroke: var(--series-3); stroke-dasharray: 10 3 2 3; }
.style-4 line { stroke: var(--series-4); stroke-dasharray: 1 4; }
.style-5 line { stroke: var(--series-5); stroke-dasharray: 12 4; }
.notes li { max-width: 70ch; padding-inline-start: 18px; margin-bottom: 8px; border-inline-start: 2px solid var(--rule); }
.commands li { margin-bottom: 10px; }
.commands code { display: block; font: 14px/1.5 var(--mono); background: var(--surface); border: 1px solid var(--rule); border-radius: 6px; padding: 10px 14px; white-space: pre-wrap; user-select: all; }
.problems { margin-top: 24px; }
.problems li { max-width: 75ch; padding: 8px 14px; margin-bottom: 8px; color: var(--wrong); background: var(--wrong-paper); border-radius: 6px; }
.groups { columns: 2 380px; column-gap: 40px; }
.group { font-size: 14px; margin-bottom: 28px; }
.group caption { font-weight: 600; font-size: 16px; color: var(--ink); padding-bottom: 6px; break-after: avoid; }
.group tr { break-inside: avoid; }
.group th, .group td { padding: 5px 0; border-top: 1px solid var(--rule); vertical-align: top; text-align: start; }
.group th { width: 45%; color: var(--quiet); padding-inline-end: 16px; }
.log { font: 13px/1.6 var(--mono); background: var(--surface); border: 1px solid var(--rule); border-radius: 6px; padding: 12px 16px; max-height: 480px; overflow-y: auto; }
.log li { white-space: pre-wrap; text-indent: -2ch; padding-inline-start: 2ch; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media (max-width: 560px) {
  main { padding: 32px 18px 56px; }
  section { margin-top: 44px; }
  .facts { grid-template-columns: 1fr 1fr; gap: 16px; }
  .accuracy { font-size: 13px; }
  .accuracy th, .accuracy td { padding-inline-start: 6px; }
  .accuracy .number { white-space: nowrap; }
  .accuracy thead .number { white-space: normal; }
  .accuracy .bar { min-width: 44px; }
  figure { padding: 14px; }
}
@media print {
  .panel, figure, tr { break-inside: avoid; }
  .show-boxes, .show-boxes + label, .readout { display: none; }
  .log { max-height: none; }
}
`;
