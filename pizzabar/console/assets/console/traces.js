/** Traces: a frame of a client's and all that followed from it, as a waterfall with the log lines in place. */

import { html } from "../preact.js";
import { path } from "./ask.js";
import { duration, moment } from "./format.js";
import { useAsked } from "./live.js";
import { Asked, Bar, Fault, Table } from "./parts.js";
import { filter, link } from "./route.js";
import { placeOf, stretchesOf, treeOf } from "./waterfall.js";

export const Traces = ({ names: [id], query }) => (id ? html`<${Trace} id=${id} query=${query} />` : html`<${List} />`);

function List() {
  const traces = useAsked("traces?limit=100", (news) => news.hops.length > 0);
  return html`
    <h1>Traces</h1>
    <p><a href=${link(["traces", "last"])}>The last order</a></p>
    <${Asked} of=${traces}>
      ${(found) => html`<${Table} label="Traces" heads=${["Began", "With", "Connection", "Hops", "Failed", "Took"]}>
        ${found.map(
          (each) => html`<tr key=${each.id}>
            <td><a href=${link(["traces", each.id])}>${moment(each.began)}</a></td>
            <td>${each.first}</td>
            <td>${each.connection}</td>
            <td class="number">${each.hops}</td>
            <td class="number ${each.errors ? "failed" : ""}">${each.errors}</td>
            <td class="number">${duration(each.seconds * 1000)}</td>
          </tr>`,
        )}
      <//>`}
    <//>
  `;
}

function Trace({ id, query }) {
  // Only what follows from its own frame can change a trace; "last" may be another one any time.
  const isTouched = (news) => news.hops.some((row) => id === "last" || row[1] === id || !id.startsWith("1-"));
  const trace = useAsked(path(["traces", id]), isTouched);
  const lines = useAsked(path(["traces", id, "lines"]), isTouched);
  return html`
    <p class="back"><a href=${link(["traces"])}>Traces</a></p>
    <h1>Trace</h1>
    <${Asked} of=${trace}>
      ${(found) => html`<${Waterfall} trace=${found} lines=${query.lines === "0" ? [] : (lines.value ?? [])} hasLines=${query.lines !== "0"} />`}
    <//>
    <${Fault} of=${lines.error} />
  `;
}

function Waterfall({ trace, lines, hasLines }) {
  const end = (span) => (span.seconds === null ? trace.seconds : span.start + span.seconds);
  const stretches = stretchesOf(trace.spans.map((span) => [span.start, end(span)]));
  const written = grouped(lines);
  let shown = 0;
  const rows = treeOf(trace.spans).flatMap(([span, depth]) => {
    const at = stretches.findIndex((each) => span.start <= each.end);
    const gaps = stretches.slice(shown + 1, at + 1).map((each) => html`<li class="gap">${duration(each.gap * 1000)} without a hop</li>`);
    shown = Math.max(shown, at);
    const from = placeOf(stretches, span.start);
    return [
      ...gaps,
      html`<li key=${span.id} class="span depth-${Math.min(depth, 8)}">
        <span class="start">${duration(span.start * 1000)}</span>
        <a class="operation" href=${link(["journal", span.id], { trace: trace.id })}>${span.operation} <span class="about">${span.about}</span></a>
        <span class="took">${duration(span.seconds === null ? null : span.seconds * 1000)}</span>
        <${Bar} from=${from} length=${Math.max(0.4, placeOf(stretches, end(span)) - from)} kind=${span.error ? "failed" : span.service} title=${`${span.service}:${span.operation}`} />
        ${span.error && html`<span class="fault">${span.error}</span>`}
        ${written.has(span.id) && html`<pre class="lines" tabindex="0" aria-label="Lines that ${span.operation} wrote">${written.get(span.id).map((line) => line.message.trimEnd()).join("\n")}</pre>`}
      </li>`,
    ];
  });
  return html`
    <dl>
      <dt>Id</dt>
      <dd><a href=${link(["traces", trace.id])}>${trace.id}</a></dd>
      <dt>Began</dt>
      <dd>${moment(trace.began)}, with ${trace.first}${trace.connection && ` of ${trace.connection}`}</dd>
      <dt>Took</dt>
      <dd>${duration(trace.seconds * 1000)}, ${trace.hops} hops${trace.errors ? `, ${trace.errors} failed` : ""}${trace.is_whole ? "" : " (its beginning is no longer kept)"}</dd>
    </dl>
    <p><label><input type="checkbox" checked=${hasLines} onChange=${(event) => filter({ lines: event.target.checked ? "" : "0" })} /> with log lines</label></p>
    <ol class="waterfall">${rows}</ol>
  `;
}

function grouped(lines) {
  const found = new Map();
  for (const line of lines) found.set(line.hop, [...(found.get(line.hop) ?? []), line]);
  return found;
}
