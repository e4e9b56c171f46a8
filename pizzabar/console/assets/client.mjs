/**
 * A running pizzabar, as a test in JavaScript asks it: its clock, its faults, what happened in it.
 * Its types are in client.d.mts. It needs `fetch` and nothing else.
 */
export class Pizzabar {
  /** @param {string} address where the server is */
  constructor(address = "http://localhost:8000") {
    this.address = address.replace(/\/$/, "");
  }

  /** The time by its clock, and when the next thing is due. */
  clock() {
    return this.#ask("GET", "/clock");
  }

  /** Have the clock go on as `real`, `virtual` or `auto`. */
  setClock(mode, speed = 1) {
    return this.#ask("POST", "/clock", { mode, speed });
  }

  /** Let virtual time pass, with all that is due on the way. */
  advance(seconds) {
    return this.#ask("POST", "/clock/advance", { seconds });
  }

  /** Wait until nothing is left to happen now. */
  settled() {
    return this.#ask("POST", "/settled");
  }

  /** Have hops go wrong: `{ kind: "throttle", service: "dynamodb", operation: "UpdateItem" }`. */
  breakHops(rule) {
    return this.#ask("POST", "/faults", rule);
  }

  /** Have nothing go wrong any more. */
  mendHops() {
    return this.#ask("POST", "/faults/clear");
  }

  /** The hops of the journal: all, or by `service`, `operation`, `connection`, `trace`, `errors`. */
  hops(wanted = {}) {
    return this.#ask("GET", `/journal?${new URLSearchParams(wanted)}`);
  }

  /** The events that were put, newest first, and the rules that matched: by `bus`, `source`, or a pattern. */
  events({ pattern, ...wanted } = {}) {
    const asked = pattern === undefined ? wanted : { ...wanted, pattern: JSON.stringify(pattern) };
    return this.#ask("GET", `/events?${new URLSearchParams(asked)}`);
  }

  async #ask(method, path, body) {
    const answer = await fetch(`${this.address}/_pizzabar${path}`, {
      method,
      ...(method === "POST" && {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body ?? {}),
      }),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(told.detail ?? told)}`);
    return told;
  }
}
