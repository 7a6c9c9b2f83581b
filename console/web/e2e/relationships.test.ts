import type { Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { go, open, picture } from "./browser";
import { add, field, fill, save, user, write } from "./form";
import { ask, readMetadata, restore, writeMetadata } from "./metadata";

afterEach(restore);

const relationships = "/actions/createUser/relationships";
const operation = `mutation {
  createUser(name: "Hodor") {
    id
    user { name auth0_id auth0_profile { email nickname } }
  }
}`;
const hodor = { email: "hodor@hodor.com", nickname: "Hodor" };

test("the three steps: add a relationship, save it, ask the router", { timeout: 120_000 }, async () => {
  await ask(`mutation { createUser(name: "Hodor") { id } }`); // a row for the sample
  const page = await open();
  await go(page, "");
  await page.getByRole("link", { name: "createUser", exact: true }).click();
  await page.getByRole("tab", { name: "Relationships" }).click();
  await field(page, "add-relationship").click();
  await fill(page, user);

  const preview = field(page, "preview");
  await expect.poll(() => preview.innerText(), { timeout: 30_000 }).toContain("This can be saved.");
  const text = await preview.innerText();
  expect(text).toContain("+        - name: user");
  expect(text).toContain("+  user: users");
  expect(text).toContain("It still composes.");
  expect(text).toContain("admin sees it");
  expect(text).toContain("user does not see it: it may call no action that gives the type");
  expect(text).toContain("users_pkey serves it.");
  await field(page, "sample-key-id").fill("7ffd68ba-535e-4c72-9051-17cd4e8ed594");
  await field(page, "try-sample").click();
  await expect.poll(() => preview.innerText()).toContain("auth0_id");
  await picture(page, "console-1-form");

  await save(page);
  const saved = Date.now();
  await page.getByText("Relationship saved successfully").waitFor();
  const row = field(page, "relationship-user");
  expect(await row.innerText()).toContain("CreateUserOutput . id → default . public.users . id");
  await picture(page, "console-2-saved");
  await expect.poll(() => ask(operation), { timeout: 20_000, interval: 50 }).toContain(hodor.email);
  console.log(`saved, and answered through the router after ${Date.now() - saved} ms`);

  await page.getByRole("link", { name: "GraphiQL" }).click();
  await write(page, operation);
  await page.getByRole("button", { name: /Execute query/ }).click();
  const answer = page.locator(".graphiql-response .result-window");
  await expect
    .poll(async () => (await answer.innerText()).replace(/\s/g, ""))
    .toContain(`"auth0_profile":{"email":"${hodor.email}"`);
  const plan = field(page, "join-plan");
  await expect.poll(() => plan.innerText()).toMatch(/CreateUserOutput\.user .*1 key in, 1 row out, 1 statement/);
  const trace = plan.getByRole("link", { name: "Trace in Jaeger" });
  if (process.env.CI || (await trace.count()) > 0) {
    expect(await trace.getAttribute("href")).toMatch(/\/trace\/[0-9a-f]{32}$/); // elsewhere Jaeger may be missing
  }
  await plan.getByText("CreateUserOutput.user").first().click();
  await picture(page, "console-3-graphiql");
});

describe("editing", () => {
  let page: Page;
  beforeEach(async () => {
    page = await open();
    await go(page, relationships);
    await add(page, user);
  });
  const row = () => field(page, "relationship-user");

  test("edit: the name is locked, and what is saved is shown", async () => {
    await page.getByRole("button", { name: "Edit user" }).click();
    expect(await field(page, "rel-name").getAttribute("readonly")).not.toBeNull();
    expect(await row().innerText()).toContain(
      "A relationship cannot be renamed. Please drop and re-create if you really must.",
    );
    await field(page, "manual-relationship-type").selectOption("array");
    await expect.poll(() => field(page, "preview").innerText(), { timeout: 30_000 }).toContain("This can be saved.");
    await save(page);
    await expect.poll(() => row().innerText()).toContain("array ·");
    expect(readMetadata("actions.yaml")).toContain("type: array");
  });

  test("another table takes the mapping back, × takes a row back", async () => {
    await page.getByRole("button", { name: "Edit user" }).click();
    await fill(page, {
      mapping: [
        ["id", "id"],
        ["id", "auth0_id"],
      ],
    });
    await field(page, "manual-relationship-lcol-2").waitFor();
    await page.getByRole("button", { name: "Remove row 2" }).click();
    await expect.poll(() => field(page, "manual-relationship-lcol-2").count()).toBe(0);
    await field(page, "manual-relationship-ref-table").selectOption("");
    expect(await field(page, "manual-relationship-lcol-0").inputValue()).toBe("");
    expect(await field(page, "manual-relationship-lcol-0").isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Close user" }).click();
    expect(await row().innerText()).toContain("CreateUserOutput . id → default . public.users . id");
  });

  test("remove asks first, and can be undone", async () => {
    const before = readMetadata("actions.yaml");
    await page.getByRole("button", { name: "Remove user" }).click();
    const dialog = page.getByRole("dialog");
    await dialog
      .getByText(
        'This will remove the relationship "user" from type "CreateUserOutput". This will affect all the actions that use the type "CreateUserOutput"',
      )
      .waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(await row().count()).toBe(1);
    await page.getByRole("button", { name: "Remove user" }).click();
    await field(page, "confirm-remove").click();
    await expect.poll(() => row().count()).toBe(0);
    expect(readMetadata("actions.yaml")).not.toContain("name: user");
    await page.getByRole("button", { name: "Undo", exact: true }).click();
    await row().waitFor();
    expect(readMetadata("actions.yaml")).toBe(before);
  });
});

describe("what can't be saved is said at its field", () => {
  let page: Page;
  beforeEach(async () => {
    page = await open();
    await go(page, relationships);
  });
  const form = () => page.getByRole("form", { name: "Add a relationship" });

  test("an empty form, in Hasura's words", async () => {
    const before = readMetadata("actions.yaml");
    await field(page, "add-relationship").click();
    expect(await field(page, "manual-relationship-db-choice").isDisabled()).toBe(true);
    await save(page);
    await page.getByText("Cannot create relationship").waitFor();
    const text = await form().innerText();
    for (const message of [
      "relationship name is mandatory",
      'relationship type is mandatory; choose "array" or "object"',
      "please select a reference data source",
      "please select a reference schema",
      "please select a reference table",
      "please choose the mapping between table column(s) and type field(s)",
    ]) {
      expect(text).toContain(message);
    }
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-test"))).toBe("rel-name");
    expect(readMetadata("actions.yaml")).toBe(before);
  });

  test("labels stand in Hasura's order", async () => {
    await field(page, "add-relationship").click();
    const labels = (await form().innerText()).match(/^[A-Z][A-Za-z ]+:$/gm);
    expect(labels).toEqual([
      "Relationship Type:",
      "Relationship Name:",
      "Database:",
      "Reference Schema:",
      "Reference Table:",
      "From:",
      "To:",
    ]);
    expect(
      await field(page, "manual-relationship-lcol-0").locator("xpath=ancestor::fieldset").getAttribute("title"),
    ).toBe("Please select the reference table");
  });

  test("a name that there is", async () => {
    await add(page, user);
    await field(page, "add-relationship").click();
    await fill(page, user);
    await form().getByText('Relationship with name "user" already exists.').waitFor();
  });

  test("a name that a field has", async () => {
    await field(page, "add-relationship").click();
    await fill(page, { ...user, name: "id" });
    await form().getByText('the object "CreateUserOutput" has duplicate fields: id').waitFor({ timeout: 30_000 });
    expect(await field(page, "rel-name").getAttribute("aria-invalid")).toBe("true");
  });

  test("a name that GraphQL doesn't take", async () => {
    await field(page, "add-relationship").click();
    await fill(page, { ...user, name: "a user" });
    await expect.poll(() => field(page, "rel-name").getAttribute("aria-invalid"), { timeout: 30_000 }).toBe("true");
  });

  test("types that can't be compared", async () => {
    await field(page, "add-relationship").click();
    await fill(page, { ...user, mapping: [["id", "created_at"]] });
    const mapping = page.locator("fieldset");
    await expect.poll(() => mapping.innerText(), { timeout: 30_000 }).toContain("can't be compared with the column");
    await save(page);
    await page.getByText("Saving relationship failed").waitFor();
    expect(await field(page, "rel-name").inputValue()).toBe("user");
  });

  test("an action whose output is a scalar", async () => {
    await go(page, "/actions/serverTime/relationships");
    await page.getByText("Action relationships with scalar output types are not possible").waitFor();
  });
});

describe("two at once", () => {
  test("two pages: the second is told, and keeps its input", async () => {
    const [one, two] = [await open(), await open()];
    for (const page of [one, two]) {
      await go(page, relationships);
      await field(page, "add-relationship").click();
    }
    await fill(two, { ...user, name: "account" });
    await fill(one, user);
    await save(one);
    await field(one, "relationship-user").waitFor();
    await two.getByText("The metadata was changed by somebody else in the meantime").waitFor();
    await save(two);
    await two.getByText("Saving relationship failed").waitFor();
    expect(readMetadata("actions.yaml")).not.toContain("account");
    expect(await field(two, "rel-name").inputValue()).toBe("account");
    expect(await field(two, "manual-relationship-rcol-0").inputValue()).toBe("id");
    await two.getByRole("button", { name: "Reload and keep my input" }).click();
    await save(two);
    for (const page of [one, two]) {
      await field(page, "relationship-user").waitFor();
      await field(page, "relationship-account").waitFor();
    }
  });

  test("an editor: the page shows what it saved", async () => {
    const page = await open();
    await go(page, relationships);
    await add(page, user);
    writeMetadata("actions.yaml", readMetadata("actions.yaml").replace("name: user\n", "name: owner\n"));
    await field(page, "relationship-owner").waitFor();
  });
});
