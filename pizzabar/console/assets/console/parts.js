/** What views are made of. */

import { html, useEffect, useLayoutEffect, useRef, useState } from "../preact.js";
import { pretty } from "./format.js";

/** Show what is asked for when it is there, or why it is not. */
export function Asked({ of, children }) {
  if (of.value !== undefined) return children(of.value);
  return of.error ? html`<${Fault} of=${of.error} />` : html`<p class="quiet">…</p>`;
}

/** Show why something failed, and say so to who cannot see it. */
export const Fault = ({ of }) => of && html`<p class="fault" role="alert">${of.message ?? String(of)}</p>`;

/** Show JSON, or a text. */
export const Json = ({ value, label }) => html`<pre class="json" tabindex="0" aria-label=${label ?? "JSON"}>${pretty(value)}</pre>`;

/** Show the state of something as a word with its colour. */
export const Badge = ({ of }) => html`<span class="badge ${String(of).toLowerCase()}">${of}</span>`;

/** A table: heads, and rows of cells. It scrolls by itself where it is too wide. */
export const Table = ({ label, heads, children, empty = "Nothing yet." }) => html`
  <div class="table" tabindex="0" role="region" aria-label=${label}>
    <table>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${[children].flat().filter(Boolean).length ? children : html`<tr><td class="quiet" colspan=${heads.length}>${empty}</td></tr>`}
      </tbody>
    </table>
  </div>
`;

/** A button that does something, and tells if that failed. */
export function Action({ act, children, kind = "", ...rest }) {
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    setError(null);
    try {
      await act();
    } catch (fault) {
      setError(fault);
    }
    setBusy(false);
  };
  return html`<button type="button" class=${kind} onClick=${run} aria-busy=${isBusy} ...${rest}>${children}</button>
    <${Fault} of=${error} />`;
}

/** A form that is sent by its button or by Enter, and tells if that failed. */
export function Form({ send, label, children, button }) {
  const [error, setError] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    setError(null);
    try {
      await send(new FormData(event.target));
    } catch (fault) {
      setError(fault);
    }
  };
  return html`<form onSubmit=${submit} aria-label=${label}>
    ${children}
    <button class="main">${button}</button>
    <${Fault} of=${error} />
  </form>`;
}

/** A field with its label. */
export const Field = ({ label, children }) => html`<label class="field"><span>${label}</span>${children}</label>`;

/** An editor of JSON. */
export const Editor = ({ label, name, value, rows = 8 }) => html`
  <${Field} label=${label}>
    <textarea name=${name} rows=${rows} spellcheck=${false} autocomplete="off" defaultValue=${value}></textarea>
  <//>
`;

/** Read what a form holds as JSON. Throw with the field's name. */
export function jsonOf(form, name) {
  try {
    return JSON.parse(form.get(name));
  } catch (error) {
    throw new Error(`${name} is not JSON: ${error.message}`);
  }
}

/** Rows that are rendered above and below what is seen; and those that may be passed without rendering others. */
const AROUND = 12;
const STEP = 6;

/**
 * A list of very many rows, of which those are rendered that can be seen.
 *
 * At its end it stays there while rows come. The row of the key `chosen` is brought into sight.
 */
export function Rows({ rows, height, render, label, keyOf, chosen }) {
  const box = useRef(null);
  const isAtEnd = useRef(true);
  const [top, setTop] = useState(0);
  const [count, setCount] = useState(20);
  const look = () => {
    const { scrollTop, clientHeight, scrollHeight } = box.current;
    isAtEnd.current = scrollTop + clientHeight >= scrollHeight - height;
    setTop(Math.floor(scrollTop / height / STEP) * STEP);
    setCount(Math.ceil(clientHeight / height) + STEP);
  };
  useEffect(() => {
    const observer = new ResizeObserver(look);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const filler = useRef(null);
  useLayoutEffect(() => {
    filler.current.style.height = `${rows.length * height}px`;
    if (!isAtEnd.current) return;
    box.current.scrollTop = box.current.scrollHeight;
    look();
  }, [rows.length, rows[rows.length - 1]]);
  const shown = useRef(null);
  useLayoutEffect(() => {
    if (chosen === shown.current || chosen === undefined) return;
    const index = rows.findIndex((row, index) => String(keyOf(row, index)) === chosen);
    if (index < 0) return;
    shown.current = chosen;
    const { scrollTop, clientHeight } = box.current;
    if (index * height >= scrollTop && (index + 1) * height <= scrollTop + clientHeight) return;
    box.current.scrollTop = index * height - clientHeight / 2;
    look();
  });
  const first = Math.max(0, top - AROUND);
  const last = Math.min(rows.length, top + count + AROUND);
  const part = useRef(null);
  useLayoutEffect(() => void (part.current.style.transform = `translateY(${first * height}px)`), [first]);
  return html`<div class="rows" ref=${box} onScroll=${look} tabindex="0" role="region" aria-label=${label}>
    <div ref=${filler}>
      <ul ref=${part}>
        ${rows.slice(first, last).map((row, index) => html`<li key=${keyOf(row, first + index)}>${render(row)}</li>`)}
      </ul>
    </div>
  </div>`;
}

/** A bar on an axis: where it begins and how long it is, in hundredths. */
export function Bar({ from, length, kind = "", title }) {
  const bar = useRef(null);
  // By the style's own interface: the page's policy is against style attributes.
  useLayoutEffect(() => {
    bar.current.style.left = `${from}%`;
    bar.current.style.width = `${length}%`;
  }, [from, length]);
  return html`<span class="axis"><span class="bar ${kind}" ref=${bar} title=${title}></span></span>`;
}
