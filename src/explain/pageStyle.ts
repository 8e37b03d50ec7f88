/** @file The style sheet of an explanation's page, beside the one that all pages share. */

export const explanationStyle = `
main { padding-top: 40px; }
section { margin-top: 36px; }
.columns { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 28px; margin-top: 28px; align-items: start; }
.top { font-family: var(--serif); font-size: 26px; margin: 10px 0 0; }
.answers { max-width: 520px; margin-top: 14px; }
.controls { display: flex; flex-wrap: wrap; gap: 10px 20px; align-items: end; margin: 0; padding: 14px 16px; background: var(--surface); border: 1px solid var(--rule); border-radius: 8px; }
.controls label, .controls legend { font-size: 13px; color: var(--quiet); }
.controls select { display: block; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--yardstick); border-radius: 6px; padding: 5px 8px; }
.controls fieldset { border: 0; margin: 0; padding: 0; }
.controls fieldset label { display: inline-flex; gap: 6px; align-items: center; margin-inline-end: 14px; padding: 5px 0; font-size: 15px; color: var(--ink); }
.controls input { accent-color: var(--accent); width: 17px; height: 17px; margin: 0; }
.chips { display: flex; flex-wrap: wrap; gap: 8px; margin: 16px 0 0; padding: 0; list-style: none; }
button { font: inherit; color: inherit; cursor: pointer; background: var(--surface); border: 1px solid var(--yardstick); border-radius: 6px; }
.chips button { --share: 0; position: relative; padding: 5px 11px; overflow: hidden; isolation: isolate; }
.chips button::before, .regions button::before { content: ""; position: absolute; inset: 0; z-index: -1; background: var(--accent); opacity: calc(var(--share) * 0.4); }
button[aria-pressed="true"] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); font-weight: 600; }
.reading { min-height: 3.1em; margin: 14px 0 0; max-width: 75ch; }
.picture { border-radius: 8px; overflow: hidden; }
.picture img, .picture .blank { display: block; width: 100%; height: auto; }
.seen { position: absolute; inset: 0; width: 100%; height: 100%; }
.seen rect { --share: 0; vector-effect: non-scaling-stroke; fill: transparent; stroke: #ffb000; stroke-opacity: calc(0.15 + var(--share) * 0.85); stroke-width: calc(1px + var(--share) * 4px); paint-order: stroke; cursor: pointer; }
.seen rect.chosen, .seen rect.pointed { stroke: #ffffff; stroke-opacity: 1; stroke-width: 3px; }
.regions { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; gap: 4px; max-height: 560px; overflow-y: auto; }
.regions button { --share: 0; position: relative; isolation: isolate; overflow: hidden; width: 100%; display: flex; gap: 12px; justify-content: space-between; text-align: start; padding: 5px 10px; border-color: var(--rule); font-size: 14px; }
.regions button::before { inset-inline-end: auto; width: calc(var(--share) * 100%); opacity: 0.28; }
.regions .value { font-variant-numeric: tabular-nums; white-space: nowrap; }
.regions .sure { color: var(--quiet); font-size: 13px; }
.map { border-collapse: separate; border-spacing: 1px; width: auto; }
.map th { font-size: 13px; white-space: nowrap; padding-inline-end: 10px; }
.map td { --share: 0; width: 18px; min-width: 18px; height: 20px; padding: 0; background: color-mix(in srgb, var(--accent) calc(var(--share) * 100%), var(--track)); cursor: pointer; }
.map td.chosen { outline: 1px solid var(--ink); outline-offset: -1px; }
.small { font-size: 14px; color: var(--quiet); max-width: 75ch; }
@media (max-width: 760px) { .columns { grid-template-columns: minmax(0, 1fr); } .regions { max-height: 320px; } }
`;
