// How the page of a played scenario looks, in light and in dark.

export const pageStyle = `
:root { color-scheme: light dark; --fg: #1d2126; --dim: #68707a; --bg: #fff; --line: #c9ced4; --bad: #c62828; --warn: #d97a00; --box: #f2f4f6; --long: #6a5acd }
@media (prefers-color-scheme: dark) {
  :root { --fg: #e4e7ea; --dim: #98a1ab; --bg: #15181b; --line: #3c434a; --bad: #ff6b6b; --warn: #ffae42; --box: #22272c; --long: #a99bff }
}
body { font: 14px/1.45 system-ui, sans-serif; color: var(--fg); background: var(--bg); margin: 1.2rem auto; max-width: 1180px; padding: 0 1rem }
h1 { font-size: 1.25rem }
table { border-collapse: collapse; margin: .6rem 0 1rem }
td, th { padding: .15rem .9rem .15rem 0; text-align: right; font-variant-numeric: tabular-nums }
td:first-child, th:first-child { text-align: left }
th { color: var(--dim); font-weight: 500 }
#controls { display: flex; gap: .5rem; align-items: center; position: sticky; top: 0; background: var(--bg); padding: .4rem 0; z-index: 1 }
#time { flex: 1 }
#clock { min-width: 6.5rem; text-align: right; font-variant-numeric: tabular-nums }
button { font: inherit; color: inherit; background: var(--box); border: 1px solid var(--line); border-radius: 5px; padding: .2rem .6rem; cursor: pointer }
#now { min-height: 1.5em; margin: .4rem 0 0; font-weight: 600 }
#state { min-height: 1.5em; margin: 0 0 .3rem; color: var(--dim) }
svg { width: 100%; display: block }
svg text { fill: var(--fg); font-size: 12px }
svg text.chip { fill: #fff; font-size: 10px; font-weight: 600; pointer-events: none }
svg text.cross { fill: var(--bad); font-weight: 700 } svg text.half { fill: var(--warn); font-weight: 700 }
svg text.dim { fill: var(--dim); font-size: 11px }
#events { max-height: 16rem; overflow: auto; margin: .3rem 0; padding-left: 2.6rem; color: var(--dim) }
#events li { cursor: pointer } #events li.past { color: var(--fg) } #events b { font-variant-numeric: tabular-nums; font-weight: 500 }
.legend { color: var(--dim); font-size: 12px; margin: .3rem 0 1.2rem }
.swatch { display: inline-block; width: .9em; height: .9em; border-radius: 3px; vertical-align: -1px; margin-left: .8em; border: 1px solid var(--line) }
.swatch.up { background: var(--box) }
.swatch.down { background: var(--bad); opacity: .55 }
.swatch.paused { background: var(--warn); opacity: .55 }
.swatch.nobody { background: repeating-linear-gradient(45deg, var(--bad) 0 3px, transparent 3px 6px) }
.swatch.several { background: var(--warn) }
.cut { color: var(--bad); margin-left: .8em } .half { color: var(--warn); margin-left: .8em } .long { color: var(--long); margin-left: .8em }
`
