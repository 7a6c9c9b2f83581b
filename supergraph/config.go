package supergraph

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Config is a rover supergraph config: which subgraphs there are, where they are and where their SDL comes from.
// See https://www.apollographql.com/docs/rover/commands/supergraphs.
type Config struct {
	Path              string     // as given to ReadConfig
	FederationVersion string     // "2", or exact as "=2.14.0"; empty where the file has none
	Subgraphs         []Subgraph // in the order of the file, which is also the order of composition

	versionLine int
}

// Subgraph is one subgraph of a [Config].
type Subgraph struct {
	Name       string
	Line       int    // where the config names it
	RoutingURL string // where the router sends its requests
	Schema     Schema
}

// Schema says where the SDL of a subgraph comes from: exactly one of File, URL and SDL is set.
type Schema struct {
	Line    int
	File    string            // path, relative ones already joined to the config's folder
	URL     string            // a running subgraph, asked for { _service { sdl } }
	Headers map[string]string // sent with that question
	SDL     string            // written in the config itself, or read already: then nothing else is asked
}

// Source names the place that line numbers of the SDL belong to: the file, the URL (without a password), or the config.
func (s Subgraph) source(cfg *Config) string {
	switch {
	case s.Schema.File != "":
		return s.Schema.File
	case s.Schema.URL != "":
		return redact(s.Schema.URL)
	}
	return fmt.Sprintf("%s (sdl of %s)", cfg.Path, s.Name)
}

// ReadConfig reads the rover supergraph config at path. ${env.NAME} and ${env.NAME:-default} are replaced from the
// environment in every value. Relative paths count from the config's folder, as in rover.
//
// Unlike rover it is strict: unknown keys are errors, and all errors are told at once, as [Faults].
func ReadConfig(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, Faults{{File: path, Message: "missing supergraph config", Mend: "write one, or name another with --config", Cause: err}}
	} else if err != nil {
		return nil, fmt.Errorf("read supergraph config: %w", err)
	}
	return parseConfig(path, text)
}

func parseConfig(path string, text []byte) (*Config, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, Faults{syntaxFault(path, err)}
	}
	r := &configReader{path: path}
	cfg := r.config(file)
	slices.SortStableFunc(r.faults, func(a, b Fault) int { return a.Line - b.Line })
	if err := r.faults.err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

func syntaxFault(path string, err error) Fault {
	fault := Fault{File: path, Message: "invalid YAML: " + err.Error(), Cause: err}
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		fault.Message = "invalid YAML: " + syntax.GetMessage()
		if t := syntax.GetToken(); t != nil {
			fault.Line = t.Position.Line
		}
	}
	return fault
}

// configReader walks the syntax tree, because only that knows the lines, and collects faults.
type configReader struct {
	path   string
	faults Faults
}

func (r *configReader) fault(line int, mend, format string, args ...any) {
	r.faults = append(r.faults, Fault{File: r.path, Line: line, Message: fmt.Sprintf(format, args...), Mend: mend})
}

func (r *configReader) config(file *ast.File) *Config {
	cfg := &Config{Path: r.path}
	const mend = "a supergraph config has federation_version and subgraphs"
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		r.fault(0, mend, "expected one YAML document, found %d", countDocs(file))
		return cfg
	}
	entries := r.mapping(file.Docs[0].Body, "the supergraph config", mend, "federation_version", "subgraphs")
	if e, ok := entries["federation_version"]; ok {
		cfg.versionLine = e.line
		cfg.FederationVersion = r.version(e)
	}
	subgraphs, ok := entries["subgraphs"]
	if !ok {
		if entries != nil {
			r.fault(1, mend, "missing subgraphs")
		}
		return cfg
	}
	for _, e := range r.pairs(subgraphs.value, "subgraphs", "NAME: {routing_url: URL, schema: {file: PATH}}") {
		cfg.Subgraphs = append(cfg.Subgraphs, r.subgraph(e))
	}
	if len(cfg.Subgraphs) == 0 && len(r.faults) == 0 {
		r.fault(subgraphs.line, "name at least one", "no subgraphs")
	}
	return cfg
}

func countDocs(file *ast.File) (n int) {
	for _, d := range file.Docs {
		if d.Body != nil {
			n++
		}
	}
	return n
}

var versionRE = regexp.MustCompile(`^(2|latest-2|=2\.\d+\.\d+)$`)

func (r *configReader) version(e entry) string {
	v, ok := r.scalar(e)
	if ok && !versionRE.MatchString(v) {
		r.fault(e.line, `write "2", or an exact version such as "=2.14.0"; Joinery composes Federation 2`, "invalid federation_version %q", v)
	}
	return v
}

