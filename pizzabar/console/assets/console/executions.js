/** Executions: the list of them, and one with its graph, its states, its history and what can be done with it. */

import { html, useMemo, useState } from "../preact.js";
import { aws, path } from "./ask.js";
import { duration, moment, nameOf, pretty, time } from "./format.js";
import { Graph } from "./graph.js";
import { detailsOf, statusesOf, timeOf, visitsOf } from "./history.js";
import { now, useAsked, useSeconds } from "./live.js";
import { Action, Asked, Badge, Bar, Editor, Fault, Field, Form, Json, Table, jsonOf } from "./parts.js";
import { filter, go, link } from "./route.js";

const STATUSES = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];
const MOST = 100;
const MOST_SHOWN = 1000;
const EXAMPLE = { data: { type: "margherita", size: "L" }, connectionId: "…" };

export const Executions = ({ names: [arn], query }) =>
  arn ? html`<${Execution} key=${arn} arn=${arn} query=${query} />` : html`<${List} query=${query} />`;

function List({ query }) {
  const { machine = "", status = "", start = "" } = query;
  const page = useAsked(path(["executions"], { state_machine: machine, status, start, limit: MOST }), (news) => news.executions.length > 0);
  const machines = useAsked("state-machines");
  return html`
    <h1>Executions</h1>
    <div class="filters">
      <${Field} label="State machine">
        <select value=${machine} onChange=${(event) => filter({ machine: event.target.value, start: "" })}>
          <option value="">all</option>
          ${(machines.value ?? []).map((each) => html`<option value=${each.arn} selected=${each.arn === machine}>${each.name}</option>`)}
        </select>
      <//>
      <${Field} label="Status">
        <select value=${status} onChange=${(event) => filter({ status: event.target.value, start: "" })}>
          <option value="">all</option>
          ${STATUSES.map((each) => html`<option value=${each} selected=${each === status}>${each}</option>`)}
        </select>
      <//>
    </div>
    <${Asked} of=${page}>
      ${(found) => html`<p class="actions">
          ${start && html`<a href=${link(["executions"], { machine, status })}>Newest</a>`}
          ${found.next !== null && html`<a href=${link(["executions"], { machine, status, start: found.next })}>Older</a>`}
        </p>
        <${Table} label="Executions" heads=${["Name", "State machine", "Status", "Started", "Took", "In"]}>
        ${found.executions.map(
          (each) => html`<tr key=${each.arn}>
            <td><a href=${link(["executions", each.arn])}>${each.name}</a></td>
            <td>${each.state_machine}</td>
            <td><${Badge} of=${each.status} /></td>
            <td>${moment(each.started)}</td>
            <td class="number">${each.stopped && duration(Date.parse(each.stopped) - Date.parse(each.started))}</td>
            <td>${each.states.join(", ")}</td>
          </tr>`,
        )}
      <//>`}
    <//>
    <details class="panel">
      <summary>Start an execution</summary>
      <${Asked} of=${machines}>${(found) => html`<${Start} machines=${found} input=${pretty(EXAMPLE)} />`}<//>
    </details>
  `;
}

function Start({ machines, input }) {
  const start = async (form) => {
    const began = await aws("AWSStepFunctions.StartExecution", {
      stateMachineArn: form.get("machine"),
      input: JSON.stringify(jsonOf(form, "input")),
    });
    go(["executions", began.executionArn]);
  };
  return html`<${Form} label="Start an execution" button="Start" send=${start}>
    <${Field} label="State machine">
      <select name="machine">
        ${machines.map((each) => html`<option value=${each.arn}>${each.name}</option>`)}
      </select>
    <//>
    <${Editor} label="Input" name="input" value=${input} />
  <//>`;
}

function Execution({ arn, query }) {
  const isTouched = (news) => news.executions.includes(arn);
  const details = useAsked(path(["executions", arn]), isTouched);
  const history = useAsked(path(["executions", arn, "history"]), isTouched);
  const flow = useAsked(query.state ? path(["executions", arn, "flow"]) : null, isTouched);
  const { visits, end } = useMemo(() => visitsOf(history.value ?? []), [history.value]);
  const statuses = useMemo(() => statusesOf(visits), [visits]);
  const choose = (state) => filter({ state, visit: "" });
  return html`
    <p class="back"><a href=${link(["executions"])}>Executions</a></p>
    <h1>Execution</h1>
    <${Asked} of=${details}>
      ${(found) => html`
        <${Head} of=${found} />
        <div class="beside">
          <${Graph} of=${["executions", arn, "graph"]} statuses=${statuses} chosen=${query.state} choose=${choose} />
          ${query.state
            ? html`<${State} arn=${arn} name=${query.state} query=${query} visits=${visits} flow=${flow} current=${found.current} />`
            : html`<aside aria-label="The execution">
                <h2>From beginning to end</h2>
                <p class="quiet">Choose a state to see what came in, what went out and why.</p>
                <h3>Input</h3>
                <${Json} value=${found.input} label="Input" />
                ${found.status === "SUCCEEDED" && html`<h3>Output</h3><${Json} value=${found.output} label="Output" />`}
                ${end && html`<${Reason} details=${detailsOf(end)} />`}
              </aside>`}
        </div>
        <h2>Against time</h2>
        <${Timeline} visits=${visits} choose=${choose} />
        <h2>History</h2>
        <${Asked} of=${history}>${(events) => html`<${Events} events=${events} />`}<//>
      `}
    <//>
  `;
}

