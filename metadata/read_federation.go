package metadata

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

const federationFile = "federation.yaml"

// federationPlace is where a directive may stand (Federation 2, "Federation Directives").
type federationPlace int

const (
	onType federationPlace = 1 << iota
	onField
	onArgument
)

// federationDirective is how federation.yaml says a directive: under its own name. read returns the arguments of each
// application, so that a repeatable directive has several.
type federationDirective struct {
	name    string
	version int // of Federation 2, minor; -1 for GraphQL's own
	places  federationPlace
	read    func(f *mapping, key string) []string
}

// federationDirectives are those that change nothing in what is executed: the router, the composition or clients heed
// them. What a field provides is read whether a router counts on it or not.
var federationDirectives = []federationDirective{
	{"interfaceObject", 3, onType, (*mapping).marker},
	{"external", 0, onField, (*mapping).marker},
	{"provides", 0, onField, (*mapping).fieldSetArgument},
	{"shareable", 0, onType | onField, (*mapping).marker},
	{"tag", 0, onType | onField | onArgument, stringsAs("name")},
	{"inaccessible", 0, onType | onField | onArgument, (*mapping).marker},
	{"override", 0, onField, (*mapping).override},
	{"authenticated", 5, onType | onField, (*mapping).marker},
	{"requiresScopes", 5, onType | onField, alternativesAs("scopes")},
	{"policy", 6, onType | onField, alternativesAs("policies")},
	{"cost", 9, onType | onField | onArgument, (*mapping).cost},
	{"listSize", 9, onField, (*mapping).listSize},
	{"cacheTag", 12, onType | onField, stringsAs("format")},
	{"deprecated", -1, onField | onArgument, (*mapping).deprecated},
}

// readFederation reads federation.yaml, which a directory need not have. Unknown keys are errors: a mistyped
// authenticated would publish what it was to guard.
func (r *reader) readFederation(m *Metadata) {
	n := r.root(federationFile)
	if n.absent() {
		return
	}
	f := r.mapping(n, "")
	fed := &Federation{Pos: f.pos(), named: map[string]*FederationType{}}
	for _, c := range f.list("links") {
		fed.Links = append(fed.Links, r.readFederationLink(c))
	}
	fed.Compose, fed.ComposePos = f.directiveNames("composeDirective"), f.keyPos("composeDirective")
	fed.Definitions = r.readDefinitions(f, "definitions")
	for _, e := range r.members(f, "interfaces") {
		fed.Interfaces = append(fed.Interfaces, r.readFederationInterface(e))
	}
	for _, e := range r.members(f, "types") {
		t := r.readFederationType(e)
		fed.Types = append(fed.Types, t)
		fed.named[t.Name] = t
	}
	for _, e := range r.members(f, "remote_schemas") {
		r.readFederatedRemote(m, e)
	}
	f.doneStrictly()
	m.Federation = fed
}

// readFederatedRemote reads what is said of a remote schema.
func (r *reader) readFederatedRemote(m *Metadata, e entry) {
	f := r.mapping(r.resolve(e.value), fmt.Sprintf("remote schema %q", e.key))
	subgraph, file := f.boolean("subgraph"), f.text("schema")
	f.doneStrictly()
	i := slices.IndexFunc(m.RemoteSchemas, func(s *RemoteSchema) bool { return s.Name == e.key })
	if i < 0 {
		names := namesOf(m.RemoteSchemas, func(s *RemoteSchema) string { return s.Name })
		r.add(Fault{Pos: e.pos, Item: f.item, Message: "unknown remote schema", Hint: cmp.Or(r.didYouMean(e.key, names), "declare it in "+remoteSchemasFile)})
		return
	}
	s := m.RemoteSchemas[i]
	if f.has("subgraph") {
		s.Subgraph = &subgraph
	}
	if file != "" {
		text, err := readText(r.fsys, file)
		if err != nil {
			f.errorf(f.keyPos("schema"), "read schema: %v", cause(err))
			return
		}
		s.SDL = text.text
	}
}

