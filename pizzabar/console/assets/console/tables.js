/** Tables: browsed, queried by key, edited; with what is left until an item expires. */

import { html, useState } from "../preact.js";
import { aws, path } from "./ask.js";
import { duration, pretty } from "./format.js";
import { now, touchedBy, useAnswer, useAsked, useSeconds } from "./live.js";
import { Action, Asked, Editor, Fault, Field, Form, Table, jsonOf } from "./parts.js";
import { filter, link } from "./route.js";

const TARGET = "DynamoDB_20120810";
const WRITES = touchedBy("dynamodb", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "ExecuteStatement");
const CONDITIONS = { "=": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "begins with": "begins_with" };

export const Tables = ({ names: [name], query }) => (name ? html`<${One} key=${name} name=${name} query=${query} />` : html`<${List} />`);

function List() {
  const tables = useAsked("tables", WRITES);
  return html`
    <h1>Tables</h1>
    <${Asked} of=${tables}>
      ${(found) => html`<${Table} label="Tables" heads=${["Table", "Key", "Time to live", "Items"]}>
        ${found.map(
          (table) => html`<tr key=${table.name}>
            <td><a href=${link(["tables", table.name])}>${table.name}</a></td>
            <td>${keyOf(table)}</td>
            <td>${table.ttl ?? ""}</td>
            <td class="number">${table.items}</td>
          </tr>`,
        )}
      <//>`}
    <//>
  `;
}

const keyOf = (table) => Object.entries(table.key).map(([name, type]) => `${name} (${type})`).join(", ");

function One({ name, query }) {
  const tables = useAsked("tables", WRITES);
  const table = tables.value?.find((each) => each.name === name);
  const { after = "", hash = "" } = query;
  const page = useAsked(hash ? null : path(["tables", name, "items"], { plain: false, limit: 100, after }), WRITES);
  const [edited, setEdited] = useState(null);
  if (tables.value && !table) return html`<h1>${name}</h1><${Fault} of=${{ message: "There is no such table." }} />`;
  return html`
    <p class="back"><a href=${link(["tables"])}>Tables</a></p>
    <h1>${name}</h1>
    ${table &&
    html`
      <p>Key: ${keyOf(table)}. ${table.items} items.</p>
      <${Query} table=${table} query=${query} />
      ${hash
        ? html`<${Found} table=${table} query=${query} edit=${setEdited} />`
        : html`<${Asked} of=${page}>
            ${(found) => html`
              <${Items} table=${table} items=${found.items} edit=${setEdited} />
              <p class="actions">
                ${after && html`<a href=${link(["tables", name])}>First page</a>`}
                ${found.next && html`<a href=${link(["tables", name], { after: JSON.stringify(found.next) })}>Next page</a>`}
              </p>
            `}
          <//>`}
      ${edited === null
        ? html`<button type="button" onClick=${() => setEdited(emptyOf(table))}>New item</button>`
        : html`<${Edit} key=${JSON.stringify(edited)} table=${table} item=${edited} close=${() => setEdited(null)} />`}
    `}
  `;
}

const emptyOf = (table) => Object.fromEntries(Object.entries(table.key).map(([name, type]) => [name, { [type]: type === "N" ? "0" : "" }]));

function Query({ table, query }) {
  const [[hash], range] = Object.entries(table.key);
  const search = (form) => filter({ hash: form.get("hash"), range: form.get("range") ?? "", condition: form.get("condition") ?? "", after: "" });
  return html`<div class="filters">
    <${Form} label="Query" button="Query" send=${search}>
      <${Field} label=${hash}><input name="hash" defaultValue=${query.hash ?? ""} /><//>
      ${range &&
      html`<${Field} label=${range[0]}>
          <select name="condition">${Object.keys(CONDITIONS).map((each) => html`<option selected=${each === query.condition}>${each}</option>`)}</select>
        <//>
        <${Field} label="value"><input name="range" defaultValue=${query.range ?? ""} /><//>`}
    <//>
    ${query.hash && html`<a href=${link(["tables", table.name])}>All items</a>`}
  </div>`;
}

/** The items that a query by key gives. */
function Found({ table, query, edit }) {
  const found = useAnswer(() => aws(`${TARGET}.Query`, queryOf(table, query)), JSON.stringify([query.hash, query.condition, query.range]));
  return html`<${Asked} of=${found}>
      ${(answer) => html`<${Items} table=${table} items=${answer.Items} edit=${edit} />`}
    <//>
    <p><button type="button" onClick=${found.refresh}>Query again</button></p>`;
}

function queryOf(table, query) {
  const [[hash, type], range] = Object.entries(table.key);
  const asked = {
    TableName: table.name,
    KeyConditionExpression: "#h = :h",
    ExpressionAttributeNames: { "#h": hash },
    ExpressionAttributeValues: { ":h": { [type]: query.hash } },
  };
  if (range && query.range) {
    const condition = CONDITIONS[query.condition] ?? "=";
    asked.KeyConditionExpression += condition === "begins_with" ? " AND begins_with(#r, :r)" : ` AND #r ${condition} :r`;
    asked.ExpressionAttributeNames["#r"] = range[0];
    asked.ExpressionAttributeValues[":r"] = { [range[1]]: query.range };
  }
  return asked;
}

function Items({ table, items, edit }) {
  useSeconds();
  const keys = Object.keys(table.key);
  const others = [...new Set(items.flatMap((item) => Object.keys(item)))].filter((each) => !keys.includes(each)).slice(0, 12);
  const heads = [...keys, ...(table.ttl ? ["expires in"] : []), ...others, "Item"];
  const remove = (item) => aws(`${TARGET}.DeleteItem`, { TableName: table.name, Key: Object.fromEntries(keys.map((each) => [each, item[each]])) });
  return html`<${Table} label="Items of ${table.name}" heads=${heads} empty="No items.">
    ${items.map(
      (item) => html`<tr key=${JSON.stringify(keys.map((each) => item[each]))}>
        ${keys.map((each) => html`<th scope="row">${shown(item[each])}</th>`)}
        ${table.ttl && html`<td class="number">${left(item[table.ttl])}</td>`}
        ${others.map((each) => html`<td class="value">${shown(item[each])}</td>`)}
        <td class="actions">
          <button type="button" onClick=${() => edit(item)}>Edit</button>
          <${Action} kind="danger" act=${() => remove(item)}>Delete<//>
        </td>
      </tr>`,
    )}
  <//>`;
}

function left(value) {
  if (value?.N === undefined) return "";
  const milliseconds = Number(value.N) * 1000 - now();
  return milliseconds > 0 ? duration(Math.ceil(milliseconds / 1000) * 1000) : "expired";
}

function shown(value) {
  if (value === undefined) return "";
  const [[type, content]] = Object.entries(value);
  if (type === "NULL") return "null";
  return typeof content === "string" ? content : JSON.stringify(content);
}

function Edit({ table, item, close }) {
  const save = async (form) => {
    await aws(`${TARGET}.PutItem`, { TableName: table.name, Item: jsonOf(form, "item") });
    close();
  };
  return html`<section class="panel" aria-label="Edit an item">
    <${Form} label="Edit an item" button="Save" send=${save}>
      <${Editor} label="Item, each attribute with its type" name="item" value=${pretty(item)} rows=${14} />
    <//>
    <button type="button" onClick=${close}>Cancel</button>
  </section>`;
}
