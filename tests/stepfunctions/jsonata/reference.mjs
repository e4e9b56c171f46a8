// Has the reference evaluate every expression, and writes what it answers: npm install jsonata@2.0.6, then
// node reference.mjs

import fs from 'node:fs';
import jsonata from 'jsonata';

const folder = new URL('.', import.meta.url);
const { data, groups } = JSON.parse(fs.readFileSync(new URL('expressions.json', folder)));

async function answer(expression) {
  try {
    const value = await jsonata(expression).evaluate(structuredClone(data));
    if (value === undefined) return { undefined: true };
    if (typeof value === 'function' || value?._jsonata_lambda || value?._jsonata_function) return { function: true };
    return { value };
  } catch (error) {
    return { code: error.code, message: error.message };
  }
}

const answers = {};
for (const expression of Object.values(groups).flat()) answers[expression] = await answer(expression);
const plain = (key, value) => {
  // A function within a value has what it was made in with it.
  if (value?._jsonata_lambda || value?._jsonata_function) return { function: true };
  return value;
};
fs.writeFileSync(new URL('reference.json', folder), `${JSON.stringify(answers, plain, 1)}\n`);
