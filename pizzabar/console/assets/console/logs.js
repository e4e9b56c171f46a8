/** Logs: groups, and the lines of one as they come. */

import { html } from "../preact.js";
import { path } from "./ask.js";
import { moment, time } from "./format.js";
import { useAsked } from "./live.js";
import { Asked, Field, Rows, Table } from "./parts.js";
import { filter, link } from "./route.js";

const HEIGHT = 24;
const MOST = 10_000;
const OVERLAP = 250;
/** What is read of a group that is not there, or not yet. */
const NOTHING = { value: [] };
const isAnything = (news) => news.hops.length > 0;

export const Logs = ({ names: [group], query }) => (group ? html`<${Group} key=${group} group=${group} query=${query} />` : html`<${List} />`);

function List() {
  const groups = useAsked("logs", isAnything);
  return html`
    <h1>Logs</h1>
    <${Asked} of=${groups}>
      ${(found) => html`<${Table} label="Log groups" heads=${["Group", "Kept for", "Streams", "Last line"]}>
        ${found.map(
          (group) => html`<tr key=${group.name}>
            <td><a href=${link(["logs", group.name])}>${group.name}</a></td>
            <td>${group.retention_days === null ? "ever" : `${group.retention_days} days`}</td>
            <td class="number">${group.streams.length}</td>
            <td>${moment(group.streams[0]?.last_event)}</td>
          </tr>`,
        )}
      <//>`}
    <//>
  `;
}

/** Tell from when on lines may be new: some of the last ones are read again, for not all come in order. */
const sinceOf = (lines) => (lines.length ? Date.parse(lines.at(-1).time) - OVERLAP : 0);

function Group({ group, query }) {
  const { text = "", stream = "" } = query;
  const asked = { group, text, stream, limit: MOST };
  const groups = useAsked("logs", isAnything);
  const mine = groups.value?.find((each) => each.name === group);
  const events = useAsked(mine && path(["logs", "events"], asked), isAnything, {
    path: (lines) => path(["logs", "events"], { ...asked, since: lines.length ? new Date(sinceOf(lines)).toISOString() : "" }),
    add: (lines, more) => {
      const since = sinceOf(lines);
      return [...lines.slice(0, lines.findLastIndex((line) => Date.parse(line.time) < since) + 1), ...more].slice(-MOST);
    },
  });
  return html`
    <p class="back"><a href=${link(["logs"])}>Logs</a></p>
    <h1>${group}</h1>
    <div class="filters">
      <${Field} label="Contains"><input type="search" value=${text} onInput=${(event) => filter({ text: event.target.value })} /><//>
      <${Field} label="Stream">
        <select onChange=${(event) => filter({ stream: event.target.value })}>
          <option value="">all</option>
          ${(mine?.streams ?? []).map((each) => html`<option value=${each.name} selected=${each.name === stream}>${each.name}</option>`)}
        </select>
      <//>
    </div>
    <${Asked} of=${groups.value && !mine ? NOTHING : events}>
      ${(lines) =>
        lines.length === 0
          ? html`<p class="quiet">No lines.</p>`
          : html`<${Rows} rows=${lines} height=${HEIGHT} label="Lines, oldest first" keyOf=${(_, index) => index} render=${(line) => html`<div class="line" title=${line.message}><span class="time">${time(line.time)}</span> ${line.message.trimEnd()}</div>`} />`}
    <//>
  `;
}
