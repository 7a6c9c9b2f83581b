package subgraph

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/remotes"
)

// federation is what the subgraph specification adds to a schema (https://specs.apollo.dev/federation/v2.0).
const federation = `
scalar _Any
type _Service { sdl: String! }
`

// builtIn are the scalars that every schema has.
var builtIn = map[string]bool{"Int": true, "Float": true, "String": true, "Boolean": true, "ID": true}

// sdlWriter writes type definitions, and keeps count of which names are defined and used.
type sdlWriter struct {
	strings.Builder
	defined     map[string]bool
	used        map[string]bool
	comparisons map[string]*entities.Field // by name, see comparison
	conditions  map[*entities.Type]bool    // whose aggregates conditions can be about
	federation  *metadata.Federation
	annotated   *metadata.FederationType // what federation says of the type that is being written
	applied     *applied
}

// typeSDL is the SDL of the subgraph's own types, without federation's additions. Definitions are in order: roots,
// then objects, what queries over them need, inputs, enums and scalars, each by name.
func typeSDL(md *metadata.Metadata, model *entities.Model, client *remotes.Client) (string, *applied, metadata.Faults) {
	w := &sdlWriter{
		defined: map[string]bool{}, used: map[string]bool{}, comparisons: map[string]*entities.Field{},
		federation: md.Federation, applied: &applied{names: map[string]bool{}},
	}
	w.root("Query", md, metadata.Query, model.Query.Fields)
	w.root("Mutation", md, metadata.Mutation, nil)
	queried := queriedTypes(model)
	w.conditions = aggregatedTypes(queried)
	implemented := map[*entities.Type]string{}
	for _, i := range model.Interfaces {
		w.applied.use("key", interfaceKeyVersion)
		w.object("interface", i.Type, "")
		for _, t := range i.Objects {
			implemented[t] += map[bool]string{true: " implements ", false: " & "}[implemented[t] == ""] + i.Name
		}
	}
	for _, t := range model.Types {
		w.object("type", t, implemented[t])
	}
	for _, t := range model.Types {
		if queried[t] {
			w.queries(t)
		}
	}
	w.shared()
	for _, in := range sorted(md.CustomTypes.InputObjects, func(t *metadata.InputObject) string { return t.Name }) {
		if !w.defined[in.Name] { // by a table: metadata has warned, no action uses the input
			w.input(in)
		}
	}
	for _, e := range model.Enums {
		if w.used[e.Name] {
			w.tableEnum(e)
		}
	}
	for _, e := range sorted(md.CustomTypes.Enums, func(t *metadata.Enum) string { return t.Name }) {
		if !w.defined[e.Name] {
			w.enum(e)
		}
	}
	faults := w.remoteTypes(client.Types())
	w.scalars(md.CustomTypes.Scalars)
	return strings.TrimLeft(w.String(), "\n"), w.applied, faults
}

func sorted[T any](items []T, name func(T) string) []T {
	return slices.SortedFunc(slices.Values(items), func(a, b T) int { return strings.Compare(name(a), name(b)) })
}

func (w *sdlWriter) open(description, keyword, name, directives string) {
	w.defined[name] = true
	w.WriteByte('\n')
	w.describe("", description)
	fmt.Fprintf(w, "%s %s%s%s {\n", keyword, name, directives, w.annotate(name))
}

// annotate begins a type: it returns its directives.
func (w *sdlWriter) annotate(name string) string {
	w.annotated = w.federation.Type(name)
	if w.annotated == nil {
		return ""
	}
	return w.apply(w.annotated.Directives)
}

// describe writes a description: as a block where it reads the same there, else as a quoted string, whose escapes are
// JSON's (GraphQL, section 2.9.4).
func (w *sdlWriter) describe(indent, text string) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
	case strings.ContainsAny(text, "\"\\\n\r") || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }):
		quoted, _ := jsontext.AppendQuote(nil, text)
		fmt.Fprintf(w, "%s%s\n", indent, quoted)
	default:
		fmt.Fprintf(w, "%s\"\"\"%s\"\"\"\n", indent, text)
	}
}

func (w *sdlWriter) use(t *metadata.Type) string {
	w.used[t.Named()] = true
	return t.String()
}

// root writes a root type: its actions, then its tables.
func (w *sdlWriter) root(name string, md *metadata.Metadata, operation metadata.Operation, tables []*entities.Field) {
	actions := slices.DeleteFunc(slices.Clone(md.Actions), func(a *metadata.Action) bool { return a.Operation != operation })
	if len(actions)+len(tables) == 0 {
		return
	}
	w.open("", "type", name, "")
	for _, a := range sorted(actions, func(a *metadata.Action) string { return a.Name }) {
		w.describe("  ", a.Description)
		fmt.Fprintf(w, "  %s%s: %s%s\n", a.Name, w.arguments(a.Name, a.Arguments), w.use(a.Output), w.onField(a.Name))
	}
	for _, f := range sorted(tables, func(f *entities.Field) string { return f.Name }) {
		w.field(f)
	}
	w.WriteString("}\n")
}

