package subgraph

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/joinery-graphql/joinery/metadata"
)

// federationDefinitions are the directives of Federation 2 that the SDL can have, by name
// (https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/directives).
var federationDefinitions = map[string]string{
	"key":              "directive @key(fields: federation__FieldSet!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE",
	"external":         "directive @external on OBJECT | FIELD_DEFINITION",
	"requires":         "directive @requires(fields: federation__FieldSet!) on FIELD_DEFINITION",
	"provides":         "directive @provides(fields: federation__FieldSet!) on FIELD_DEFINITION",
	"interfaceObject":  "directive @interfaceObject on OBJECT",
	"shareable":        "directive @shareable repeatable on OBJECT | FIELD_DEFINITION",
	"tag":              "directive @tag(name: String!) repeatable on FIELD_DEFINITION | INTERFACE | OBJECT | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION | SCHEMA",
	"inaccessible":     "directive @inaccessible on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ENUM | ENUM_VALUE | SCALAR | INPUT_OBJECT | INPUT_FIELD_DEFINITION | ARGUMENT_DEFINITION",
	"override":         "directive @override(from: String!, label: String) on FIELD_DEFINITION",
	"composeDirective": "directive @composeDirective(name: String!) repeatable on SCHEMA",
	"authenticated":    "directive @authenticated on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM",
	"requiresScopes":   "directive @requiresScopes(scopes: [[federation__Scope!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM",
	"policy":           "directive @policy(policies: [[federation__Policy!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM",
	"cost":             "directive @cost(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR",
	"listSize":         "directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION",
	"cacheTag":         "directive @cacheTag(format: String!) repeatable on OBJECT | FIELD_DEFINITION",
}

// federationScalars are the scalars of the arguments of directives.
var federationScalars = map[string][]string{"FieldSet": {"key", "provides", "requires"}, "Scope": {"requiresScopes"}, "Policy": {"policy"}}

// graphQLDefinitions are the directives of GraphQL itself that federation.yaml can apply.
const graphQLDefinitions = "directive @deprecated(reason: String) on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE"

// Versions of Federation 2.
const (
	composeVersion      = 1 // brought @composeDirective
	interfaceKeyVersion = 3 // brought @key on interfaces
)

// applied is what the SDL uses of Federation.
type applied struct {
	names   map[string]bool
	version int // the lowest minor version of Federation 2 that has them all
}

func (a *applied) use(name string, version int) {
	a.names[name], a.version = true, max(a.version, version)
}

// apply writes directives, each with a space before.
func (w *sdlWriter) apply(directives []metadata.Directive) string {
	var b strings.Builder
	for _, d := range directives {
		b.WriteString(d.String())
		if d.Version >= 0 {
			w.applied.use(d.Name, d.Version)
		}
	}
	return b.String()
}

// onField are the directives of a field, or enum value, of the type that is being written.
func (w *sdlWriter) onField(name string) string {
	if f := w.annotated.Field(name); f != nil {
		return w.apply(f.Directives)
	}
	return ""
}

func (w *sdlWriter) onArgument(field, name string) string {
	if a := w.annotated.Field(field).Argument(name); a != nil {
		return w.apply(a.Directives)
	}
	return ""
}

// links extends the schema by what the SDL imports: Federation at the lowest version that has what is used (design
// section 6), and what federation.yaml links.
func links(a *applied, fed *metadata.Federation) string {
	var b strings.Builder
	b.WriteString("extend schema")
	var compose string
	if fed != nil {
		for _, name := range fed.Compose {
			a.use("composeDirective", composeVersion)
			compose += fmt.Sprintf(" @composeDirective(name: %s)", quoted(name))
		}
	}
	var names []string
	for name := range a.names {
		names = append(names, "@"+name)
	}
	slices.Sort(names)
	b.WriteString(linkSDL(metadata.FederationLink{URL: fmt.Sprintf("https://specs.apollo.dev/federation/v2.%d", a.version), Import: names}))
	if fed != nil {
		for _, l := range fed.Links {
			b.WriteString(linkSDL(l))
		}
	}
	return b.String() + compose + "\n\n"
}

