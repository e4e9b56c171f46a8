/** The bus: events as they come, why each rule matched or not, rules, and events put, also again and edited. */

import { html, useState } from "../preact.js";
import { ask, path } from "./ask.js";
import { inline, nameOf, pretty, time } from "./format.js";
import { touchedBy, useAnswer, useAsked } from "./live.js";
import { Asked, Editor, Field, Form, Json, Table, jsonOf } from "./parts.js";
import { filter, go, link } from "./route.js";

const EXAMPLE = { status: "order accepted" };
const PATTERN = { source: ["WebsocketEvent"], detail: { status: [{ prefix: "order" }] } };

export const Bus = ({ names: [id], query }) => (id ? html`<${One} key=${id} id=${id} query=${query} />` : html`<${List} query=${query} />`);

function List({ query }) {
  const { bus = "", source = "" } = query;
  const events = useAsked(path(["events"], { bus, source, limit: 200 }), touchedBy("events", "PutEvents"));
  const rules = useAsked("rules", (news) => touchedBy("events")(news) && !touchedBy("events", "PutEvents")(news));
  const letters = useAsked("dead-letters", touchedBy("events", "PutEvents"));
  return html`
    <h1>Bus</h1>
    <div class="filters">
      <${Field} label="Bus"><input value=${bus} onChange=${(event) => filter({ bus: event.target.value })} /><//>
      <${Field} label="Source"><input value=${source} onChange=${(event) => filter({ source: event.target.value })} /><//>
    </div>
    <${Asked} of=${events}>
      ${(found) => html`<${Table} label="Events, newest first" heads=${["Time", "Bus", "Source", "Detail type", "Rules that matched", "Trace"]}>
        ${found.map(
          (each) => html`<tr key=${each.id ?? each.hop}>
            <td class="time">${each.id ? html`<a href=${link(["bus", each.id])}>${time(each.time)}</a>` : time(each.time)}</td>
            <td>${each.bus}</td>
            <td>${inline(each.source ?? "")}</td>
            <td>${inline(each.detail_type ?? "")}</td>
            <td>${each.dropped ? html`<span class="failed">${each.dropped}</span>` : each.matched.join(", ") || html`<span class="quiet">none${each.nearest.length ? `; nearest: ${each.nearest.map((near) => near.rule).join(", ")}` : ""}</span>`}</td>
            <td><a href=${link(["traces", each.trace])}>trace</a></td>
          </tr>`,
        )}
      <//>`}
    <//>
    <details class="panel">
      <summary>Put an event</summary>
      <${Put} event=${{ source: "console", "detail-type": "Test", detail: EXAMPLE }} buses=${[...new Set((rules.value ?? []).map((rule) => rule.bus))]} />
    </details>
    <h2>Rules</h2>
    <${Asked} of=${rules}>
      ${(found) => html`<${Table} label="Rules" heads=${["Rule", "Bus", "Pattern", "Targets"]}>
        ${found.map(
          (rule) => html`<tr>
            <td>${rule.name}${!rule.is_enabled && html` <span class="quiet">disabled</span>`}</td>
            <td>${rule.bus}</td>
            <td><${Json} value=${rule.pattern} label="Pattern of ${rule.name}" /></td>
            <td>${rule.targets.map((target) => html`<div title=${target}>${nameOf(target)}</div>`)}</td>
          </tr>`,
        )}
      <//>`}
    <//>
    <h2>Dead letters</h2>
    <${Asked} of=${letters}>
      ${(found) => html`<${Table} label="Dead letters" heads=${["Time", "Rule", "Target", "Why", "Attempts"]} empty="None.">
        ${found.map(
          (letter) => html`<tr>
            <td class="time">${time(letter.time)}</td>
            <td>${nameOf(letter.rule)}</td>
            <td>${nameOf(letter.target)}</td>
            <td class="failed">${letter.code}: ${letter.message}</td>
            <td class="number">${letter.attempts}</td>
          </tr>`,
        )}
      <//>`}
    <//>
  `;
}

function One({ id }) {
  const seen = useAsked(path(["events", id]));
  const [why, setWhy] = useState(null);
  return html`
    <p class="back"><a href=${link(["bus"])}>Bus</a></p>
    <h1>Event</h1>
    <${Asked} of=${seen}>
      ${(found) => html`
        <p>On ${found.bus}. ${found.matched.length ? `Matched by ${found.matched.join(", ")}.` : "No rule matched it."}</p>
        <${Json} value=${found.event} label="The event" />
        <h2>Why</h2>
        <${Matrix} id=${id} />
        <h2>Another pattern</h2>
        <${Form} label="Try a pattern" button="Try" send=${async (form) => setWhy(await ask("events/explain", { id, pattern: jsonOf(form, "pattern") }))}>
          <${Editor} label="Event pattern" name="pattern" value=${pretty(PATTERN)} />
        <//>
        <div aria-live="polite">${why && html`<${Verdicts} of=${why} />`}</div>
        <h2>Again, edited</h2>
        <${Put} event=${found.event} id=${id} buses=${[found.bus]} />
      `}
    <//>
  `;
}

function Matrix({ id }) {
  const why = useAnswer(() => ask("events/explain", { id }), id);
  return html`<${Asked} of=${why}>${(found) => html`<${Verdicts} of=${found} />`}<//>`;
}

