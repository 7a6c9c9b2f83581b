import axe from "axe-core";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { afterEach, expect, inject } from "vitest";

const stack = inject("stack");

const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

interface Opened {
  context: BrowserContext;
  profile: string;
  wrong: string[]; // what no page may do
}

let opened: Opened[] = [];

interface Options {
  scheme?: "light" | "dark";
  width?: number;
  secret?: string | null; // null: the page has to ask for it
}

/** open starts a browser of its own, which holds the admin secret. */
export async function open({
  scheme = "light",
  width = 1280,
  secret = stack.adminSecret,
}: Options = {}): Promise<Page> {
  const profile = mkdtempSync(path.join(tmpdir(), "joinery-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args,
    colorScheme: scheme,
    viewport: { width, height: 900 },
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(15_000);
  if (secret) await context.addInitScript((s) => sessionStorage.setItem("joinery.admin-secret", s), secret);
  const wrong: string[] = [];
  guard(context, wrong);
  opened.push({ context, profile, wrong });
  return context.pages()[0] ?? context.newPage();
}

/** guard notes each request that leaves this machine, each error of the console, and each thing the content policy stops. */
function guard(context: BrowserContext, wrong: string[]) {
  context.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (/^https?:|^wss?:/.test(protocol) && hostname !== "127.0.0.1") wrong.push(`request to ${request.url()}`);
  });
  context.on("console", (message) => {
    if (message.type() === "error" && !expected(message.text())) wrong.push(`console: ${message.text()}`);
  });
  context.on("weberror", (error) => wrong.push(`page: ${error.error().message}`));
}

/** Chromium itself writes an error for each answer of 4xx, and the tests ask for some. */
const expected = (text: string) => /^Failed to load resource: .* (401|409|422) /.test(text);

afterEach(async () => {
  const all = opened;
  opened = [];
  for (const { context, profile } of all) {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
  expect(all.flatMap((one) => one.wrong)).toEqual([]);
});

export const go = (page: Page, to: string) => page.goto(`${stack.joinery}/console${to}`);

/** seriousFindings are those of axe-core that keep somebody from using the page. */
export async function seriousFindings(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe.source }); // beside the page's content policy
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ["violations"] }),
  );
  return results.violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .flatMap((v) => v.nodes.map((node) => `${v.id}: ${node.html} ${node.failureSummary ?? ""}`));
}

/** picture takes a picture for the documentation, where one was asked for (SCREENSHOTS=1). */
export async function picture(page: Page, name: string) {
  if (!process.env.SCREENSHOTS) return;
  const folder = path.resolve(import.meta.dirname, "../../../docs/images");
  mkdirSync(folder, { recursive: true });
  await page.mouse.wheel(0, -10_000);
  await page.screenshot({ path: path.join(folder, `${name}.png`), animations: "disabled", fullPage: true });
}