func (w *sdlWriter) arguments(field string, args []*metadata.Argument) string {
	if len(args) == 0 {
		return ""
	}
	parts := make([]string, len(args))
	for i, a := range args {
		var description sdlWriter
		description.describe("", a.Description)
		parts[i] = strings.ReplaceAll(description.String(), "\n", " ") + a.Name + ": " + w.use(a.Type) + w.onArgument(field, a.Name)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// object writes a type, or an interface.
func (w *sdlWriter) object(keyword string, t *entities.Type, implements string) {
	var keys strings.Builder
	for _, key := range t.Keys {
		w.applied.use("key", 0)
		fmt.Fprintf(&keys, " @key(fields: %q)", key)
	}
	for _, key := range t.Unresolvable {
		w.applied.use("key", 0)
		fmt.Fprintf(&keys, " @key(fields: %q, resolvable: false)", key)
	}
	w.open(t.Description, keyword, t.Name, implements+keys.String())
	for _, f := range t.Fields {
		w.field(f)
	}
	w.WriteString("}\n")
}

func (w *sdlWriter) field(f *entities.Field) {
	w.describe("  ", f.Description)
	arguments := ""
	switch {
	case f.TakesQuery():
		arguments = w.queryArguments(f)
	case f.TakesPath():
		arguments = "(path: String" + w.onArgument(f.Name, "path") + ")"
	}
	if len(f.Arguments) > 0 {
		parts := make([]string, len(f.Arguments))
		for i, a := range f.Arguments {
			parts[i] = a.Name + ": " + w.use(a.Type) + w.onArgument(f.Name, a.Name)
		}
		arguments = "(" + strings.Join(parts, ", ") + ")"
	}
	fmt.Fprintf(w, "  %s%s: %s%s\n", f.Name, arguments, w.use(f.Type), w.onField(f.Name))
}

func (w *sdlWriter) input(in *metadata.InputObject) {
	w.open(in.Description, "input", in.Name, "")
	for _, f := range in.Fields {
		w.describe("  ", f.Description)
		fmt.Fprintf(w, "  %s: %s%s\n", f.Name, w.use(f.Type), w.onField(f.Name))
	}
	w.WriteString("}\n")
}

func (w *sdlWriter) enum(e *metadata.Enum) {
	w.open(e.Description, "enum", e.Name, "")
	for _, v := range e.Values {
		w.describe("  ", v.Description)
		fmt.Fprintf(w, "  %s%s%s\n", v.Name, deprecated(v), w.onField(v.Name))
	}
	w.WriteString("}\n")
}

func (w *sdlWriter) tableEnum(e *entities.Enum) {
	w.open(e.Description, "enum", e.Name, "")
	for _, v := range e.Values {
		w.describe("  ", v.Description)
		fmt.Fprintf(w, "  %s\n", v.Name)
	}
	w.WriteString("}\n")
}

func deprecated(v metadata.EnumValue) string {
	switch {
	case !v.Deprecated:
		return ""
	case v.DeprecationReason == "":
		return " @deprecated"
	}
	reason, _ := jsontext.AppendQuote(nil, v.DeprecationReason)
	return fmt.Sprintf(" @deprecated(reason: %s)", reason)
}

// scalars defines the declared scalars and all names that are used and defined nowhere else: Postgres' types.
func (w *sdlWriter) scalars(declared []*metadata.Scalar) {
	descriptions := map[string]string{}
	for _, s := range declared {
		descriptions[s.Name] = s.Description
		w.used[s.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(w.used)) {
		if w.defined[name] || builtIn[name] {
			continue
		}
		w.WriteByte('\n')
		w.describe("", descriptions[name])
		fmt.Fprintf(w, "scalar %s%s\n", name, w.annotate(name))
	}
}

// executableSDL is the schema that documents are validated against: the types and federation's additions.
func executableSDL(types, definitions string, hasQuery bool, model *entities.Model) string {
	var b strings.Builder
	b.WriteString(types + federation + definitions)
	extend := map[bool]string{true: "extend type Query", false: "type Query"}[hasQuery]
	fmt.Fprintf(&b, "%s {\n  _service: _Service!\n", extend)
	var union []string
	for _, t := range model.Types {
		if len(t.Keys) > 0 {
			union = append(union, t.Name)
		}
	}
	if len(union) > 0 {
		b.WriteString("  _entities(representations: [_Any!]!): [_Entity]!\n")
	}
	b.WriteString("}\n")
	if len(union) > 0 {
		b.WriteString("union _Entity = " + strings.Join(union, " | ") + "\n")
	}
	return b.String()
}
