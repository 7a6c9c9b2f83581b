// The composer: reads requests from stdin and writes answers to stdout, one JSON object a line, until stdin ends.
//
//   request  {"subgraphs": [{"name", "url", "sdl"}]}
//   answer   {"supergraph": "…", "hints": [problem]}  or  {"errors": [problem]}
//   problem  {"level", "code", "message", "locations": [{"subgraph", "line", "column"}]}
import { createInterface } from 'node:readline';
import { composeServices } from '@apollo/composition';
import { parse, Source } from 'graphql';

console.log = console.error; // stdout carries answers alone, whatever a library prints

function compose(subgraphs) {
  const { services, errors } = parseAll(subgraphs);
  if (errors.length > 0) return { errors };
  const result = composeServices(services);
  if (result.errors) return { errors: result.errors.map(problemOfError) };
  return { supergraph: result.supergraphSdl, hints: result.hints.map(problemOfHint) };
}

// Syntax errors of all subgraphs are told at once.
function parseAll(subgraphs) {
  const services = [];
  const errors = [];
  for (const { name, url, sdl } of subgraphs) {
    try {
      // The source's name is how a node is traced back to its subgraph: composition marks only some nodes itself.
      services.push({ name, url, typeDefs: parse(new Source(sdl, name)) });
    } catch (error) {
      const locations = (error.locations ?? []).map((l) => ({ subgraph: name, ...l }));
      errors.push({ level: 'error', code: 'INVALID_GRAPHQL', message: `[${name}] ${error.message}`, locations });
    }
  }
  return { services, errors };
}

function problemOfError(error) {
  return {
    level: 'error',
    code: error.extensions?.code ?? 'COMPOSITION_ERROR',
    message: error.message,
    locations: locate(error.nodes),
  };
}

function problemOfHint(hint) {
  return {
    level: hint.definition.level.name.toLowerCase(),
    code: hint.definition.code,
    message: hint.message,
    locations: locate(hint.nodes),
  };
}

function locate(nodes) {
  return (nodes ?? []).flatMap((node) => {
    const loc = node.name?.loc ?? node.loc; // the name, not the description above it
    if (!loc) return []; // composition made this node itself
    return { subgraph: loc.source.name, line: loc.startToken.line, column: loc.startToken.column };
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = compose(JSON.parse(line).subgraphs);
  } catch (error) {
    answer = { errors: [{ level: 'error', code: 'INTERNAL', message: String(error.message ?? error), locations: [] }] };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
