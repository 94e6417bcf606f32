// Opens a report in a real browser and says as JSON what came of it, once for each theme and width:
//
//   CONCSIM_BROWSER=chromium NODE_PATH=node_modules node look.cjs report.html [FOLDER for pictures]
//
// `tooltip` is what the page shows when the pointer is on a mark; `text_length` the length of its text without scripts.
"use strict";

const path = require("node:path");
const { pathToFileURL } = require("node:url");
const puppeteer = require("puppeteer-core");
const axe = require("axe-core");

const THEMES = ["light", "dark"];
const WIDTHS = [360, 1440];

async function look(browser, url, theme, width, folder) {
  const page = await browser.newPage();
  const seen = { theme, width, messages: [], requests: [], serious: [], too_wide: false, tooltip: "", text_length: 0 };
  page.on("console", (message) => seen.messages.push(message.text()));
  page.on("pageerror", (error) => seen.messages.push(String(error)));
  page.on("request", (request) => { if (request.url() !== url) seen.requests.push(request.url()); });
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
  await page.goto(url, { waitUntil: "load" });
  await page.$$eval("details", (all) => all.forEach((one) => { one.open = true; }));
  seen.too_wide = await page.evaluate(() => document.scrollingElement.scrollWidth > window.innerWidth);
  seen.tooltip = await pointed(page);
  if (folder) await page.screenshot({ path: path.join(folder, `${theme}-${width}.png`), fullPage: true });
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = found.violations.filter((it) => ["serious", "critical"].includes(it.impact));
  seen.serious = serious.map((it) => `${it.id}: ${it.nodes.map((node) => node.target.join(" ")).join(", ")}`);
  await page.close();
  return seen;
}

// Puts the pointer on the middle of what is drawn, mark after mark, until one tells what it is.
async function pointed(page) {
  const marks = await page.$$("figure svg rect, figure svg polygon, figure svg circle");
  for (const mark of marks) {
    await mark.scrollIntoView();
    const box = await mark.boundingBox();
    if (!box || box.width === 0) continue; // of a pattern, or of the picture for the other width
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    const told = await page.evaluate(() => {
      const told = document.getElementById("told");
      return told && !told.hidden ? told.textContent : "";
    });
    if (told) return told;
  }
  return "";
}

async function without_scripts(browser, url) {
  const page = await browser.newPage();
  await page.setJavaScriptEnabled(false);
  await page.goto(url, { waitUntil: "load" });
  const text = await page.$eval("main", (main) => main.innerText);
  await page.close();
  return text.length;
}

async function main([file, folder]) {
  const url = pathToFileURL(path.resolve(file)).href;
  const browser = await puppeteer.launch({
    executablePath: process.env.CONCSIM_BROWSER,
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"],
  });
  try {
    const looks = [];
    for (const theme of THEMES) for (const width of WIDTHS) looks.push(await look(browser, url, theme, width, folder));
    const length = await without_scripts(browser, url);
    for (const one of looks) one.text_length = length;
    if (folder) {
      const page = await browser.newPage();
      await page.goto(url, { waitUntil: "load" });
      await page.pdf({ path: path.join(folder, "printed.pdf"), format: "A4" });
    }
    process.stdout.write(`${JSON.stringify(looks, null, 1)}\n`);
  } finally {
    await browser.close();
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