// members are the entries of the mapping at key.
func (r *reader) members(f *mapping, key string) []entry {
	n := f.get(key)
	if n.absent() {
		return nil
	}
	return r.mapping(n, f.itemOf(key)).order
}

func (r *reader) readFederationLink(n node) FederationLink {
	f := r.mapping(n, "link")
	l := FederationLink{Pos: f.pos(), URL: f.need("url"), As: f.text("as"), Import: f.directiveNames("import")}
	if strings.HasPrefix(l.URL, "https://specs.apollo.dev/federation/") {
		f.r.add(Fault{
			Pos: f.keyPos("url"), Item: f.item, Message: "unexpected link to Federation itself",
			Hint: "remove it: Joinery links the lowest version that has what is used",
		})
	}
	f.doneStrictly()
	return l
}

var directiveName = regexp.MustCompile(`^@[_A-Za-z][_0-9A-Za-z]*$`)

// directiveNames is a list of names with @.
func (f *mapping) directiveNames(key string) []string {
	names := f.texts(key)
	for _, name := range names {
		if !directiveName.MatchString(name) {
			f.errorf(f.keyPos(key), "invalid directive name %q in %q: write it like @name", name, key)
		}
	}
	return names
}

// readDefinitions reads SDL that defines directives, and the types of their arguments.
func (r *reader) readDefinitions(f *mapping, key string) string {
	text := f.text(key)
	doc, err := parser.ParseSchema(&ast.Source{Input: text})
	var gql *gqlerror.Error
	switch {
	case errors.As(err, &gql):
		f.errorf(f.get(key).pos(), "invalid SDL in %q: %s", key, gql.Message)
	case err != nil:
		f.errorf(f.get(key).pos(), "invalid SDL in %q: %v", key, err)
	case len(doc.Schema)+len(doc.SchemaExtension)+len(doc.Extensions) > 0:
		f.errorf(f.get(key).pos(), "unexpected schema or extension in %q: it defines directives, and the types of their arguments", key)
	}
	return strings.TrimSpace(text)
}

func (r *reader) readFederationInterface(e entry) *FederationInterface {
	f := r.mapping(r.resolve(e.value), fmt.Sprintf("interface %q", e.key))
	i := &FederationInterface{Pos: e.pos, Name: e.key, Description: f.text("description"), Types: f.texts("types"), Fields: f.texts("fields")}
	switch {
	case !isGraphQLName(e.key):
		f.errorf(e.pos, "invalid name: it is not a GraphQL name")
	case len(i.Types) == 0:
		f.missing("types", "list the types of tables that implement it")
	}
	f.doneStrictly()
	return i
}

func (r *reader) readFederationType(e entry) *FederationType {
	f := r.mapping(r.resolve(e.value), fmt.Sprintf("type %q", e.key))
	t := &FederationType{Pos: e.pos, Name: e.key, fields: map[string]*FederationField{}}
	t.Keys = r.readFederationKeys(f)
	t.Cache = f.cacheControl("cacheControl")
	t.Directives = f.directives(onType)
	for _, key := range []string{"fields", "values"} {
		for _, c := range r.members(f, key) {
			field := r.readFederationField(c, fmt.Sprintf("field %q of type %q", c.key, e.key), onField)
			t.Fields = append(t.Fields, field)
			t.fields[field.Name] = field
		}
	}
	t.applyRequires()
	f.doneStrictly()
	return t
}

func (r *reader) readFederationKeys(f *mapping) []FederationKey {
	if f.get("keys").absent() {
		return nil
	}
	keys := []FederationKey{}
	for _, c := range f.list("keys") {
		g := r.mapping(c, f.item+": key")
		k := FederationKey{Pos: g.pos(), Fields: g.needFieldSet("fields"), Resolvable: true}
		if g.has("resolvable") {
			k.Resolvable = g.boolean("resolvable")
		}
		g.doneStrictly()
		keys = append(keys, k)
	}
	return keys
}

