package metadata

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
)

const sdlFile = "actions.graphql"

// sdl is what actions.graphql declares: actions by name, output and operation alone, and the custom types.
type sdl struct {
	r       *reader
	text    *textFile
	actions []*Action
	types   CustomTypes
	known   map[string]declared // the types so far
}

// declared is a type with the *Object, *InputObject, *Enum or *Scalar made of it.
type declared struct {
	kind ast.DefinitionKind
	noun any
}

// readSDL reads actions.graphql. It is nil where there is no such file or it does not parse.
func (r *reader) readSDL() *sdl {
	text := r.text(sdlFile)
	if text == nil {
		return nil
	}
	doc, fault := parseSDL(text)
	if fault != nil {
		r.add(*fault)
		r.broken[sdlFile] = true
		return nil
	}
	s := &sdl{r: r, text: text, known: map[string]declared{}}
	for _, def := range doc.Definitions {
		s.define(def)
	}
	for _, def := range doc.Extensions {
		s.extend(def)
	}
	s.rejectOthers(doc)
	s.dropKnownScalars()
	return s
}

// parseSDL is gqlparser's parser without its panics, and with a limit of nesting, for it recurses.
func parseSDL(t *textFile) (doc *ast.SchemaDocument, fault *Fault) {
	if fault := t.invalidUTF8(); fault != nil {
		return nil, fault
	}
	defer func() {
		if p := recover(); p != nil {
			doc, fault = nil, &Fault{Pos: Pos{File: t.name}, Message: fmt.Sprintf("unexpected SDL: the parser gave up (%v)", p)}
		}
	}()
	src := &ast.Source{Name: t.name, Input: t.text}
	if fault := t.scanSDL(src); fault != nil {
		return nil, fault
	}
	doc, err := parser.ParseSchema(src)
	if err != nil {
		return nil, t.sdlFault(err)
	}
	return doc, nil
}

// scanSDL is the first fault of the tokens: one that is none, or one that nests too deep.
func (t *textFile) scanSDL(src *ast.Source) *Fault {
	depth := 0
	lex := lexer.New(src)
	for {
		tok, err := lex.ReadToken()
		switch {
		case err != nil: // the parser would lose the reason
			return t.sdlFault(err)
		case tok.Kind == lexer.EOF:
			return nil
		}
		switch tok.Kind {
		case lexer.BracketL, lexer.BraceL, lexer.ParenL:
			depth++
		case lexer.BracketR, lexer.BraceR, lexer.ParenR:
			depth--
		}
		if depth > maxNesting {
			return t.syntaxFault(tok.Pos.Line, tok.Pos.Column, fmt.Sprintf("nested more than %d levels deep", maxNesting))
		}
	}
}

func (t *textFile) sdlFault(err error) *Fault {
	var gql *gqlerror.Error
	if !errors.As(err, &gql) || len(gql.Locations) == 0 {
		return &Fault{Pos: Pos{File: t.name}, Message: "invalid SDL: " + err.Error()}
	}
	at := gql.Locations[0]
	return t.syntaxFault(at.Line, at.Column, "invalid SDL: "+gql.Message)
}

func (s *sdl) pos(p *ast.Position) Pos {
	if p == nil {
		return Pos{File: s.text.name}
	}
	return s.text.pos(p.Line, p.Column)
}

// operations are the root types. Hasura's exports repeat them, once for each action.
var operations = map[string]Operation{"Query": Query, "Mutation": Mutation}

func (s *sdl) define(def *ast.Definition) {
	if def.Kind == ast.Object && operations[def.Name] != "" {
		s.addActions(def)
		return
	}
	if s.reject(def) {
		return
	}
	if _, taken := s.known[def.Name]; taken {
		s.r.errorf(s.pos(def.Position), kindNoun(def.Kind)+quoted(def.Name), "duplicate type names: %s", def.Name)
		return
	}
	s.known[def.Name] = declared{def.Kind, s.add(def)}
	s.addMembers(s.known[def.Name].noun, def)
}

// kindNoun is how messages call a kind of type, as Hasura does.
func kindNoun(k ast.DefinitionKind) string {
	switch k {
	case ast.Object:
		return "object type"
	case ast.InputObject:
		return "input object"
	case ast.Enum:
		return "enum type"
	case ast.Scalar:
		return "scalar"
	case ast.Interface:
		return "interface"
	}
	return "union"
}

func quoted(name string) string { return fmt.Sprintf(" %q", name) }

