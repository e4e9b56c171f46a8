/**
 * A trace against time. The axis folds the times in which nothing happens, so that what takes a millisecond on either
 * side of a wait can be seen.
 */

/** A time without a hop is folded if it is longer than this part of all the time with one. */
const FOLDED = 0.25;
/** Hundredths of the axis that a fold takes. */
const FOLD = 2;

/** Divide an axis of a hundred among the times with a hop; half is shared out evenly, half by length. */
export function stretchesOf(spans) {
  const busy = [];
  for (const [start, end] of [...spans].sort((one, other) => one[0] - other[0])) {
    const last = busy.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else busy.push([start, end]);
  }
  const longest = FOLDED * busy.reduce((sum, [start, end]) => sum + end - start, 0);
  const parts = [];
  for (const [start, end] of busy) {
    const last = parts.at(-1);
    if (last && start - last[1] <= longest) last[1] = end;
    else parts.push([start, end]);
  }
  const fold = Math.min(FOLD, 50 / parts.length);
  const free = 100 - fold * (parts.length - 1);
  const total = parts.reduce((sum, [start, end]) => sum + end - start, 0);
  let from = 0;
  return parts.map(([start, end], number) => {
    const even = 1 / parts.length;
    const width = (free * (even + (total ? (end - start) / total : even))) / 2;
    const stretch = { start, end, from, width, gap: number ? start - parts[number - 1][1] : 0 };
    from += width + fold;
    return stretch;
  });
}

/** Give the place of a time on the axis. */
export function placeOf(stretches, time) {
  const stretch = stretches.find((each) => time <= each.end) ?? stretches.at(-1);
  const length = stretch.end - stretch.start;
  const inside = Math.min(Math.max(0, time - stretch.start), length);
  return stretch.from + (length ? (stretch.width * inside) / length : 0);
}

/** Give spans, each after its parent, with how deep it is. */
export function treeOf(spans) {
  const children = new Map();
  for (const span of spans) children.set(span.parent, [...(children.get(span.parent) ?? []), span]);
  const found = [];
  const waiting = (children.get(null) ?? []).map((span) => [span, 0]).reverse();
  while (waiting.length) {
    const [span, depth] = waiting.pop();
    found.push([span, depth]);
    waiting.push(...(children.get(span.id) ?? []).map((child) => [child, depth + 1]).reverse());
  }
  return found;
}
