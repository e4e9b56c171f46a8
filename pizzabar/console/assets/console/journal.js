/** The journal of hops, as it grows; and one hop whole. */

import { html } from "../preact.js";
import { path } from "./ask.js";
import { duration, time } from "./format.js";
import { hopOf, useAsked, useLive } from "./live.js";
import { Asked, Fault, Field, Json, Rows } from "./parts.js";
import { filter, link } from "./route.js";

const HEIGHT = 30;

export function Journal({ names: [id], query }) {
  const { hops, leftOut } = useLive();
  const wanted = (query.find ?? "").toLowerCase();
  const shown = hops.filter((row) => isWanted(row, wanted, query));
  return html`
    <h1>Journal</h1>
    <div class="filters" role="search">
      <${Field} label="Find">
        <input type="search" value=${query.find ?? ""} onInput=${(event) => filter({ find: event.target.value })} />
      <//>
      <label><input type="checkbox" checked=${query.errors === "1"} onChange=${(event) => filter({ errors: event.target.checked ? "1" : "" })} /> only errors</label>
      <p class="quiet">${shown.length} of ${hops.length} hops${leftOut ? `; ${leftOut} came too fast to be shown` : ""}</p>
    </div>
    <div class=${id ? "beside" : ""}>
      <${Rows} rows=${shown} height=${HEIGHT} label="Hops, oldest first" keyOf=${(row) => row[0]} chosen=${id} render=${(row) => html`<${Hop} row=${row} query=${query} isChosen=${String(row[0]) === id} />`} />
      ${id && html`<${Whole} id=${id} query=${query} />`}
    </div>
  `;
}

function isWanted(row, wanted, query) {
  if (query.errors === "1" && row[8] === null) return false;
  if (query.trace && row[1] !== query.trace) return false;
  return wanted === "" || `${row[3]}:${row[4]} ${row[7]} ${row[8] ?? ""} ${row[1]}`.toLowerCase().includes(wanted);
}

function Hop({ row, query, isChosen }) {
  const hop = hopOf(row);
  return html`<a class="hop ${hop.error === null ? "" : "failed"}" href=${link(["journal", hop.id], query)} aria-current=${isChosen ? "true" : undefined}>
    <span class="time">${time(hop.time)}</span>
    <span class="dot ${hop.service}"></span>
    <span class="operation"><span class="service">${hop.service}:</span>${hop.operation}</span>
    <span class="about">${hop.about}${hop.error === null ? "" : ` ${hop.error}`}</span>
    <span class="took">${duration(hop.milliseconds)}</span>
  </a>`;
}

function Whole({ id, query }) {
  const hop = useAsked(path(["journal", id]));
  return html`<aside aria-label="Hop ${id}">
    <a class="close" href=${link(["journal"], query)}>Close</a>
    <${Asked} of=${hop}>
      ${(found) => html`
        <h2>${found.service}:${found.operation}</h2>
        <dl>
          <dt>Hop</dt>
          <dd>${found.id}${found.parent && html`, by <a href=${link(["journal", found.parent], query)}>hop ${found.parent}</a>`}</dd>
          <dt>Time</dt>
          <dd>${found.time}</dd>
          <dt>Took</dt>
          <dd>${duration(found.milliseconds)}</dd>
          <dt>Trace</dt>
          <dd><a href=${link(["traces", found.trace])}>${found.trace}</a></dd>
        </dl>
        ${found.error && html`<${Fault} of=${{ message: found.error }} />`}
        <h3>Parameters</h3>
        <${Json} value=${found.parameters} label="Parameters" />
        <h3>Result</h3>
        <${Json} value=${found.result} label="Result" />
        ${found.notes && html`<h3>Notes</h3><${Json} value=${found.notes} label="Notes" />`}
      `}
    <//>
  </aside>`;
}
