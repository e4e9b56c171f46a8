/** Functions: what they are, their last invocations, and one of one's own. */

import { html, useState } from "../preact.js";
import { invoke } from "./ask.js";
import { duration, time } from "./format.js";
import { hopOf, touchedBy, useAsked, useLive } from "./live.js";
import { Asked, Editor, Fault, Form, Json, Table, jsonOf } from "./parts.js";
import { link } from "./route.js";

const isTouched = touchedBy("lambda", "Invocation");

export function Functions({ names: [name] }) {
  const functions = useAsked("functions", isTouched);
  return html`
    ${name && html`<p class="back"><a href=${link(["functions"])}>Functions</a></p>`}
    <h1>${name ?? "Functions"}</h1>
    <${Asked} of=${functions}>
      ${(found) => {
        if (!name) return html`<${List} of=${found} />`;
        const mine = found.find((each) => each.name === name);
        return mine ? html`<${One} of=${mine} />` : html`<${Fault} of=${{ message: "There is no such function." }} />`;
      }}
    <//>
  `;
}

const List = ({ of }) => html`<${Table} label="Functions" heads=${["Function", "Runtime", "Handler", "Invocations", "Failed"]}>
  ${of.map(
    (each) => html`<tr key=${each.name}>
      <td><a href=${link(["functions", each.name])}>${each.name}</a></td>
      <td>${each.runtime}</td>
      <td><code>${each.handler}</code></td>
      <td class="number">${each.invocations}</td>
      <td class="number ${each.errors ? "failed" : ""}">${each.errors}</td>
    </tr>`,
  )}
<//>`;

function One({ of }) {
  const { hops } = useLive();
  const [answer, setAnswer] = useState(null);
  const mine = hops.filter((row) => row[3] === "lambda" && row[4] === "Invocation" && row[7] === of.name).slice(-50).reverse();
  const send = async (form) => setAnswer(await invoke(of.name, JSON.stringify(jsonOf(form, "event"))));
  return html`
    <dl>
      <dt>Runs</dt>
      <dd>${of.runtime}: <code>${of.handler}</code></dd>
      <dt>Limits</dt>
      <dd>${of.timeout} s, ${of.memory_size} MB</dd>
      <dt>Role</dt>
      <dd>${of.role ?? "none"}</dd>
      <dt>Log group</dt>
      <dd><a href=${link(["logs", of.log_group])}>${of.log_group}</a></dd>
      <dt>Handed</dt>
      <dd>${of.sources.join(", ") || "what rules, integrations and calls send"}</dd>
    </dl>
    <h2>Environment</h2>
    <${Json} value=${of.environment} label="Environment" />
    <h2>Invoke</h2>
    <${Form} label="Invoke" button="Invoke" send=${send}>
      <${Editor} label="Event" name="event" value="{}" />
    <//>
    <div aria-live="polite">
      ${answer && html`<p>${answer.error ? html`<span class="failed">It failed: ${answer.error}</span>` : "It gave:"}</p><${Json} value=${answer.payload} label="Answer" />`}
    </div>
    <h2>Last invocations</h2>
    <${Table} label="Last invocations" heads=${["Time", "Took", "Trace", "Error"]}>
      ${mine.map(hopOf).map(
        (hop) => html`<tr key=${hop.id}>
          <td><a href=${link(["journal", hop.id])}>${time(hop.time)}</a></td>
          <td class="number">${duration(hop.milliseconds)}</td>
          <td><a href=${link(["traces", hop.trace])}>trace</a></td>
          <td class="failed">${hop.error}</td>
        </tr>`,
      )}
    <//>
  `;
}
