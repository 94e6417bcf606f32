// Simulates a scenario in WebAssembly and compares the summary with the program's, which is on standard input.
//
//     concsim sim FILE --json --no-keep | node compare.mjs MODULE FILE

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const [modulePath, scenarioPath] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(modulePath));
const { push, simulate, output_byte } = instance.exports;

readFileSync(scenarioPath).forEach((byte) => push(byte));
const output = Uint8Array.from({ length: simulate() }, (_, index) => output_byte(index));

const here = new TextDecoder().decode(output);
// The module has no files, and calls every scenario by the same name.
const native = readFileSync(0, "utf8").replace(/"file": ".*"/, '"file": "scenario.toml"');
assert.ok(native.includes('"concsim.summary/1"'), "the program prints a summary");
assert.equal(here, native);
console.log(`${scenarioPath}: ${output.length} bytes of JSON, the same in WebAssembly and in the program`);
