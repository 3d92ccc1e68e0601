// One self-contained page of a played scenario: no server, no network, opened from a file. The report is embedded as data; `script.ts`
// draws it. Nothing in it is taken from strangers as markup.

import type { Report } from '../../simulator/scenario/report.ts'
import { pageScript } from './script.ts'
import { pageStyle } from './style.ts'

export function simPage(report: Report): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(report.scenario)}</title>
<style>${pageStyle}</style>
<body>
<h1>${escaped(report.scenario)}</h1>
<table id="jobs"></table>
<section id="controls">
  <button id="before" title="one event back (arrow left)">◀ event</button>
  <button id="play" title="play or pause (space)">▶ play</button>
  <button id="after" title="one event on (arrow right)">event ▶</button>
  <input id="time" type="range" min="0" step="50" value="0" aria-label="virtual time">
  <output id="clock"></output>
</section>
<p class="legend">Keys: ← → from event to event, space to play, Home, End. Or click into the lanes below.</p>
<p id="now" aria-live="polite"></p>
<p id="state"></p>
<svg id="map" role="img" aria-label="boards and links at this moment"></svg>
<p class="legend"><i class="swatch up"></i> runs <i class="swatch down"></i> agent or power off <i class="swatch paused"></i> stands still
  <b class="cut">- × -</b> cut <b class="half">— × →</b> cut one way <b class="long">····</b> long or lossy.
  The numbers in a board are the copies that it runs (point at one for its job).</p>
<svg id="lanes" role="img" aria-label="who ran each slot"></svg>
<p class="legend"><i class="swatch nobody"></i> wanted, and nobody runs it <i class="swatch several"></i> more than one board runs it.
  Each bar is a copy in the colour of its board; dotted lines are what happened.</p>
<details open><summary>Everything that happened (click to go there)</summary><ol id="events"></ol></details>
<table id="boards"></table>
<script id="report" type="application/json">${JSON.stringify(report).replaceAll('<', '\\u003c')}</script>
<script>${pageScript}</script>
</body>
</html>
`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