func (r *reader) readFederationField(e entry, item string, place federationPlace) *FederationField {
	f := r.mapping(r.resolve(e.value), item)
	field := &FederationField{Pos: e.pos, Name: e.key, Directives: f.directives(place)}
	if place == onField {
		for _, c := range r.members(f, "arguments") {
			field.Arguments = append(field.Arguments, r.readFederationField(c, fmt.Sprintf("argument %q of %s", c.key, item), onArgument))
		}
		field.Type, field.TypePos = f.typeReference("type"), f.keyPos("type")
		if text, ok := f.get("provides").text(); ok {
			field.Provides, _ = parseFieldSet(text) // its fault is the directive's
		}
		if field.RequiresPos = e.pos; f.has("requires") {
			field.Requires, field.RequiresPos = f.needFieldSet("requires"), f.keyPos("requires")
		}
		field.Resolver = f.resolver(field.Type)
		field.Cache = f.cacheControl("cacheControl", "inheritMaxAge")
	}
	f.doneStrictly()
	return field
}

// resolver reads what gives a field its value, nil where that is its column, relationship or handler.
func (f *mapping) resolver(typ *Type) *FieldResolver {
	f.know("requires", "expression", "source", "action")
	r := &FieldResolver{Source: f.text("source")}
	r.Expression, r.ExpressionPos = strings.TrimSpace(f.text("expression")), f.keyPos("expression")
	if f.has("action") {
		r.Action = f.fieldAction()
	}
	switch expression := f.has("expression"); {
	case expression && r.Action != nil:
		f.errorf(f.keyPos("action"), `unexpected "action": the field has an "expression"`)
	case expression && typ == nil:
		f.missing("type", `give the expression's type in GraphQL, such as "Int"`)
	case r.Action != nil && typ != nil:
		f.errorf(f.keyPos("type"), `unexpected "type": the field has that of the action's output`)
	case !expression && r.Source != "":
		f.errorf(f.keyPos("source"), `unexpected "source" without an "expression"`)
	case !expression && r.Action == nil:
		return nil
	}
	return r
}

func (f *mapping) fieldAction() *FieldAction {
	g := f.r.mapping(f.get("action"), f.item+": action")
	a := &FieldAction{Pos: f.keyPos("action"), Name: g.need("name"), Arguments: g.fieldArguments("arguments"), Batch: g.boolean("batch")}
	g.doneStrictly()
	return a
}

// fieldArguments reads a mapping whose values are names of fields, or mappings themselves.
func (f *mapping) fieldArguments(key string) (arguments []FieldArgument) {
	for _, e := range f.r.members(f, key) {
		a := FieldArgument{Pos: e.pos, Name: e.key}
		value := f.r.resolve(e.value)
		if name, ok := value.text(); ok {
			a.Field = name
		} else {
			a.Members = f.inputMembers(e.key, value)
		}
		arguments = append(arguments, a)
	}
	return arguments
}

// inputMembers reads the members of an input object, which have names of fields as values.
func (f *mapping) inputMembers(name string, n node) (members []FieldArgument) {
	g := f.r.mapping(n, f.itemOf(name))
	for _, m := range g.order {
		members = append(members, FieldArgument{Pos: m.pos, Name: m.key, Field: g.need(m.key)})
	}
	return members
}

// applyRequires gives the fields that are made of external ones their @requires.
func (t *FederationType) applyRequires() {
	for _, f := range t.Fields {
		external := slices.DeleteFunc(slices.Clone(f.Requires), func(s FieldSetField) bool { return !t.fields[s.Name].Has("external") })
		if len(external) > 0 {
			f.Directives = append(f.Directives, Directive{Pos: f.RequiresPos, Name: "requires", Arguments: "fields: " + quotedSDL(external.String())})
		}
	}
}

