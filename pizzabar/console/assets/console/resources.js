/** The template's resources, with what lint finds beside them. */

import { html } from "../preact.js";
import { pretty } from "./format.js";
import { useAsked } from "./live.js";
import { Asked, Fault, Json, Table } from "./parts.js";
import { link } from "./route.js";

/** Where a resource of a type can be seen at work; given what Ref gives. */
const VIEWS = {
  "AWS::DynamoDB::Table": (ref) => ["tables", ref],
  "AWS::Lambda::Function": (ref) => ["functions", ref],
  "AWS::Logs::LogGroup": (ref) => ["logs", ref],
};

export function Resources({ names: [id] }) {
  const stack = useAsked("resources");
  const findings = useAsked("findings");
  return html`
    ${id && html`<p class="back"><a href=${link(["resources"])}>Resources</a></p>`}
    <h1>${id ?? "Resources"}</h1>
    <${Asked} of=${stack}>
      ${(found) => (id ? html`<${One} of=${found.resources.find((each) => each.logical_id === id)} findings=${findings} />` : html`<${Stack} of=${found} findings=${findings} />`)}
    <//>
  `;
}

function Stack({ of, findings }) {
  const others = (findings.value ?? []).filter((finding) => !of.resources.some((each) => each.logical_id === finding.resource));
  return html`
    <p>The stack ${of.name}. ${of.description}</p>
    <p class="quiet" role="status">${findings.value ? `Lint finds ${findings.value.length || "nothing"}.` : "Looking for what will go wrong on AWS…"}</p>
    <${Fault} of=${findings.error} />
    ${others.map((finding) => html`<${Finding} of=${finding} />`)}
    <${Table} label="Resources" heads=${["Resource", "Type", "Where", "Ref", "Findings"]}>
      ${of.resources.map(
        (each) => html`<tr key=${each.logical_id}>
          <td><a href=${link(["resources", each.logical_id])}>${each.logical_id}</a></td>
          <td>${each.type}</td>
          <td>${each.file}:${each.line}</td>
          <td>${VIEWS[each.type] ? html`<a href=${link(VIEWS[each.type](each.ref))}>${each.ref}</a>` : each.ref}</td>
          <td>${(findings.value ?? []).filter((finding) => finding.resource === each.logical_id).map((finding) => html`<${Finding} of=${finding} />`)}</td>
        </tr>`,
      )}
    <//>
    <h2>Outputs</h2>
    <${Table} label="Outputs" heads=${["Output", "Value", "Description"]} empty="None.">
      ${Object.entries(of.outputs).map(([name, output]) => html`<tr><th scope="row">${name}</th><td>${output.value}</td><td>${output.description}</td></tr>`)}
    <//>
    <h2>Without effect here</h2>
    <${Table} label="Without effect here" heads=${["Where", "Why"]} empty="Nothing.">
      ${of.without_effect.map((note) => html`<tr><td>${note.place}</td><td>${note.why}</td></tr>`)}
    <//>
    ${Object.keys(of.parameters).length > 0 && html`<h2>Parameters</h2><${Json} value=${of.parameters} label="Parameters" />`}
  `;
}

const Finding = ({ of }) => html`<p class="finding ${of.severity}">
  <strong>${of.code} ${of.severity}</strong> ${of.why} <span class="quiet">${of.file}:${of.line}. ${of.mend}</span> <a href=${of.url}>AWS on it</a>
</p>`;

function One({ of, findings }) {
  if (of === undefined) return html`<${Fault} of=${{ message: "There is no such resource." }} />`;
  return html`
    <p>${of.type}, ${of.file}:${of.line}</p>
    ${(findings.value ?? []).filter((finding) => finding.resource === of.logical_id).map((finding) => html`<${Finding} of=${finding} />`)}
    <dl>
      <dt>Ref</dt>
      <dd>${of.ref}</dd>
      ${Object.entries(of.attributes).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
    </dl>
    <h2>Properties</h2>
    <${Json} value=${pretty(of.properties)} label="Properties" />
  `;
}
