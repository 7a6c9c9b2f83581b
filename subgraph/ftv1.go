package subgraph

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	ftv1 "github.com/99designs/gqlgen/graphql/handler/apollofederatedtracingv1/generated"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// federatedTrace is the trace of an operation that a router asked for
// (https://www.apollographql.com/docs/federation/metrics). A level of the answer is loaded at once, so that all fields
// have the times of the root field that they are below.
type federatedTrace struct {
	start time.Time
	plan  *operationPlan // nil where the operation has none
	times map[*rootField]interval
}

type interval struct{ from, to time.Duration }

// newFederatedTrace is nil where the request asks for no trace.
func newFederatedTrace(r *request) *federatedTrace {
	if r == nil || r.http.Header.Get("Apollo-Federation-Include-Trace") != "ftv1" {
		return nil
	}
	return &federatedTrace{start: time.Now(), times: map[*rootField]interval{}}
}

// answering notes that root fields are being answered, until what it returns is called.
func (t *federatedTrace) answering(fields []*rootField) (done func()) {
	from := time.Since(t.start)
	return func() {
		to := time.Since(t.start)
		for _, f := range fields {
			t.times[f] = interval{from, to}
		}
	}
}

// appendExtension ends the trace and appends it to an answer, behind the data.
func (t *federatedTrace) appendExtension(x *execution) {
	if t.plan == nil {
		return
	}
	tracer := &tracer{collector: collector{schema: x.subgraph, variables: x.oc.Variables}, dec: jsontext.NewDecoder(bytes.NewReader(slices.Clone(x.data[x.start:])))}
	root := &ftv1.Trace_Node{}
	if tracer.dec.PeekKind() == '{' {
		tracer.object(root, func(alias string) (node *ftv1.Trace_Node, typeName string, sets []ast.SelectionSet) {
			f := t.plan.fields[slices.IndexFunc(t.plan.fields, func(f *rootField) bool { return f.Alias == alias })]
			tracer.times, tracer.typenames = t.times[f], nil
			if f.kind == entitiesRoot {
				tracer.typenames = typenames(x.answers[f.place].input.JSON)
			}
			return tracer.field(t.plan.typeName, f.collected)
		})
	}
	for _, err := range x.errors {
		attach(root, err)
	}
	end := time.Now()
	text, err := proto.Marshal(&ftv1.Trace{
		StartTime: timestamppb.New(t.start), EndTime: timestamppb.New(end), DurationNs: uint64(end.Sub(t.start)), Root: root,
	})
	if err != nil {
		return // a string that is no UTF-8: the answer is worth more than its trace
	}
	x.extend("ftv1", append(base64.StdEncoding.AppendEncode([]byte{'"'}, text), '"'))
}

// typenames are those of representations, "" for what is none.
func typenames(representations []byte) []string {
	var list []json.RawMessage
	if json.Unmarshal(representations, &list) != nil {
		return nil
	}
	names := make([]string, len(list))
	for i, text := range list {
		var r struct {
			Typename string `json:"__typename"`
		}
		if json.Unmarshal(text, &r) == nil {
			names[i] = r.Typename
		}
	}
	return names
}

// tracer makes the nodes of a trace, by walking over the answer.
type tracer struct {
	collector
	dec       *jsontext.Decoder // of the data, which is valid
	times     interval          // of the root field
	typenames []string          // of its representations
}

// object makes the nodes of an object's fields. field gives a field's node, which is nil where it has none.
func (t *tracer) object(parent *ftv1.Trace_Node, field func(alias string) (*ftv1.Trace_Node, string, []ast.SelectionSet)) {
	_, _ = t.dec.ReadToken()
	for t.dec.PeekKind() != '}' {
		alias, _ := t.dec.ReadToken()
		node, typeName, sets := field(alias.String())
		if node == nil || len(sets) == 0 {
			_ = t.dec.SkipValue()
		} else {
			t.value(node, typeName, sets)
		}
		if node != nil {
			parent.Child = append(parent.Child, node)
		}
	}
	_, _ = t.dec.ReadToken()
}

// field is the node of a field, nil for those that every schema has.
func (t *tracer) field(parentType string, f *collected) (*ftv1.Trace_Node, string, []ast.SelectionSet) {
	if f == nil || strings.HasPrefix(f.Name, "__") {
		return nil, "", nil
	}
	node := &ftv1.Trace_Node{
		Id: &ftv1.Trace_Node_ResponseName{ResponseName: f.Alias}, Type: f.Definition.Type.String(), ParentType: parentType,
		StartTime: uint64(t.times.from), EndTime: uint64(t.times.to),
	}
	if f.Alias != f.Name {
		node.OriginalFieldName = f.Name
	}
	return node, f.Definition.Type.Name(), f.sets
}

// value makes the nodes below a value that is an object, null, or a list of such.
func (t *tracer) value(node *ftv1.Trace_Node, typeName string, sets []ast.SelectionSet) {
	switch t.dec.PeekKind() {
	case '{':
		byAlias := map[string]*collected{}
		for _, f := range t.fields(typeName, sets...) {
			byAlias[f.Alias] = f
		}
		t.object(node, func(alias string) (*ftv1.Trace_Node, string, []ast.SelectionSet) {
			return t.field(typeName, byAlias[alias])
		})
	case '[':
		_, _ = t.dec.ReadToken()
		for i := 0; t.dec.PeekKind() != ']'; i++ {
			element := &ftv1.Trace_Node{Id: &ftv1.Trace_Node_Index{Index: uint32(i)}}
			if typeName == "_Entity" && i < len(t.typenames) {
				t.value(element, t.typenames[i], sets)
			} else {
				t.value(element, typeName, sets)
			}
			node.Child = append(node.Child, element)
		}
		_, _ = t.dec.ReadToken()
	default:
		_ = t.dec.SkipValue()
	}
}

// attach notes an error at the node where it is, or else at the nearest above. What it says is the client's.
func attach(node *ftv1.Trace_Node, err *gqlerror.Error) {
	for _, element := range err.Path {
		at := slices.IndexFunc(node.Child, func(child *ftv1.Trace_Node) bool { return is(child, element) })
		if at < 0 {
			break
		}
		node = node.Child[at]
	}
	node.Error = append(node.Error, &ftv1.Trace_Error{Message: "<masked>", Json: `{"message":"<masked>"}`})
}

func is(node *ftv1.Trace_Node, element ast.PathElement) bool {
	switch element := element.(type) {
	case ast.PathName:
		return node.GetResponseName() == string(element)
	case ast.PathIndex:
		id, ok := node.Id.(*ftv1.Trace_Node_Index)
		return ok && int(id.Index) == int(element)
	}
	return false
}