function Head({ of }) {
  const [isAgain, setAgain] = useState(false);
  const machine = of.arn.replace(":execution:", ":stateMachine:").split(":").slice(0, 7).join(":");
  return html`
    <dl>
      <dt>Name</dt>
      <dd>${of.name}</dd>
      <dt>Status</dt>
      <dd aria-live="polite"><${Badge} of=${of.status} /> ${of.states.join(", ")}</dd>
      <dt>Started</dt>
      <dd>${moment(of.started)}${of.stopped && `, took ${duration(Date.parse(of.stopped) - Date.parse(of.started))}`}</dd>
      <dt>Trace</dt>
      <dd><a href=${link(["traces", of.trace])}>${of.trace}</a></dd>
    </dl>
    <p class="actions">
      ${of.status === "RUNNING" && html`<${Action} kind="danger" act=${() => aws("AWSStepFunctions.StopExecution", { executionArn: of.arn })}>Stop<//>`}
      ${["FAILED", "TIMED_OUT", "ABORTED"].includes(of.status) &&
      html`<${Action} act=${() => aws("AWSStepFunctions.RedriveExecution", { executionArn: of.arn })}>Redrive<//>`}
      <button type="button" aria-expanded=${isAgain} onClick=${() => setAgain(!isAgain)}>Start again, edited</button>
    </p>
    ${isAgain && html`<div class="panel"><${Start} machines=${[{ arn: machine, name: of.state_machine }]} input=${pretty(of.input)} /></div>`}
  `;
}

const Reason = ({ details }) => (details.error || details.cause) && html`<${Fault} of=${{ message: `${details.error ?? ""} ${details.cause ?? ""}` }} />`;

/** What there was of a state: where it stands, and of each visit what came in, how it flowed, and what went out. */
function State({ arn, name, query, visits, flow, current }) {
  const mine = visits.filter((visit) => visit.name === name);
  const visit = mine.find((each) => String(each.event) === query.visit) ?? mine.at(-1);
  const standing = current.filter((each) => each.name === name);
  const points = flow.value?.states.find((each) => each.event === visit?.event)?.points ?? [];
  return html`<aside aria-label="The state ${name}">
    <a class="close" href=${link(["executions", arn])}>Close</a>
    <h2>${name}</h2>
    ${standing.map((each) => html`<${Standing} of=${each} />`)}
    ${mine.length > 1 &&
    html`<${Field} label="Visit">
      <select onChange=${(event) => filter({ visit: event.target.value })}>
        ${mine.map((each, number) => html`<option value=${each.event} selected=${each === visit}>${number + 1}: ${time(each.entered)} ${each.status}</option>`)}
      </select>
    <//>`}
    ${visit === undefined
      ? html`<p class="quiet">It has not been entered.</p>`
      : html`
          <p><${Badge} of=${visit.status} /> ${time(visit.entered)}${visit.left !== null && `, ${duration(visit.left - visit.entered)}`}</p>
          ${visit.faults.map((event) => html`<${Reason} details=${detailsOf(event)} />`)}
          <h3>Input</h3>
          <${Json} value=${visit.input} label="Input" />
          ${visit.output !== undefined && html`<h3>Output</h3><${Json} value=${visit.output} label="Output" />`}
          ${points.length > 0 &&
          html`<details>
            <summary>Data flow</summary>
            <ol class="flow">
              ${points.map((point) => html`<li><h4>${point.name}</h4><${Json} value=${point.value} label=${point.name} /></li>`)}
            </ol>
          </details>`}
          <${Fault} of=${flow.error} />
        `}
  </aside>`;
}

function Standing({ of }) {
  useSeconds();
  const left = of.until === null ? null : Date.parse(of.until) - now();
  return html`<p>
    Waits for ${of.waits_for ?? "what comes next"}${of.branches && `: ${of.branches} have ended`}${left !== null && `, ${duration(Math.max(0, left))} to go`}
    ${of.task_token && html`<br />Task token: <code>${of.task_token}</code>`}
  </p>`;
}

/** The visits of states as bars, waits to scale. */
function Timeline({ visits: all, choose }) {
  useSeconds();
  const visits = all.slice(-MOST_SHOWN);
  const start = visits[0]?.entered ?? 0;
  const last = Math.max(...visits.map((visit) => visit.left ?? now()), start + 1);
  const whole = last - start;
  return html`<${Left} of=${all} what="visits" />
    <ol class="waterfall timeline">
    ${visits.map(
      (visit) => html`<li key=${visit.event} class="span">
        <span class="start">${duration(visit.entered - start)}</span>
        <button type="button" class="operation plain" onClick=${() => choose(visit.name)}>${visit.name}</button>
        <span class="took">${duration((visit.left ?? now()) - visit.entered)}</span>
        <${Bar} from=${((visit.entered - start) / whole) * 100} length=${Math.max(0.4, (((visit.left ?? last) - visit.entered) / whole) * 100)} kind=${visit.status} title=${visit.type} />
      </li>`,
    )}
    </ol>`;
}

/** Say how many of very many are left out. */
const Left = ({ of, what }) => of.length > MOST_SHOWN && html`<p class="quiet">The last ${MOST_SHOWN} of ${of.length} ${what}.</p>`;

function Events({ events }) {
  return html`<${Left} of=${events} what="events" />
    <${Table} label="History" heads=${["#", "Time", "Type", "After", "Details"]}>
    ${events.slice(-MOST_SHOWN).map((event) => {
      const details = detailsOf(event);
      const name = details.name ?? details.resource;
      return html`<tr key=${event.id}>
        <td class="number">${event.id}</td>
        <td class="time">${time(timeOf(event))}</td>
        <td>${event.type}</td>
        <td class="number">${event.previousEventId || ""}</td>
        <td>
          ${Object.keys(details).length > 0 && html`<details><summary>${name ? nameOf(name) : "details"}</summary><${Json} value=${details} /></details>`}
        </td>
      </tr>`;
    })}
  <//>`;
}