// cacheControl reads a hint; more are keys that it can have beyond those of a type.
func (f *mapping) cacheControl(key string, more ...string) *CacheControl {
	n := f.get(key)
	if n.absent() {
		return nil
	}
	g := f.r.mapping(n, f.itemOf(key))
	c := &CacheControl{Pos: f.keyPos(key), MaxAge: g.integer("maxAge"), Scope: CacheScope(g.text("scope"))}
	if c.MaxAge != nil && *c.MaxAge < 0 {
		g.errorf(g.keyPos("maxAge"), "invalid \"maxAge\": expected a number of seconds, found %d", *c.MaxAge)
	}
	switch c.Scope {
	case "", PublicCache, PrivateCache:
	default:
		g.errorf(g.keyPos("scope"), "invalid \"scope\": expected PUBLIC or PRIVATE, found %q", c.Scope)
	}
	for _, name := range more {
		c.Inherit = g.boolean(name)
	}
	g.doneStrictly()
	return c
}

// typeReference is a type as SDL writes it, nil where key is absent.
func (f *mapping) typeReference(key string) *Type {
	text := f.text(key)
	if text == "" {
		return nil
	}
	t, err := parseType(text)
	if err != nil {
		f.errorf(f.keyPos(key), "%v", err)
	}
	return t
}

func (f *mapping) needFieldSet(key string) FieldSet {
	if f.need(key) == "" {
		return nil
	}
	return f.fieldSet(key)
}

// fieldSet is a selection of fields, nil where it has a fault.
func (f *mapping) fieldSet(key string) FieldSet {
	set, err := parseFieldSet(f.text(key))
	if err != nil {
		f.errorf(f.keyPos(key), "invalid %q: %v", key, err)
	}
	return set
}

func parseFieldSet(text string) (FieldSet, error) {
	if strings.Count(text, "{") > maxNesting {
		return nil, fmt.Errorf("nested more than %d levels deep", maxNesting)
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: "{" + text + "}"})
	if err != nil || len(doc.Operations) != 1 || len(doc.Fragments) > 0 {
		return nil, fmt.Errorf("expected a field set like \"id organization { id }\", found %q", text)
	}
	return newFieldSet(doc.Operations[0].SelectionSet)
}

func newFieldSet(selections ast.SelectionSet) (set FieldSet, err error) {
	for _, selection := range selections {
		field, ok := selection.(*ast.Field)
		switch {
		case !ok || field.Alias != field.Name || len(field.Arguments)+len(field.Directives) > 0:
			return nil, errors.New("unexpected fragment, alias, argument or directive in a field set")
		case slices.ContainsFunc(set, func(have FieldSetField) bool { return have.Name == field.Name }):
			return nil, fmt.Errorf("duplicate field %q", field.Name)
		}
		nested, err := newFieldSet(field.SelectionSet)
		if err != nil {
			return nil, err
		}
		set = append(set, FieldSetField{Name: field.Name, Fields: nested})
	}
	return set, nil
}

// fieldSetArgument is the field set as a directive has it.
func (f *mapping) fieldSetArgument(key string) []string {
	return []string{"fields: " + quotedSDL(f.fieldSet(key).String())}
}

// directives are the directives of a mapping, in the order of the table, then custom ones as written.
func (f *mapping) directives(place federationPlace) []Directive {
	var out []Directive
	for _, d := range federationDirectives {
		if d.places&place == 0 {
			continue
		}
		if f.know(d.name); !f.has(d.name) {
			continue
		}
		for _, arguments := range d.read(f, d.name) {
			version := d.version
			if d.name == "override" && strings.Contains(arguments, "label:") {
				version = 7 // progressive override
			}
			out = append(out, Directive{Pos: f.keyPos(d.name), Name: d.name, Arguments: arguments, Version: version})
		}
	}
	return append(out, f.customDirectives("directives")...)
}

