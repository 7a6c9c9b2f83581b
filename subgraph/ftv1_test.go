package subgraph_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	ftv1 "github.com/99designs/gqlgen/graphql/handler/apollofederatedtracingv1/generated"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
)

// traced asks for a trace and returns the answer without it, and the trace's nodes, a line each.
func traced(t *testing.T, f *fixture, body string) (answer, nodes string) {
	t.Helper()
	r := newRequest(t, body)
	r.Header.Set("apollo-federation-include-trace", "ftv1")
	var got map[string]json.RawMessage
	if err := json.Unmarshal(do(f.handler(t), r).Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	var extensions map[string]string
	if err := json.Unmarshal(got["extensions"], &extensions); err != nil || len(extensions) != 1 {
		t.Fatalf("extensions %s: %v", got["extensions"], err)
	}
	binary, err := base64.StdEncoding.DecodeString(extensions["ftv1"])
	if err != nil {
		t.Fatal(err)
	}
	var trace ftv1.Trace
	if err := proto.Unmarshal(binary, &trace); err != nil {
		t.Fatal(err)
	}
	if took := trace.EndTime.AsTime().Sub(trace.StartTime.AsTime()); trace.DurationNs == 0 || uint64(took) > trace.DurationNs+1e6 {
		t.Errorf("duration %d, but %s from start to end", trace.DurationNs, took)
	}
	var b strings.Builder
	writeNode(t, &b, &trace, trace.Root, 0)
	delete(got, "extensions")
	text, _ := json.Marshal(got)
	return string(text), b.String()
}

func writeNode(t *testing.T, b *strings.Builder, trace *ftv1.Trace, n *ftv1.Trace_Node, depth int) {
	name := n.GetResponseName()
	if id, ok := n.Id.(*ftv1.Trace_Node_Index); ok {
		name = fmt.Sprint(id.Index)
	} else if depth > 0 && (n.EndTime == 0 || n.StartTime > n.EndTime || n.EndTime > trace.DurationNs) {
		t.Errorf("%s from %d to %d of %d ns", name, n.StartTime, n.EndTime, trace.DurationNs)
	}
	fmt.Fprintf(b, "%s%s", strings.Repeat("  ", depth), name)
	if n.Type != "" {
		fmt.Fprintf(b, " %s.%s: %s", n.ParentType, n.OriginalFieldName, n.Type)
	}
	for _, e := range n.Error {
		fmt.Fprintf(b, " error %s %s", e.Message, e.Json)
	}
	b.WriteString("\n")
	for _, c := range n.Child {
		writeNode(t, b, trace, c, depth+1)
	}
}

func TestFederatedTrace(t *testing.T) {
	f := &fixture{
		sql: "create table users (id int primary key, name text, doc jsonb); insert into users values (1, 'Ada', '{\"a\": [1]}')",
		files: sourceMetadata + "- {table: users}\n-- actions.graphql --\n" +
			"type Query { find: [[Found]] fail: Int }\ntype Mutation { make: Found! }\ntype Found { id: Int name: String! }\n" + oneHandler("find", "fail", "make") +
			"custom_types: {objects: [{name: Found, relationships: [{name: user, type: object, remote_table: users, field_mapping: {id: id}}]}]}\n",
		caller: answers{"find": `[[{"id": 1}, null], null]`, "make": `{"id": 1, "name": null}`, "fail": `{`},
	}
	for _, c := range []struct{ name, body, answer, nodes string }{
		{"typename", body("{ __typename }", ""), `{"data": {"__typename": "Query"}}`, "\n"},
		{
			"lists, aliases and JSON", body("{ all: find { id user { ... on users { text: name doc } __typename } } }", ""),
			`{"data": {"all": [[{"id": 1, "user": {"text": "Ada", "doc": {"a": [1]}, "__typename": "users"}}, null], null]}}`, `
  all Query.find: [[Found]]
    0
      0
        id Found.: Int
        user Found.: users
          text users.name: String
          doc users.: jsonb
      1
    1
`,
		},
		{"errors", body("{ fail }", ""), "", `
  fail Query.: Int error <masked> {"message":"<masked>"}
`},
		{"no data", body("mutation { make { name } }", ""), "", " error <masked> {\"message\":\"<masked>\"}\n"},
		{"entities", body(`query($r: [_Any!]!) { _entities(representations: $r) { __typename ... on users { name } ... on Found { user { id } } } }`,
			`{"r": [{"__typename": "Found", "id": 1}, {"__typename": "users", "id": "1"}, 5, {"__typename": "users", "id": "x"}]}`), "", `
  _entities Query.: [_Entity]!
    0
      user Found.: users
        id users.: Int!
    1
      name users.: String
    2 error <masked> {"message":"<masked>"}
    3 error <masked> {"message":"<masked>"}
`},
		{"service", body("{ _service { sdl } }", ""), "", `
  _service Query.: _Service!
    sdl _Service.: String!
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, nodes := traced(t, f, c.body)
			if diff := cmp.Diff(c.nodes, nodes); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if c.answer != "" {
				wantJSON(t, answer, c.answer)
			}
			if answer := post(t, f.handler(t), c.body); strings.Contains(answer, "ftv1") {
				t.Errorf("a trace that nobody asked for: %s", answer)
			}
		})
	}
}
