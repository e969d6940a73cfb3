/** How a report looks, in light and in dark. */
export const styles = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); --soft: color-mix(in srgb, currentColor 6%, transparent); }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; } h4 { margin: .8rem 0 .2rem; font-size: .85rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td:nth-child(n+3), th:nth-child(n+3) { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } tbody th { white-space: nowrap; }
details { border-bottom: 1px solid var(--line); padding: .35rem 0; } summary { cursor: pointer; padding-left: 5.6rem; text-indent: -5.6rem; } summary::marker { font-size: .7em; } details > :not(summary) { margin-left: 1.2rem; }
pre { background: var(--soft); padding: .6rem; overflow: auto; margin: 0; font-size: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 30rem; }
.compared { display: grid; grid-template-columns: 1fr 1fr; gap: .8rem; } .compared > div { min-width: 0; }
.sign { display: inline-block; text-indent: 0; min-width: 4.2em; padding: 0 .4em; border-radius: 3px; text-align: center; font-size: .8rem; color: #fff; background: #666; }
.sign.pass, .sign.holds { background: #2c7a4b; } .sign.fail, .sign.broken { background: #b3261e; }
.where, .how { font-size: .85rem; opacity: .75; } .why { overflow-wrap: anywhere; } .alarms { border-left: 4px solid #b3261e; padding-left: 1rem; }
@media (max-width: 40rem) {
  main { padding: 1rem; } .compared { grid-template-columns: 1fr; }
  table, thead, tbody { display: block; } thead th:nth-child(2) { display: none; } th, td { border: 0; padding: .3rem .2rem; }
  tr { display: grid; grid-template-columns: 1fr repeat(3, 2.6em) 4.9em; border-bottom: 1px solid var(--line); }
  td:nth-child(2) { grid-row: 2; grid-column: 1 / -1; } .alarms ol { padding-left: 1.6rem; }
  summary { padding-left: 1.2rem; text-indent: -1.2rem; } details > :not(summary) { margin-left: 0; }
}
`
