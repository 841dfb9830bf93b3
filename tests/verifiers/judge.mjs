// Judges the tokens on standard input, one a line, by the module that is named. Prints the user_id in a good one.

import { createInterface } from "node:readline";

const { verify } = await import(process.argv[2]);
for await (const token of createInterface({ input: process.stdin })) {
  try {
    console.log((await verify(token)).user_id);
  } catch (error) {
    console.log(`refused: ${error.constructor.name}: ${error.message.replaceAll("\n", " ")}`);
  }
}
