/** Preact with hooks and htm, under one name. */

import htm from "./vendor/htm.js";
import { h } from "./vendor/preact.js";

export const html = htm.bind(h);
export * from "./vendor/preact.js";
export * from "./vendor/hooks.js";