// customDirectives are directives written as SDL.
func (f *mapping) customDirectives(key string) []Directive {
	var out []Directive
	for _, text := range f.texts(key) {
		doc, err := parser.ParseSchema(&ast.Source{Input: "scalar S " + text})
		if err != nil || len(doc.Definitions) != 1 || len(doc.Definitions[0].Directives) != 1 {
			f.errorf(f.keyPos(key), "invalid directive %q: write it like @name or @name(argument: 1)", text)
			continue
		}
		d := doc.Definitions[0].Directives[0]
		arguments := make([]string, len(d.Arguments))
		for i, a := range d.Arguments {
			arguments[i] = a.Name + ": " + a.Value.String()
		}
		out = append(out, Directive{Pos: f.keyPos(key), Name: d.Name, Arguments: strings.Join(arguments, ", "), Version: -1})
	}
	return out
}

// marker is a directive without arguments, which false leaves out.
func (f *mapping) marker(key string) []string {
	if f.boolean(key) {
		return []string{""}
	}
	return nil
}

// stringsAs reads a string, or a list of strings, for one application each.
func stringsAs(argument string) func(*mapping, string) []string {
	return func(f *mapping, key string) []string {
		var texts []string
		if s, ok := f.get(key).text(); ok {
			texts = []string{s}
		} else {
			texts = f.texts(key)
		}
		for i, s := range texts {
			texts[i] = argument + ": " + quotedSDL(s)
		}
		return texts
	}
}

// alternativesAs reads a list of lists: the inner ones must hold together, one of the outer ones suffices.
func alternativesAs(argument string) func(*mapping, string) []string {
	return func(f *mapping, key string) []string {
		var all []string
		for _, c := range f.list(key) {
			var names []string
			for _, e := range f.r.list(c, f.itemOf(key)) {
				s, ok := e.text()
				if !ok {
					f.expected(key, "a list of lists of strings", e)
					return nil
				}
				names = append(names, quotedSDL(s))
			}
			all = append(all, "["+strings.Join(names, ", ")+"]")
		}
		return []string{argument + ": [" + strings.Join(all, ", ") + "]"}
	}
}

func (f *mapping) override(key string) []string {
	n := f.get(key)
	if from, ok := n.text(); ok {
		return []string{"from: " + quotedSDL(from)}
	}
	g := f.r.mapping(n, f.itemOf(key))
	arguments := "from: " + quotedSDL(g.need("from"))
	if label := g.text("label"); label != "" {
		arguments += ", label: " + quotedSDL(label)
	}
	g.doneStrictly()
	return []string{arguments}
}

func (f *mapping) deprecated(key string) []string {
	return []string{"reason: " + quotedSDL(f.text(key))}
}

func (f *mapping) cost(key string) []string {
	weight := f.integer(key)
	if weight == nil {
		return nil
	}
	return []string{"weight: " + strconv.Itoa(*weight)}
}

func (f *mapping) listSize(key string) []string {
	g := f.r.mapping(f.get(key), f.itemOf(key))
	var parts []string
	if size := g.integer("assumedSize"); size != nil {
		parts = append(parts, "assumedSize: "+strconv.Itoa(*size))
	}
	for _, list := range []string{"slicingArguments", "sizedFields"} {
		if names := g.texts(list); names != nil {
			for i, name := range names {
				names[i] = quotedSDL(name)
			}
			parts = append(parts, list+": ["+strings.Join(names, ", ")+"]")
		}
	}
	if g.has("requireOneSlicingArgument") {
		parts = append(parts, "requireOneSlicingArgument: "+strconv.FormatBool(g.boolean("requireOneSlicingArgument")))
	}
	g.doneStrictly()
	return []string{strings.Join(parts, ", ")}
}

// quotedSDL is a string literal, whose escapes are JSON's (GraphQL, section 2.9.4).
func quotedSDL(s string) string {
	quoted, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "�"))
	return string(quoted)
}
