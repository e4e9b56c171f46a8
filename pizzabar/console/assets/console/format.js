/** Times, durations and JSON, as they are shown. */

const two = (number) => String(number).padStart(2, "0");

/** Write a time of day with milliseconds, of a date or milliseconds since 1970; in UTC, as the journal has it. */
export function time(when) {
  return when == null ? "" : new Date(when).toISOString().slice(11, 23);
}

/** Write a date and a time of day, in UTC. */
export function moment(when) {
  return when == null ? "" : new Date(when).toISOString().slice(0, 19).replace("T", " ");
}

/** Write how long something took, in milliseconds, in the unit that suits it. */
export function duration(milliseconds) {
  if (milliseconds == null) return "under way";
  if (milliseconds < 1000) return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 1)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(3)} s`;
  const seconds = Math.round(milliseconds / 1000);
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  return (days ? `${days} d ` : "") + (days || hours ? `${two(hours)}:` : "") + `${two(minutes)}:${two(seconds % 60)}`;
}

/** Give the last part of an ARN: what it names. */
export const nameOf = (arn) => arn.split(":").pop();

/** Write a value as JSON to be read. A text that is JSON itself is shown as that. */
export function pretty(value) {
  if (typeof value === "string") {
    try {
      return JSON.stringify(JSON.parse(value), null, 2);
    } catch {
      return value;
    }
  }
  return value === undefined ? "" : JSON.stringify(value, null, 2);
}

/** Write a value on one line. */
export const inline = (value) => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
