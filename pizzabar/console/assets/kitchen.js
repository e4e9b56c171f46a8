// The kitchen: tickets by status, each moved on by hand, or refused with a reason.

import { STATUSES } from "./guest.js";
import { html, render, useEffect, useRef, useState } from "./preact.js";
import { follow, isManual, listTickets, moveOn, refuse, setManual } from "./tickets.js";

const WAITING = STATUSES.slice(0, -1);
const VERBS = ["Prepare", "Bake", "Pack", "Send", "Deliver"];

const titled = (text) => text[0].toUpperCase() + text.slice(1);

function contentOf(ticket) {
  const { type, size, ...others } = Object(JSON.parse(ticket.orderDetails));
  return { title: titled([type, size].filter(Boolean).join(", ") || "an order"), note: others.note };
}

const Ticket = ({ ticket, onMove, onRefuse }) => {
  const { title, note } = contentOf(ticket);
  const verb = VERBS[WAITING.indexOf(ticket.status)];
  return html`
    <li class="card">
      <h3>
        ${title} <small><time>${new Date(ticket.since).toLocaleTimeString([], { timeStyle: "short" })}</time></small>
      </h3>
      ${note && html`<p>${String(note)}</p>`}
      <p class="buttons">
        <button
          class="main"
          id=${`move-${ticket.orderId}`}
          onClick=${() => onMove(ticket)}
          aria-label=${`${verb} ${title}`}
        >
          ${verb}
        </button>
        <button onClick=${() => onRefuse(ticket)} aria-label=${`Refuse ${title}`}>Refuse…</button>
      </p>
    </li>
  `;
};

const Refusal = ({ ticket, onRefuse, onClose }) => {
  const dialog = useRef();
  const reason = useRef();
  useEffect(() => dialog.current.showModal(), []);
  const send = (event) => {
    event.preventDefault();
    onRefuse(ticket, reason.current.value);
    dialog.current.close();
  };
  return html`
    <dialog ref=${dialog} onClose=${onClose} aria-labelledby="refusal">
      <form onSubmit=${send}>
        <h2 id="refusal">Refuse ${contentOf(ticket).title}?</h2>
        <p>
          <label>The guest is told why <input ref=${reason} type="text" required maxlength="200" /></label>
        </p>
        <p class="buttons">
          <button class="main">Refuse the order</button>
          <button type="button" onClick=${() => dialog.current.close()}>Keep it</button>
        </p>
      </form>
    </dialog>
  `;
};

function Kitchen() {
  const [tickets, setTickets] = useState();
  const [manual, switchManual] = useState(false);
  const [said, say] = useState("");
  const [isConnected, connect] = useState(false);
  const [refusing, setRefusing] = useState(null);
  const moved = useRef();
  const reading = useRef(false);
  const isStale = useRef(false);

  // One reading at a time; what changes meanwhile is read after it.
  async function refresh() {
    isStale.current = true;
    if (reading.current) return;
    reading.current = true;
    try {
      while (isStale.current) {
        isStale.current = false;
        setTickets(await listTickets());
        switchManual(await isManual());
      }
      connect(true);
    } catch {
      connect(false);
    } finally {
      reading.current = false;
    }
  }

  async function attempt(action, done) {
    try {
      await action();
      say(done);
    } catch (error) {
      say(`That did not work: ${error.message}`);
      await refresh();
    }
  }

  const move = (ticket) => {
    moved.current = ticket.orderId;
    return attempt(() => moveOn(ticket), `${contentOf(ticket).title}: ${ticket.next}`);
  };
  const refuseFor = (ticket, reason) =>
    attempt(() => refuse(ticket, reason), `${contentOf(ticket).title} was refused: ${reason}`);
  const toggle = (event) => {
    const wanted = event.target.checked;
    switchManual(wanted);
    return attempt(() => setManual(wanted), wanted ? "New orders wait for the kitchen." : "New orders go by themselves.");
  };

  useEffect(() => follow(refresh, () => connect(false)), []);
  // Whoever moves an order on by the keyboard goes with it.
  useEffect(() => {
    const button = document.getElementById(`move-${moved.current}`);
    if (button && document.activeElement === document.body) button.focus();
  }, [tickets]);

  return html`
    <header>
      <h1>Kitchen</h1>
      <nav><a href="./">Order</a> <a href="_pizzabar">Behind the scenes</a></nav>
    </header>
    <main>
      <p class="connection">${isConnected ? "Connected" : "Not connected: trying again…"}</p>
      <p>
        <label class="switch">
          <input type="checkbox" role="switch" checked=${manual} onChange=${toggle} />
          New orders that do not say wait for the kitchen
        </label>
      </p>
      <p role="status">${said}</p>
      ${tickets?.length === 0 && html`<p>Nothing waits for the kitchen.</p>`}
      <div class="board">
        ${WAITING.map((status) => [status, (tickets ?? []).filter((ticket) => ticket.status === status)]).map(
          ([status, there], index) => html`
            <section aria-labelledby=${`status-${index}`}>
              <h2 id=${`status-${index}`}>${titled(status.replace(/^order (is )?/, ""))} <small>${there.length}</small></h2>
              <ul class="cards">
                ${there.map(
                  (ticket) => html`
                    <${Ticket} key=${ticket.orderId} ticket=${ticket} onMove=${move} onRefuse=${setRefusing} />
                  `,
                )}
              </ul>
            </section>
          `,
        )}
      </div>
    </main>
    ${refusing &&
    html`<${Refusal} ticket=${refusing} onRefuse=${refuseFor} onClose=${() => setRefusing(null)} />`}
  `;
}

render(html`<${Kitchen} />`, document.body);