/** What each pattern wants of each field, what it found there, and whether that is enough: a row for each rule. */
export const Verdicts = ({ of }) => html`<${Table} label="Why each rule matched or did not" heads=${["Rule", "Matches", "Field by field"]}>
  ${of.map(
    (each) => html`<tr>
      <th scope="row">${each.rule ?? "the pattern"}${!each.is_enabled && " (disabled)"}</th>
      <td><${Badge} is=${each.matches} yes="matches" no="does not match" /></td>
      <td>
        ${each.conjunctions.map(
          (conjunction, number) => html`
            ${number > 0 && html`<p class="quiet">or</p>`}
            <ul class="verdicts">
              ${conjunction.fields.map(
                (field) => html`<li>
                  <${Badge} is=${field.met} yes="met" no="not met" /> <code>${field.field}</code> is to be <code>${inline(field.wanted)}</code>, is
                  ${" "}<code>${field.found.length ? field.found.map(inline).join(", ") : "absent"}</code>
                </li>`,
              )}
            </ul>
            ${!conjunction.consistent && html`<p class="failed">Each field is met, but in different elements of one array.</p>`}
          `,
        )}
      </td>
    </tr>`,
  )}
<//>`;

const Badge = ({ is, yes, no }) => html`<span class="badge ${is ? "succeeded" : "failed"}">${is ? yes : no}</span>`;

function Put({ event, id, buses }) {
  const put = async (form) => {
    const given = await ask("events", {
      ...(id ? { id } : {}),
      bus: form.get("bus") || null,
      source: form.get("source"),
      detail_type: form.get("detail_type"),
      detail: jsonOf(form, "detail"),
    });
    if (given.id === null) throw new Error(given.dropped);
    go(["bus", given.id]);
  };
  return html`<${Form} label=${id ? "Put the event again" : "Put an event"} button=${id ? "Put again" : "Put"} send=${put}>
    <${Field} label="Bus">
      <input name="bus" list="buses" defaultValue=${buses[0] ?? ""} />
    <//>
    <datalist id="buses">${buses.map((bus) => html`<option value=${bus}></option>`)}</datalist>
    <${Field} label="Source"><input name="source" defaultValue=${event.source} required /><//>
    <${Field} label="Detail type"><input name="detail_type" defaultValue=${event["detail-type"]} required /><//>
    <${Editor} label="Detail" name="detail" value=${pretty(event.detail)} />
  <//>`;
}
