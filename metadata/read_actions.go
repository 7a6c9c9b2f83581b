package metadata

import (
	"fmt"
	"slices"
	"strings"
)

const actionsFile = "actions.yaml"

// readActions reads actions.yaml and actions.graphql and merges them.
func (r *reader) readActions(m *Metadata) {
	s := r.readSDL()
	n := r.root(actionsFile)
	if n.failed || n.absent() {
		r.readSDLAlone(m, s)
		return
	}
	f := r.mapping(n, "")
	var actions []*Action
	for _, c := range f.list("actions") {
		actions = append(actions, r.readAction(c))
	}
	var types CustomTypes
	if c := f.get("custom_types"); !c.absent() {
		types = r.readCustomTypes(c)
	}
	f.done()
	if s == nil {
		s = &sdl{r: r}
		r.needSDL(actions, types)
	}
	m.CustomTypes = r.mergeTypes(s.types, types)
	m.Actions = r.mergeActions(s.actions, actions)
}

// needSDL reports that actions.graphql is missing, unless actions.yaml is of the server form and says all itself.
func (r *reader) needSDL(actions []*Action, types CustomTypes) {
	stripped := func(a *Action) bool { return !r.inline[a] }
	bare := func(o *Object) bool { return len(o.Fields) == 0 }
	if !r.missing[sdlFile] || !slices.ContainsFunc(actions, stripped) && !slices.ContainsFunc(types.Objects, bare) {
		return
	}
	r.broken[sdlFile] = true
	r.add(Fault{
		Pos: Pos{File: sdlFile}, Message: "missing file",
		Hint: "it declares the arguments and outputs of the actions in " + actionsFile + `; "hasura metadata export" writes it`,
	})
}

// readSDLAlone keeps the types of actions.graphql where actions.yaml cannot be had.
func (r *reader) readSDLAlone(m *Metadata, s *sdl) {
	if s == nil {
		return
	}
	m.CustomTypes = s.types
	if len(s.actions) > 0 && !r.broken[actionsFile] {
		r.add(Fault{
			Pos: Pos{File: actionsFile}, Message: "missing file, or nothing in it",
			Hint: sdlFile + " declares actions, and their handlers stand in " + actionsFile,
		})
	}
}

// readAction reads an action. Operation, Arguments and Output are those that stand in the YAML, if any.
func (r *reader) readAction(n node) *Action {
	f := r.mapping(n, "action")
	a := &Action{Pos: f.pos(), Name: f.need("name"), Kind: Synchronous, Timeout: DefaultTimeout}
	if a.Name != "" {
		f.item = fmt.Sprintf("action %q", a.Name)
	}
	a.Description = f.text("comment")
	if d := f.get("definition"); d.absent() {
		f.missing("definition", "")
	} else {
		r.readDefinition(d, a, f.item)
	}
	for _, c := range f.list("permissions") {
		a.Permissions = append(a.Permissions, r.readActionPermission(c, f.item))
	}
	f.done()
	return a
}

func (r *reader) readDefinition(n node, a *Action, item string) {
	f := r.mapping(n, item)
	a.Kind = f.kind()
	a.Handler, a.HandlerPos = f.handler()
	a.Headers = r.readHeaders(f)
	a.ForwardClientHeaders = f.boolean("forward_client_headers")
	a.IgnoredClientHeaders = f.texts("ignored_client_headers")
	a.Timeout = f.seconds("timeout", DefaultTimeout)
	a.RequestTransform = f.transform("request_transform")
	a.ResponseTransform = f.transform("response_transform")
	a.Operation = f.operation()
	a.Arguments = r.readArguments(f, "arguments", "argument")
	a.Output = f.typeRef("output_type")
	r.inline[a] = !f.get("output_type").absent()
	f.done()
}

// handler is the URL with its place, which is zero where a fault already says that it is no string.
func (f *mapping) handler() (string, Pos) {
	n := f.get("handler")
	s := f.text("handler")
	_, ok := n.text()
	switch {
	case ok:
		return s, n.pos()
	case n.absent() && !n.failed:
		return s, f.keyPos("handler")
	}
	return s, Pos{}
}

