import { request } from "./client";

/**
 * follow reads server-sent events until signal ends it, and connects anew after each loss. It is no EventSource, which
 * can't send the admin secret.
 */
export async function follow(
  path: string,
  onEvent: (name: string, data: string) => void,
  onConnected: (connected: boolean) => void,
  signal: AbortSignal,
) {
  while (!signal.aborted) {
    try {
      const response = await request("GET", path, { signal, headers: { accept: "text/event-stream" } });
      onConnected(true);
      if (response.body) await readEvents(response.body, onEvent);
    } catch {
      // connected anew below
    }
    if (signal.aborted) return;
    onConnected(false);
    await pause(1000, signal);
  }
}

export async function readEvents(body: ReadableStream<Uint8Array>, onEvent: (name: string, data: string) => void) {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value.replaceAll("\r", "")).split("\n\n");
    rest = events.pop() ?? "";
    events.forEach((event) => readEvent(event, onEvent));
  }
}

function readEvent(event: string, onEvent: (name: string, data: string) => void) {
  let name = "message";
  const data: string[] = [];
  for (const line of event.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
  }
  if (data.length > 0) onEvent(name, data.join("\n"));
}

function pause(ms: number, signal: AbortSignal) {
  return new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
