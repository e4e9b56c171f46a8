// What the client for JavaScript does, against the server whose address is given.
import assert from "node:assert/strict";
import { Pizzabar } from "../../pizzabar/console/assets/client.mjs";

const address = process.argv[2];
const bar = new Pizzabar(address);
assert.equal((await bar.clock()).mode, "virtual");
const rule = await bar.breakHops({ kind: "throttle", service: "dynamodb", operation: "UpdateItem" });
assert.equal(rule.number, 1);
await bar.mendHops();

const frames = [];
const guest = new (globalThis.WebSocket ?? (await import("ws")).default)(`${address.replace("http", "ws")}/api`);
guest.onmessage = ({ data }) => frames.push(JSON.parse(data));
await new Promise((opened) => { guest.onopen = opened; });
const first = new Promise((came) => guest.addEventListener("message", came, { once: true }));
guest.send(JSON.stringify({ type: "margherita" }));
await first;
const last = new Promise((came) => guest.addEventListener("message", () => frames.length === 6 && came()));
await bar.advance(25);
await bar.settled();
await last;
assert.equal(frames.length, 6);

const delivered = await bar.events({ pattern: { detail: { status: ["order delivered"] } } });
assert.equal(delivered.length, 1);
assert.ok((await bar.hops({ service: "events" })).length >= 6);
await assert.rejects(bar.advance(-1), /clock\/advance: 422/);
await bar.setClock("real", 60);
assert.equal((await bar.clock()).speed, 60);
guest.close();
console.log("done");