func linkSDL(l metadata.FederationLink) string {
	arguments := "url: " + quoted(l.URL)
	if l.As != "" {
		arguments += ", as: " + quoted(l.As)
	}
	imports := make([]string, len(l.Import))
	for i, name := range l.Import {
		imports[i] = quoted(name)
	}
	if len(imports) > 0 {
		arguments += ", import: [" + strings.Join(imports, ", ") + "]"
	}
	return " @link(" + arguments + ")"
}

func quoted(s string) string {
	text, _ := jsontext.AppendQuote(nil, s)
	return string(text)
}

// definitions are what federation adds to the schema that documents are validated against.
func (a *applied) definitions() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(a.names)) {
		if name != "composeDirective" { // it stands on the schema alone, which documents don't see
			b.WriteString(federationDefinitions[name] + "\n")
		}
	}
	for scalar, directives := range federationScalars {
		if slices.ContainsFunc(directives, func(name string) bool { return a.names[name] }) {
			b.WriteString("scalar federation__" + scalar + "\n")
		}
	}
	return b.String()
}

// federationChecker finds what federation.yaml says of things that the schema doesn't have, or can't say it of.
type federationChecker struct {
	federation *metadata.Federation
	types      *ast.SchemaDocument
	directives map[string]*ast.DirectiveDefinition
	faults     metadata.Faults
}

// checkFederation checks federation.yaml against the SDL of the types.
func checkFederation(fed *metadata.Federation, types string) metadata.Faults {
	if fed == nil {
		return nil
	}
	doc, err := parser.ParseSchemas(&ast.Source{Input: types}, &ast.Source{Input: fed.Definitions})
	if err != nil {
		return nil // the schema can't be loaded, either, and says why
	}
	c := &federationChecker{federation: fed, types: doc, directives: map[string]*ast.DirectiveDefinition{}}
	known, _ := parser.ParseSchema(&ast.Source{Input: strings.Join(append(slices.Collect(maps.Values(federationDefinitions)), graphQLDefinitions), "\n")})
	for _, d := range append(known.Directives, doc.Directives...) {
		c.directives[d.Name] = d
	}
	c.composed(fed)
	for _, t := range fed.Types {
		c.checkType(t)
	}
	return c.faults
}

