import type { Page } from "playwright-core";
import { expect } from "vitest";

export const field = (page: Page, name: string) => page.locator(`[data-test="${name}"]`);

export interface Filled {
  type?: string;
  name?: string;
  source?: string;
  schema?: string;
  table?: string;
  mapping?: [from: string, to: string][];
}

export const user: Required<Filled> = {
  type: "object",
  name: "user",
  source: "default",
  schema: "public",
  table: "users",
  mapping: [["id", "id"]],
};

/** fill fills in the form, in its order. */
export async function fill(page: Page, { type, name, source, schema, table, mapping = [] }: Filled) {
  if (type !== undefined) await field(page, "manual-relationship-type").selectOption(type);
  if (name !== undefined) await field(page, "rel-name").fill(name);
  if (source !== undefined) await field(page, "manual-relationship-db-choice").selectOption(source);
  if (schema !== undefined) await field(page, "manual-relationship-ref-schema").selectOption(schema);
  if (table !== undefined) await field(page, "manual-relationship-ref-table").selectOption(table);
  for (const [i, [from, to]] of mapping.entries()) {
    await field(page, `manual-relationship-lcol-${i}`).selectOption(from);
    await field(page, `manual-relationship-rcol-${i}`).selectOption(to);
  }
}

export const save = (page: Page) => field(page, "save-relationship").click();

/** add adds a relationship on the page of an action or a type. */
export async function add(page: Page, what: Filled) {
  await field(page, "add-relationship").click();
  await fill(page, what);
  await save(page);
  await field(page, `relationship-${what.name}`).waitFor();
}

/** write replaces what GraphiQL's editor holds. It is pasted: what is typed, the editor completes. */
export async function write(page: Page, operation: string) {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate((text) => navigator.clipboard.writeText(text), operation);
  const paste = async () => {
    await page.locator(".graphiql-query-editor .monaco-editor").first().click();
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.press("ControlOrMeta+v");
    return words(await page.locator(".graphiql-query-editor .view-lines").innerText());
  };
  await expect.poll(paste).toEqual(words(operation)); // a paste can come before what is to be pasted
}

// Sorted: the editor's lines stand in the page in any order.
const words = (text: string) => text.split(/\s+/).filter(Boolean).sort();