// Names of subgraphs are checked again by composition; rover's rule is what the router's configuration needs.
var nameRE = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]{0,63}$`)

func (r *configReader) subgraph(e entry) Subgraph {
	s := Subgraph{Name: e.key, Line: e.line}
	if !nameRE.MatchString(s.Name) {
		r.fault(e.line, "begin with a letter; letters, digits, - and _ may follow, 64 in all", "invalid subgraph name %q", s.Name)
	}
	const mend = "a subgraph has routing_url and schema"
	entries := r.mapping(e.value, fmt.Sprintf("subgraph %q", s.Name), mend, "routing_url", "schema")
	schema, hasSchema := entries["schema"]
	routing, hasRouting := entries["routing_url"]
	if hasSchema {
		s.Schema = r.schema(s.Name, schema)
	} else {
		r.fault(e.line, "schema: {file: PATH} or schema: {subgraph_url: URL}", "missing schema of subgraph %q", s.Name)
	}
	switch {
	case hasRouting:
		s.RoutingURL = r.url(routing)
	case s.Schema.File != "" || s.Schema.SDL != "":
		r.fault(e.line, "routing_url: where the router finds it", "missing routing_url of subgraph %q", s.Name)
	default:
		s.RoutingURL = s.Schema.URL // rover's default
	}
	return s
}

func (r *configReader) schema(subgraph string, e entry) Schema {
	s := Schema{Line: e.line}
	const mend = "a schema is {file: PATH}, {subgraph_url: URL} or {sdl: TEXT}"
	entries := r.mapping(e.value, fmt.Sprintf("schema of subgraph %q", subgraph), mend,
		"file", "subgraph_url", "introspection_headers", "sdl", "graphref", "subgraph")
	if g, ok := anyOf(entries, "graphref", "subgraph"); ok {
		r.fault(g.line, "give a file or a subgraph_url", "schema of subgraph %q from a graph registry (%s): Joinery composes offline", subgraph, g.key)
		return s
	}
	if n := count(entries, "file", "subgraph_url", "sdl"); n != 1 {
		r.fault(e.line, mend, "expected one place for the schema of subgraph %q, found %d", subgraph, n)
		return s
	}
	r.place(&s, entries)
	if headers, ok := entries["introspection_headers"]; ok {
		s.Headers = r.headers(subgraph, headers)
	}
	return s
}

func (r *configReader) place(s *Schema, entries map[string]entry) {
	if e, ok := entries["file"]; ok {
		if s.File, ok = r.scalar(e); ok && s.File == "" {
			r.fault(e.line, "name the file with the SDL", "empty file")
		} else if ok && !filepath.IsAbs(s.File) {
			s.File = filepath.Join(filepath.Dir(r.path), s.File)
		}
	}
	if e, ok := entries["subgraph_url"]; ok {
		s.URL = r.url(e)
	}
	if e, ok := entries["sdl"]; ok {
		s.SDL, _ = r.scalar(e)
	}
}

func (r *configReader) headers(subgraph string, e entry) map[string]string {
	headers := map[string]string{}
	for _, h := range r.pairs(e.value, fmt.Sprintf("introspection_headers of subgraph %q", subgraph), "Name: value") {
		headers[h.key], _ = r.scalar(h)
	}
	return headers
}

// url is "" where it is not one.
func (r *configReader) url(e entry) string {
	text, ok := r.scalar(e)
	if !ok {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		r.fault(e.line, "write it as http://host:port/path", "invalid %s %q", e.key, redact(text))
		return ""
	}
	return text
}

// redact leaves the password out of a URL that is going to be shown.
func redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(unreadable URL)"
	}
	return u.Redacted()
}

// entry is a key of a mapping with its value.
type entry struct {
	key   string
	line  int
	value ast.Node
}

// mapping reads a mapping whose keys are known. It is nil where there is no mapping, which has been told then.
func (r *configReader) mapping(node ast.Node, what, mend string, known ...string) map[string]entry {
	pairs := r.pairs(node, what, mend)
	if pairs == nil {
		return nil
	}
	entries := map[string]entry{}
	for _, e := range pairs {
		if !slices.Contains(known, e.key) {
			r.fault(e.line, mend, "unknown key %q in %s", e.key, what)
			continue
		}
		entries[e.key] = e
	}
	return entries
}

// pairs reads a mapping with any keys, in order. Like mapping it is nil where there is none.
func (r *configReader) pairs(node ast.Node, what, mend string) []entry {
	var values []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.fault(line(node), mend, "expected a mapping for %s", what)
		return nil
	}
	entries := make([]entry, 0, len(values))
	for _, v := range values {
		entries = append(entries, entry{v.Key.GetToken().Value, line(v.Key), v.Value})
	}
	return entries
}

// scalar reads text, also where YAML would see a number, and expands it.
func (r *configReader) scalar(e entry) (string, bool) {
	var text string
	switch n := e.value.(type) {
	case *ast.StringNode:
		text = n.Value
	case *ast.LiteralNode:
		text = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		text = n.GetToken().Value
	default:
		r.fault(e.line, "write it in quotes", "expected text for %s", e.key)
		return "", false
	}
	expanded, err := expandEnv(text)
	if err != nil {
		r.fault(line(e.value), err.mend, "%s", err.message)
		return "", false
	}
	return expanded, true
}

func line(node ast.Node) int {
	if node == nil || node.GetToken() == nil || node.GetToken().Position == nil {
		return 0
	}
	return node.GetToken().Position.Line
}

func anyOf(entries map[string]entry, keys ...string) (entry, bool) {
	for _, k := range keys {
		if e, ok := entries[k]; ok {
			return e, true
		}
	}
	return entry{}, false
}

func count(entries map[string]entry, keys ...string) (n int) {
	for _, k := range keys {
		if _, ok := entries[k]; ok {
			n++
		}
	}
	return n
}

// minor is the 14 of "=2.14.0" and "2.14.0"; -1 of anything else.
func minor(version string) int {
	parts := strings.Split(strings.TrimPrefix(version, "="), ".")
	if len(parts) != 3 {
		return -1
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return -1
	}
	return n
}