// kind is how the action answers. Hasura writes "" for queries.
func (f *mapping) kind() Kind {
	switch k := Kind(f.text("kind")); k {
	case "", Synchronous:
		return Synchronous
	case Asynchronous:
		return k
	default:
		f.r.add(Fault{
			Pos: f.keyPos("kind"), Item: f.item, Message: fmt.Sprintf("unknown kind %q", k),
			Hint: `expected "synchronous" or "asynchronous"`,
		})
		return Synchronous
	}
}

// operation is the type of the server form, "" where it is not given.
func (f *mapping) operation() Operation {
	op := Operation(f.text("type"))
	if op != "" && op != Query && op != Mutation {
		f.r.add(Fault{
			Pos: f.keyPos("type"), Item: f.item, Message: fmt.Sprintf("unknown type %q", op),
			Hint: `expected "query" or "mutation"`,
		})
		return ""
	}
	return op
}

// transform is a REST connector's transform. Its keys are not looked at yet.
func (f *mapping) transform(key string) *Transform {
	n := f.get(key)
	if n.absent() {
		return nil
	}
	return &Transform{Pos: f.keyPos(key)}
}

// typeRef is a type reference of the server form, nil where key is absent or wrong.
func (f *mapping) typeRef(key string) *Type {
	s := f.text(key)
	if s == "" {
		return nil
	}
	t, err := parseType(s)
	if err != nil {
		f.errorf(f.keyPos(key), "invalid %q: %v", key, err)
		return nil
	}
	return t
}

// readArguments reads arguments of an action or fields of an input object in the server form: nil where key is
// absent, not nil where the list is empty.
func (r *reader) readArguments(f *mapping, key, noun string) []*Argument {
	if f.get(key).absent() {
		return nil
	}
	args := []*Argument{}
	for _, n := range f.list(key) {
		g := r.mapping(n, noun+" of "+f.item)
		a := &Argument{Pos: g.pos(), Name: g.need("name"), Description: g.text("description")}
		if a.Name != "" {
			g.item = fmt.Sprintf("%s %q of %s", noun, a.Name, f.item)
		}
		g.need("type")
		if a.Type = g.typeRef("type"); a.Type != nil && a.Name != "" {
			args = append(args, a)
		}
		g.done()
	}
	return args
}

func (r *reader) readActionPermission(n node, item string) ActionPermission {
	f := r.mapping(n, "permission of "+item)
	f.know("comment")
	p := ActionPermission{Pos: f.pos(), Role: f.need("role")}
	f.done()
	return p
}

// readHeaders reads the headers of an action or a remote schema.
func (r *reader) readHeaders(f *mapping) []Header {
	var headers []Header
	for _, n := range f.list("headers") {
		headers = append(headers, r.readHeader(n, f.item))
	}
	return headers
}

func (r *reader) readHeader(n node, item string) Header {
	f := r.mapping(n, "header of "+item)
	h := Header{Pos: f.pos(), Name: f.need("name")}
	if h.Name != "" {
		f.item = fmt.Sprintf("header %q of %s", h.Name, item)
	}
	h.Value, h.ValueFromEnv = f.text("value"), f.text("value_from_env")
	value, env := !f.get("value").absent(), !f.get("value_from_env").absent()
	switch {
	case f.node.failed:
	case value && env:
		f.errorf(f.keyPos("value_from_env"), `unexpected "value_from_env": the header already has a "value"`)
		h.ValueFromEnv = ""
	case !value && !env:
		f.errorf(f.pos(), `missing "value" or "value_from_env"`)
	case env && h.ValueFromEnv == "":
		f.errorf(f.keyPos("value_from_env"), `missing name of an environment variable`)
	case strings.HasPrefix(h.ValueFromEnv, "HASURA_GRAPHQL_"):
		f.errorf(f.keyPos("value_from_env"), `env variables start with "HASURA_GRAPHQL_" are not allowed for value_from_env`)
	}
	if h.Name != "" && !isHeaderName(h.Name) {
		f.errorf(f.keyPos("name"), "invalid header name")
	}
	if strings.ContainsAny(h.Value, "\r\n\x00") {
		f.errorf(f.keyPos("value"), "invalid header value: it has a line break")
	}
	f.done()
	return h
}

// isHeaderName says whether s is a token of RFC 9110, section 5.6.2.
func isHeaderName(s string) bool {
	for _, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}