func (c *federationChecker) fault(pos metadata.Pos, item, hint, format string, args ...any) {
	c.faults = append(c.faults, metadata.Fault{Pos: pos, Item: item, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// composed checks that what the supergraph keeps is defined and linked (@composeDirective).
func (c *federationChecker) composed(fed *metadata.Federation) {
	for _, name := range fed.Compose {
		switch {
		case c.directives[strings.TrimPrefix(name, "@")] == nil:
			c.fault(fed.ComposePos, "composeDirective", `define it in "definitions"`, "unknown directive %q", name)
		case !slices.ContainsFunc(fed.Links, func(l metadata.FederationLink) bool { return slices.Contains(l.Import, name) }):
			c.fault(fed.ComposePos, "composeDirective", `import it with an entry in "links"`, "no link imports the directive %q", name)
		}
	}
}

func (c *federationChecker) checkType(t *metadata.FederationType) {
	item := fmt.Sprintf("type %q", t.Name)
	def := c.types.Definitions.ForName(t.Name)
	if def == nil {
		var names []string
		for _, d := range c.types.Definitions {
			names = append(names, d.Name)
		}
		c.fault(t.Pos, item, metadata.DidYouMean(t.Name, names), "unknown type")
		return
	}
	c.checkDirectives(item, t.Directives, ast.DirectiveLocation(def.Kind))
	c.checkCache(item, def, t.Cache)
	if t.Has("interfaceObject") && def.Directives.ForName("key") == nil {
		c.fault(t.Pos, item, `give it one in "keys"`, "missing key: the objects of an interface are found by it")
	}
	for _, f := range t.Fields {
		c.checkField(item, def, f)
	}
}

func (c *federationChecker) checkField(item string, def *ast.Definition, f *metadata.FederationField) {
	item = fmt.Sprintf("field %q of %s", f.Name, item)
	if def.Kind == ast.Enum {
		if def.EnumValues.ForName(f.Name) == nil {
			c.fault(f.Pos, item, "", "unknown value")
			return
		}
		c.checkDirectives(item, f.Directives, ast.LocationEnumValue)
		c.checkCache(item, def, f.Cache)
		return
	}
	field := def.Fields.ForName(f.Name)
	if field == nil {
		var names []string
		for _, d := range def.Fields {
			names = append(names, d.Name)
		}
		c.fault(f.Pos, item, metadata.DidYouMean(f.Name, names), "unknown field")
		return
	}
	location := ast.LocationFieldDefinition
	if def.Kind == ast.InputObject {
		location = ast.LocationInputFieldDefinition
	}
	c.checkDirectives(item, f.Directives, location)
	c.checkCache(item, def, f.Cache)
	if f.Provides != nil {
		c.checkProvides(item, f.Pos, field.Type.Name(), f.Provides)
	}
	c.checkRequires(item, f.RequiresPos, def.Name, f.Requires)
	for _, a := range f.Arguments {
		if field.Arguments.ForName(a.Name) == nil {
			c.fault(a.Pos, fmt.Sprintf("argument %q of %s", a.Name, item), "", "unknown argument")
			continue
		}
		c.checkDirectives(item, a.Directives, ast.LocationArgumentDefinition)
	}
}

func (c *federationChecker) checkCache(item string, def *ast.Definition, h *metadata.CacheControl) {
	if h != nil && def.Kind != ast.Object {
		c.fault(h.Pos, item, "give it to types of objects, or their fields", "unexpected cacheControl")
	}
}

// checkProvides checks that the fields that a field provides are there, and are other subgraphs'.
func (c *federationChecker) checkProvides(item string, pos metadata.Pos, typeName string, set metadata.FieldSet) {
	def := c.types.Definitions.ForName(typeName)
	for _, s := range set {
		switch field := definedField(def, s.Name); {
		case field == nil:
			c.fault(pos, item, "", "unknown field %q of type %q in provides", s.Name, typeName)
		case s.Fields != nil:
			c.checkProvides(item, pos, field.Type.Name(), s.Fields)
		case !c.federation.Type(typeName).Field(s.Name).Has("external"):
			c.fault(pos, item, fmt.Sprintf("write external: true at the field %q of type %q", s.Name, typeName),
				"the field %q of type %q in provides is not external: the router reads it here anyway", s.Name, typeName)
		}
	}
}

// checkRequires checks that required fields are there, and that what is selected of objects is.
func (c *federationChecker) checkRequires(item string, pos metadata.Pos, typeName string, set metadata.FieldSet) {
	def := c.types.Definitions.ForName(typeName)
	for _, s := range set {
		field := definedField(def, s.Name)
		if field == nil {
			c.fault(pos, item, "", "unknown field %q of type %q in requires", s.Name, typeName)
			continue
		}
		isObject := definedKind(c.types.Definitions.ForName(field.Type.Name())) == ast.Object
		switch {
		case isObject && s.Fields == nil:
			c.fault(pos, item, fmt.Sprintf("write it like %q", s.Name+" { id }"), "the field %q in requires is an object: its fields are missing", s.Name)
		case !isObject && s.Fields != nil:
			c.fault(pos, item, "", "the field %q in requires is no object", s.Name)
		case isObject:
			c.checkRequires(item, pos, field.Type.Name(), s.Fields)
		}
	}
}

// definedKind is "" where the type isn't there. def may be nil.
func definedKind(def *ast.Definition) ast.DefinitionKind {
	if def == nil {
		return ""
	}
	return def.Kind
}

// definedField is nil where the type isn't there or has no such field. def may be nil.
func definedField(def *ast.Definition, name string) *ast.FieldDefinition {
	if def == nil {
		return nil
	}
	return def.Fields.ForName(name)
}

func (c *federationChecker) checkDirectives(item string, directives []metadata.Directive, location ast.DirectiveLocation) {
	for _, d := range directives {
		switch def := c.directives[d.Name]; {
		case def == nil:
			c.fault(d.Pos, item, `define it in "definitions"`, "unknown directive @%s", d.Name)
		case !slices.Contains(def.Locations, location):
			c.fault(d.Pos, item, "", "@%s can't stand on %s", d.Name, strings.ToLower(strings.ReplaceAll(string(location), "_", " ")))
		}
	}
}
