import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";

/** What runs while the tests do: `joinery dev` over a copy of the example that has no relationship yet. */
export interface Stack {
  joinery: string; // http://host:port
  router: string;
  metadata: string; // folder
  adminSecret: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    stack: Stack;
  }
}

const repo = path.resolve(import.meta.dirname, "../../..");
const program = path.join(repo, "bin/joinery"); // of `make build`
const adminSecret = "the-admin-secret-of-a-test";

export default async function setup(project: TestProject) {
  const folder = mkdtempSync(path.join(tmpdir(), "joinery-console-"));
  const stack = prepare(folder);
  const dev = spawn(program, ["dev", stack, "--cache", path.join(folder, "cache")], {
    cwd: repo,
    env: {
      ...process.env,
      JOINERY_ADMIN_SECRET: adminSecret,
      APOLLO_TELEMETRY_DISABLED: "true",
    },
  });
  const stop = async () => {
    await stopped(dev);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const urls = await addresses(dev);
    project.provide("stack", {
      joinery: new URL(found(urls, "joinery")).origin,
      router: found(urls, "router"),
      metadata: path.join(stack, "metadata"),
      adminSecret,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** prepare copies the example, on ports of its own, and adds an action whose output is a scalar. */
function prepare(folder: string): string {
  const stack = path.join(folder, "hodor");
  cpSync(path.join(repo, "examples/hodor"), stack, { recursive: true });
  const file = path.join(stack, "stack.yaml");
  const text = readFileSync(file, "utf8").replace(/^operations:\n( .*\n?)+/m, ""); // their answers need the relationship
  writeFileSync(file, text.replaceAll(/port: 40(\d\d)/g, "port: 47$1"));
  const edit = (...args: string[]) =>
    execFileSync(program, [...args, "--no-database"], {
      env: { ...process.env, JOINERY_METADATA: path.join(stack, "metadata"), HANDLER_URL: "http://127.0.0.1:9" },
      stdio: ["ignore", "ignore", "inherit"],
    });
  edit("relationship", "remove", "CreateUserOutput", "user");
  edit("relationship", "remove", "ListUsersOutput", "user");
  edit("action", "add", "--definition=type Query { serverTime: String }", "--handler={{HANDLER_URL}}/server-time");
  return stack;
}

const startTimeout = 150_000;

/** addresses waits until everything is up, and gives what `joinery dev` says of where. */
function addresses(dev: ChildProcess): Promise<Map<string, string>> {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why: string) => reject(new Error(`joinery dev: ${why}\n${output}`));
    const timer = setTimeout(() => fail(`not up after ${startTimeout} ms`), startTimeout);
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (!output.includes("Ctrl-C")) return;
      clearTimeout(timer);
      resolve(new Map([...output.matchAll(/^ {2}(\w+) +(\w+:\/\/[^\s,]+)/gm)].map((m) => [m[1] ?? "", m[2] ?? ""])));
    };
    dev.stdout?.on("data", read);
    dev.stderr?.on("data", read);
    dev.on("exit", (code) => {
      clearTimeout(timer);
      fail(`ended with ${code}`);
    });
  });
}

function found(urls: Map<string, string>, name: string): string {
  const url = urls.get(name);
  if (!url) throw new Error(`joinery dev doesn't say where ${name} is`);
  return url;
}

function stopped(dev: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (dev.exitCode !== null) return resolve();
    dev.on("exit", () => resolve());
    dev.kill("SIGTERM");
  });
}
