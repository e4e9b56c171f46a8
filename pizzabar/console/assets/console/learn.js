/** Learn: the way of an order in steps, each of which is done when the real thing has happened in this server. */

import { html, useRef } from "../preact.js";
import { socketAddress } from "./ask.js";
import { useAsked, useLive } from "./live.js";
import { link } from "./route.js";

const [SERVICE, OPERATION, ABOUT, ERROR] = [3, 4, 7, 8];
const of = (service, operation, about = () => true) => (row) =>
  row[SERVICE] === service && row[OPERATION] === operation && row[ERROR] === null && about(row[ABOUT]);
const isSession = (about) => /session/i.test(about);

const steps = (address) => [
  {
    title: "Connect",
    text: "Open a WebSocket to the stage. The route $connect has no code behind it: its integration hands the handshake straight to DynamoDB, by a mapping template.",
    commands: [`wscat -c ${address}`],
    see: [["A client in this page", ["connections"]]],
    isDone: (hops) => hops.some(of("apigateway", "$connect")),
  },
  {
    title: "Find the session",
    text: "The mapping template wrote an item: who is connected, and a time to live, so that what is forgotten goes by itself.",
    commands: ["aws dynamodb scan --table-name pizzabar-Sessions"],
    see: [["The tables", ["tables"]], ["The template that wrote it", ["templates"]]],
    isDone: (hops) => hops.some(of("dynamodb", "PutItem", isSession)),
  },
  {
    title: "Order a pizza",
    text: "Send a message. No action in it names a route, so $default takes it, and its integration starts an execution of the state machine. Nobody waits for it to end.",
    commands: ['{"type":"margherita","size":"L"}'],
    see: [["The execution", ["executions"]]],
    isDone: (hops) => hops.some(of("stepfunctions", "StartExecution")),
  },
  {
    title: "See an event find its rules",
    text: "At each status the state machine puts an event on the bus and goes on. It knows of nobody who listens: a rule's pattern decides, and the same event goes to a function and to a log group.",
    commands: ["aws logs tail /aws/events/pizzabar", "pizzabar events tail"],
    see: [["The bus", ["bus"]]],
    isDone: (hops) => hops.some(of("events", "PutEvents")) && hops.some(of("lambda", "Invoke")),
  },
  {
    title: "Be told",
    text: "The function finds the connection in the event and pushes the status to it, over the same socket, by @connections.",
    commands: ["pizzabar trace"],
    see: [["The order, hop by hop", ["traces", "last"]]],
    isDone: (hops) => hops.some(of("apigatewaymanagementapi", "PostToConnection")),
  },
  {
    title: "Wait for the pizza",
    text: "Between two statuses the state machine waits five seconds and costs nothing. Time is this server's: pause it, and step through the waits.",
    commands: ["pizzabar clock virtual", "pizzabar clock advance 5"],
    see: [["The clock", ["clock"]]],
    isDone: (hops, wasDelivered) => wasDelivered,
  },
  {
    title: "Leave",
    text: "Close the connection. $disconnect deletes the session; what is pushed to the guest from now on is answered with 410, gone.",
    commands: ["Ctrl-C in wscat"],
    see: [["What happened", ["journal"]]],
    isDone: (hops) => hops.some(of("dynamodb", "DeleteItem", isSession)),
  },
];

export function Learn() {
  const { hops } = useLive();
  const apis = useAsked("apis");
  const wasDelivered = useRef(false);
  const delivered = useAsked("executions?status=SUCCEEDED&limit=1", (news) => !wasDelivered.current && news.executions.length > 0);
  wasDelivered.current = (delivered.value?.executions.length ?? 0) > 0;
  const stage = (apis.value ?? []).flatMap((api) => Object.values(api.stages))[0];
  const done = steps(stage ? socketAddress(stage) : "ws://localhost:8000/api").map((step) => ({
    ...step,
    is: step.isDone(hops, wasDelivered.current),
  }));
  const count = done.filter((step) => step.is).length;
  return html`
    <h1>Learn</h1>
    <p>An order goes from a socket through a state machine, a bus and a function back to the socket. Do it step by step; a step is done when it has happened here, whoever did it.</p>
    <p role="status">${count} of ${done.length} done.</p>
    <ol class="steps">
      ${done.map(
        (step) => html`<li class="step ${step.is ? "done" : ""}">
          <h2>${step.title} <span class="badge ${step.is ? "succeeded" : ""}">${step.is ? "done" : "to do"}</span></h2>
          <p>${step.text}</p>
          ${step.commands.map((command) => html`<pre class="json" tabindex="0" aria-label="To type">${command}</pre>`)}
          <p class="actions">${step.see.map(([label, names]) => html`<a href=${link(names)}>${label}</a>`)}</p>
        </li>`,
      )}
    </ol>
  `;
}
