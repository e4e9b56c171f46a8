/** The console: a shell with navigation, the clock and the state of the feed, and one view at a time. */

import { html, render, useEffect, useErrorBoundary, useRef } from "../preact.js";
import { ask } from "./ask.js";
import { Action, Fault } from "./parts.js";
import { connect, now, useLive, useSeconds } from "./live.js";
import { link, useRoute } from "./route.js";
import { moment } from "./format.js";
import { Bus } from "./bus.js";
import { Clock } from "./clock.js";
import { Connections } from "./connections.js";
import { Executions } from "./executions.js";
import { Functions } from "./functions.js";
import { Journal } from "./journal.js";
import { Learn } from "./learn.js";
import { Logs } from "./logs.js";
import { Resources } from "./resources.js";
import { Tables } from "./tables.js";
import { Templates } from "./templates.js";
import { Traces } from "./traces.js";

const VIEWS = {
  journal: ["Journal", Journal],
  traces: ["Traces", Traces],
  executions: ["Executions", Executions],
  bus: ["Bus", Bus],
  connections: ["Connections", Connections],
  tables: ["Tables", Tables],
  logs: ["Logs", Logs],
  functions: ["Functions", Functions],
  templates: ["Mapping templates", Templates],
  clock: ["Clock", Clock],
  resources: ["Resources", Resources],
  learn: ["Learn", Learn],
};
const FIRST = "journal";
const STATUSES = { connecting: "connecting", live: "live", reconnecting: "the server is away: trying again" };

function App() {
  const { names, query } = useRoute();
  const name = names[0] in VIEWS ? names[0] : FIRST;
  const [title, View] = VIEWS[name];
  const main = useRef(null);
  const current = useRef(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title} – pizzabar`;
    current.current.scrollIntoView({ block: "nearest", inline: "center" });
    if (!isFirst.current) {
      // Whoever goes to another view by keyboard goes on from its beginning.
      main.current.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
    isFirst.current = false;
  }, [name]);
  return html`
    <a class="skip" href="#main" onClick=${(event) => (event.preventDefault(), main.current.focus())}>To the view</a>
    <header>
      <a class="name" href=${link([FIRST])}>pizzabar</a>
      <${Status} />
    </header>
    <nav aria-label="Views">
      <ul>
        ${Object.entries(VIEWS).map(
          ([each, [label]]) => html`<li>
            <a href=${link([each])} ...${each === name ? { "aria-current": "page", ref: current } : {}}>${label}</a>
          </li>`,
        )}
      </ul>
    </nav>
    <main id="main" tabindex="-1" ref=${main} key=${name}>
      <${Guarded} View=${View} names=${names.slice(1)} query=${query} />
    </main>
  `;
}

/** A view that fails says so, and leaves the rest of the page as it is. */
function Guarded({ View, ...rest }) {
  const [error, again] = useErrorBoundary();
  if (error) return html`<${Fault} of=${error} /><button type="button" onClick=${again}>Show it again</button>`;
  return html`<${View} ...${rest} />`;
}

function Status() {
  const { status, stack, clock, connections } = useLive();
  useSeconds();
  return html`<div class="status">
    <span class="feed ${status}" role="status">${STATUSES[status]}</span>
    ${clock &&
    html`<span class="stack">${stack}</span>
      <a href=${link(["connections"])}>${connections} ${connections === 1 ? "connection" : "connections"}</a>
      <a href=${link(["clock"])} class="time" title="The clock">${moment(now())} ${clock.mode}</a>
      ${clock.mode === "virtual" && html`<${Action} act=${() => ask("clock/advance", { seconds: 5 })}>+5 s<//>`}`}
  </div>`;
}

connect();
render(html`<${App} />`, document.body);