// reject reports what an action's types cannot be.
func (s *sdl) reject(def *ast.Definition) bool {
	f := Fault{Pos: s.pos(def.Position), Item: kindNoun(def.Kind) + quoted(def.Name)}
	switch {
	case def.Kind == ast.Interface || def.Kind == ast.Union:
		f.Message = "unexpected " + kindNoun(def.Kind) + ": Hasura does not allow it in the types of actions"
		f.Hint = "use object types"
	case def.Kind == ast.Object && def.Name == "Subscription":
		f.Message, f.Hint = "unexpected root type: an action is a query or a mutation", "declare it in type Query"
	default:
		return false
	}
	s.r.add(f)
	return true
}

// extend adds the members of an extension to the type that it extends.
func (s *sdl) extend(def *ast.Definition) {
	if def.Kind == ast.Object && operations[def.Name] != "" {
		s.addActions(def)
		return
	}
	if s.reject(def) {
		return
	}
	base, known := s.known[def.Name]
	if !known || base.kind != def.Kind {
		s.r.add(Fault{
			Pos: s.pos(def.Position), Item: "extension of " + kindNoun(def.Kind) + quoted(def.Name),
			Message: fmt.Sprintf("unknown %s %q", kindNoun(def.Kind), def.Name),
			Hint:    s.r.didYouMean(def.Name, s.names(def.Kind)),
		})
		return
	}
	s.addMembers(base.noun, def)
}

