/** Mapping templates: rendered with a message, each piece of output beside the stretch of template that it came from. */

import { html, useState } from "../preact.js";
import { ask, path } from "./ask.js";
import { inline, time } from "./format.js";
import { touchedBy, useAnswer, useAsked } from "./live.js";
import { Asked, Editor, Fault, Field, Form, Table } from "./parts.js";
import { filter, link } from "./route.js";

const ORDER = '{"type":"margherita","size":"L"}';
const PRESSES = new Set(["Enter", " "]);
const EVENT_TYPES = { $connect: "CONNECT", $disconnect: "DISCONNECT" };

export function Templates({ names: [integration, key = "$default"], query }) {
  const templates = useAsked("mapping-templates");
  return html`
    ${integration && html`<p class="back"><a href=${link(["templates"])}>Mapping templates</a></p>`}
    <h1>${integration ?? "Mapping templates"}</h1>
    <${Asked} of=${templates}>
      ${(found) => {
        if (!integration) return html`<${List} of=${found} />`;
        const mine = found.find((each) => each.integration === integration && each.key === key);
        return mine ? html`<${One} key=${mine.text} of=${mine} query=${query} />` : html`<${Fault} of=${{ message: "There is no such template." }} />`;
      }}
    <//>
  `;
}

const List = ({ of }) => html`<${Table} label="Mapping templates" heads=${["Integration", "Template", "Routes", "API"]}>
  ${of.map(
    (each) => html`<tr>
      <td><a href=${link(["templates", each.integration, each.key])}>${each.integration}</a></td>
      <td>${each.key}</td>
      <td>${each.routes.join(", ")}</td>
      <td>${each.api}</td>
    </tr>`,
  )}
<//>`;

function One({ of, query }) {
  const [given, setGiven] = useState({ text: of.text, body: EVENT_TYPES[of.routes[0]] ? "" : (query.body ?? ORDER) });
  const type = EVENT_TYPES[of.routes[0]] ?? "MESSAGE";
  const rendered = useAnswer(
    async () => ({
      text: given.text,
      rendering: await ask("mapping-templates/render", { template: given.text, body: given.body, event_type: type }),
    }),
    given,
  );
  const frames = useAsked(path(["journal"], { service: "apigateway", operation: of.routes[0], limit: 20 }), touchedBy("apigateway"));
  const take = (hop) => {
    filter({ body: hop.parameters.Body });
    setGiven((before) => ({ ...before, body: hop.parameters.Body }));
  };
  return html`
    <p>Answers ${of.routes.join(", ") || "no route"}.</p>
    <${Form} key=${given.body} label="Render" button="Render" send=${(form) => setGiven({ text: form.get("text"), body: form.get("body") })}>
      <${Editor} label="Template" name="text" value=${given.text} rows=${12} />
      <${Editor} label="Message" name="body" value=${given.body} rows=${3} />
    <//>
    ${frames.value?.length > 0 &&
    html`<p class="actions">
      With a real message:
      ${frames.value.slice(-5).map((hop) => html`<button type="button" onClick=${() => take(hop)}>${time(hop.time)} ${hop.parameters.Body.slice(0, 40)}</button>`)}
    </p>`}
    <${Asked} of=${rendered}>${({ rendering, text }) => html`<${Rendering} of=${rendering} text=${text} />`}<//>
  `;
}

/** The template and its output; what is chosen in one is marked in the other. */
function Rendering({ of, text }) {
  const [chosen, setChosen] = useState(null);
  const choose = (index) => setChosen(index === chosen ? null : index);
  const piece = of.pieces[chosen];
  const range = piece && [piece.template.start, piece.template.end];
  return html`
    ${of.faults.map((fault) => html`<${Fault} of=${{ message: `line ${fault.line}, column ${fault.column}: ${fault.message}` }} />`)}
    <div class="beside even">
      <section aria-label="Output">
        <h2>Output</h2>
        <pre class="json pieces" tabindex="0">${of.pieces.map(
          (each, index) =>
            html`<span role="button" tabindex="0" class="piece ${each.kind}" aria-pressed=${index === chosen} onClick=${() => choose(index)} onKeyDown=${(event) => PRESSES.has(event.key) && (event.preventDefault(), choose(index))} title="from line ${each.template.line}">${each.text}</span>`,
        )}</pre>
      </section>
      <section aria-label="Template">
        <h2>Template</h2>
        <pre class="json" tabindex="0">${range ? html`${text.slice(0, range[0])}<mark>${text.slice(...range)}</mark>${text.slice(range[1])}` : text}</pre>
      </section>
    </div>
    <div aria-live="polite">
      ${piece &&
      html`<p>From line ${piece.template.line}, column ${piece.template.column}: <code>${piece.template.source}</code></p>
        <${Values} of=${piece.values} />`}
    </div>
    <details>
      <summary>Steps</summary>
      <${Table} label="Steps" heads=${["Line", "What", "As written", "Outcome"]} empty="None.">
        ${of.steps.map(
          (step) => html`<tr>
            <td class="number">${step.template.line}</td>
            <td>${step.kind}</td>
            <td><code>${step.template.source.slice(0, 120)}</code></td>
            <td><code>${inline(step.outcome)}</code></td>
          </tr>`,
        )}
      <//>
    </details>
  `;
}

const Values = ({ of }) =>
  of.length > 0 &&
  html`<${Table} label="Values" heads=${["Reference", "Value", "Java class"]}>
    ${of.map(
      (each) => html`<tr>
        <td><code>${each.reference.source}</code></td>
        <td><code>${inline(each.value)}</code></td>
        <td>${each.type}</td>
      </tr>`,
    )}
  <//>`;