func (s *sdl) names(kind ast.DefinitionKind) []string {
	var names []string
	for name, d := range s.known {
		if d.kind == kind {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// add declares a type that is not declared yet, without its members.
func (s *sdl) add(def *ast.Definition) any {
	pos, t := s.pos(def.Position), &s.types
	switch def.Kind {
	case ast.Object:
		t.Objects = append(t.Objects, &Object{Pos: pos, Name: def.Name, Description: def.Description})
		return t.Objects[len(t.Objects)-1]
	case ast.InputObject:
		t.InputObjects = append(t.InputObjects, &InputObject{Pos: pos, Name: def.Name, Description: def.Description})
		return t.InputObjects[len(t.InputObjects)-1]
	case ast.Enum:
		t.Enums = append(t.Enums, &Enum{Pos: pos, Name: def.Name, Description: def.Description})
		return t.Enums[len(t.Enums)-1]
	}
	t.Scalars = append(t.Scalars, &Scalar{Pos: pos, Name: def.Name, Description: def.Description})
	return t.Scalars[len(t.Scalars)-1]
}

// addMembers adds the members of a definition or of an extension.
func (s *sdl) addMembers(noun any, def *ast.Definition) {
	item := kindNoun(def.Kind) + quoted(def.Name)
	s.ignoreDirectives(def.Directives, item)
	if len(def.Interfaces) > 0 {
		s.r.errorf(s.pos(def.Position), item, "unexpected interface %q: Hasura does not allow interfaces in the types of actions",
			def.Interfaces[0])
	}
	switch noun := noun.(type) {
	case *Object:
		noun.Fields = append(noun.Fields, s.fields(def.Fields, item, def.Name)...)
	case *InputObject:
		noun.Fields = append(noun.Fields, s.inputFields(def.Fields, item)...)
	case *Enum:
		noun.Values = append(noun.Values, s.enumValues(def.EnumValues, item)...)
	}
}

func (s *sdl) fields(defs ast.FieldList, item, object string) []*Field {
	var fields []*Field
	for _, def := range defs {
		pos := s.pos(def.Position)
		if len(def.Arguments) > 0 {
			s.r.errorf(pos, fmt.Sprintf("field %q of %s", def.Name, item), "the object %q can't have arguments", object)
		}
		s.ignoreDirectives(def.Directives, fmt.Sprintf("field %q of %s", def.Name, item))
		if t := s.typeRef(def.Type, pos, item); t != nil {
			fields = append(fields, &Field{Pos: pos, Name: def.Name, Description: def.Description, Type: t})
		}
	}
	return fields
}

func (s *sdl) inputFields(defs ast.FieldList, item string) []*Argument {
	var fields []*Argument
	for _, def := range defs {
		arg := ast.ArgumentDefinition{
			Name: def.Name, Description: def.Description, Type: def.Type,
			DefaultValue: def.DefaultValue, Directives: def.Directives, Position: def.Position,
		}
		if f := s.argument(&arg, fmt.Sprintf("field %q of %s", def.Name, item)); f != nil {
			fields = append(fields, f)
		}
	}
	return fields
}

func (s *sdl) arguments(defs ast.ArgumentDefinitionList, item string) []*Argument {
	var args []*Argument
	for _, def := range defs {
		if a := s.argument(def, fmt.Sprintf("argument %q of %s", def.Name, item)); a != nil {
			args = append(args, a)
		}
	}
	return args
}

// argument is nil, and reported, where the type cannot be had.
func (s *sdl) argument(def *ast.ArgumentDefinition, item string) *Argument {
	pos := s.pos(def.Position)
	s.ignoreDirectives(def.Directives, item)
	if def.DefaultValue != nil {
		s.r.add(Fault{
			Pos: pos, Severity: Warning, Item: item, Message: "the default value is ignored, as Hasura ignores it",
			Hint: "make the type nullable and let the handler fill in the default",
		})
	}
	t := s.typeRef(def.Type, pos, item)
	if t == nil {
		return nil
	}
	return &Argument{Pos: pos, Name: def.Name, Description: def.Description, Type: t}
}

func (s *sdl) enumValues(defs ast.EnumValueList, item string) []EnumValue {
	var values []EnumValue
	for _, def := range defs {
		v := EnumValue{Pos: s.pos(def.Position), Name: def.Name, Description: def.Description}
		for _, d := range def.Directives {
			if d.Name != "deprecated" {
				s.ignoreDirective(d, fmt.Sprintf("value %q of %s", def.Name, item))
				continue
			}
			v.Deprecated, v.DeprecationReason = true, "No longer supported"
			if reason := d.Arguments.ForName("reason"); reason != nil && reason.Value != nil {
				v.DeprecationReason = reason.Value.Raw
			}
		}
		values = append(values, v)
	}
	return values
}

func (s *sdl) addActions(def *ast.Definition) {
	s.ignoreDirectives(def.Directives, "type"+quoted(def.Name))
	for _, f := range def.Fields {
		pos, item := s.pos(f.Position), fmt.Sprintf("action %q", f.Name)
		s.ignoreDirectives(f.Directives, item)
		s.actions = append(s.actions, &Action{
			Pos: pos, Name: f.Name, Description: f.Description, Operation: operations[def.Name],
			Arguments: s.arguments(f.Arguments, item), Output: s.typeRef(f.Type, pos, item),
		})
	}
}

// typeRef is nil, and reported, where lists nest too deep.
func (s *sdl) typeRef(t *ast.Type, pos Pos, item string) *Type {
	out := &Type{}
	for ref, depth := out, 0; ; ref, depth = ref.Elem, depth+1 {
		ref.NonNull = t.NonNull
		if t.Elem == nil {
			ref.Name = t.NamedType
			return out
		}
		if depth == maxListDepth {
			s.r.errorf(pos, item, "invalid type: more than %d lists in each other", maxListDepth)
			return nil
		}
		ref.Elem, t = &Type{}, t.Elem
	}
}

func (s *sdl) ignoreDirectives(list ast.DirectiveList, item string) {
	for _, d := range list {
		s.ignoreDirective(d, item)
	}
}

func (s *sdl) ignoreDirective(d *ast.Directive, item string) {
	s.r.warnf(s.pos(d.Position), item, "the directive @%s is ignored: Hasura knows only @deprecated, on enum values", d.Name)
}

// rejectOthers reports definitions that do not belong into actions.graphql.
func (s *sdl) rejectOthers(doc *ast.SchemaDocument) {
	for _, def := range append(doc.Schema, doc.SchemaExtension...) {
		s.r.add(Fault{
			Pos: s.pos(def.Position), Item: "schema", Message: "unexpected schema definition in " + sdlFile,
			Hint: "declare actions in type Query and type Mutation",
		})
	}
	for _, def := range doc.Directives {
		s.r.warnf(s.pos(def.Position), "directive @"+def.Name, "the directive definition is ignored")
	}
}

// dropKnownScalars forgets declarations of scalars that need none.
func (s *sdl) dropKnownScalars() {
	s.types.Scalars = withoutKnown(s.types.Scalars)
}

func withoutKnown(scalars []*Scalar) []*Scalar {
	var own []*Scalar
	for _, sc := range scalars {
		if !IsBuiltinScalar(sc.Name) && !IsPostgresType(sc.Name) {
			own = append(own, sc)
		}
	}
	return own
}
