package subgraph_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/joinery-graphql/joinery/internal/testkit"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// typesFiles are the metadata of the archive that has all kinds of types.
func typesFiles(t *testing.T) string {
	t.Helper()
	kept := &txtar.Archive{}
	for _, f := range testkit.ReadArchive(t, "../testdata/answers/sdl_types.txtar").Files {
		if name, ok := strings.CutPrefix(f.Name, "metadata/"); ok && !strings.HasPrefix(name, "databases/") {
			kept.Files = append(kept.Files, txtar.File{Name: name, Data: f.Data})
		}
	}
	kept.Files = append(kept.Files, txtar.Parse([]byte(emptyMetadata)).Files[1])
	return string(txtar.Format(kept))
}

// TestIntrospection has graphql-js, on which GraphiQL and all other clients build, make a schema of the answer and
// print it.
func TestIntrospection(t *testing.T) {
	h := (&fixture{files: typesFiles(t)}).handler(t)
	// As GraphiQL asks it today, beside what gqlgen's copy asks.
	query := strings.ReplaceAll(introspection.Query, "inputFields {", "isOneOf\n inputFields(includeDeprecated: true) {")
	query = strings.ReplaceAll(query, "      locations\n", "      locations\n isRepeatable\n")
	query = strings.ReplaceAll(query, "  defaultValue\n", "  defaultValue isDeprecated deprecationReason\n")
	query = strings.ReplaceAll(query, " args {", " args(includeDeprecated: true) {")
	answer := post(t, h, body(query, ""))
	printed := graphQLJS(t, `
		import { readFileSync } from "node:fs";
		import { buildClientSchema, printSchema, validateSchema, lexicographicSortSchema } from "graphql";
		const { data, errors } = JSON.parse(readFileSync(0, "utf8"));
		if (errors) throw new Error(JSON.stringify(errors));
		const schema = buildClientSchema(data);
		const faults = validateSchema(schema);
		if (faults.length) throw new Error(faults.join("\n"));
		console.log(printSchema(lexicographicSortSchema(schema)));
	`, answer)
	const golden = "testdata/introspection.graphql"
	if *update {
		if err := os.WriteFile(golden, []byte(printed), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), printed); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestIntrospectionParts(t *testing.T) {
	h := (&fixture{files: typesFiles(t)}).handler(t)
	for _, c := range []struct{ name, query, variables, want string }{
		{"type by variable", `query($n: String!) { __type(name: $n) { kind name } }`, `{"n":"Color"}`, `{"__type":{"kind":"ENUM","name":"Color"}}`},
		{
			"default of a variable", `query($n: String! = "Money") { __type(name: $n) { kind name description } }`, `{}`,
			`{"__type":{"kind":"SCALAR","name":"Money","description":"an amount"}}`,
		},
		{"unknown type", `{ __type(name: "Nope") { name } }`, ``, `{"__type":null}`},
		{"type without a name", `{ __type(name: "") { name } }`, ``, `{"__type":null}`},
		{
			"aliases and fragments", `{ a: __type(name: "Result") { ...t k: kind } b: __type(name: "Color") { ...t } t: __typename __schema { q: queryType { n: name } ...s } }
			fragment t on __Type { __typename n: name } fragment s on __Schema { subscriptionType { name } mutationType { __typename name } }`, ``,
			`{"a":{"__typename":"__Type","n":"Result","k":"OBJECT"},"b":{"__typename":"__Type","n":"Color"},"t":"Query",` +
				`"__schema":{"q":{"n":"Query"},"subscriptionType":null,"mutationType":{"__typename":"__Type","name":"Mutation"}}}`,
		},
		{
			"enum values", `query($d: Boolean) { __type(name: "Color") { live: enumValues { name } enumValues(includeDeprecated: $d) { name isDeprecated deprecationReason } } }`,
			`{"d":true}`, `{"__type":{"live":[{"name":"RED"}],"enumValues":[{"name":"RED","isDeprecated":false,"deprecationReason":null},` +
				`{"name":"GREEN","isDeprecated":true,"deprecationReason":"No longer supported"},{"name":"BLUE","isDeprecated":true,"deprecationReason":"too \"cold\"\nreally"}]}}`,
		},
		{
			"directives", `query($on: Boolean!) { __type(name: "Filter") { name @include(if: $on) kind @skip(if: $on) fields { name } inputFields { name type { kind name ofType { kind ofType { name } } } } possibleTypes { name } } }`,
			`{"on":true}`, `{"__type":{"name":"Filter","fields":null,"inputFields":[{"name":"text","type":{"kind":"SCALAR","name":"String","ofType":null}},` +
				`{"name":"colours","type":{"kind":"LIST","name":null,"ofType":{"kind":"NON_NULL","ofType":{"name":"Color"}}}},` +
				`{"name":"nested","type":{"kind":"INPUT_OBJECT","name":"Filter","ofType":null}},{"name":"price","type":{"kind":"SCALAR","name":"numeric","ofType":null}}],"possibleTypes":null}}`,
		},
		{
			"arguments", `{ __type(name: "Query") { fields { name args { name description type { kind } defaultValue } } } }`, ``,
			`{"__type":{"fields":[{"name":"count","args":[{"name":"at","description":null,"type":{"kind":"SCALAR"},"defaultValue":null}]},{"name":"ping","args":[]},` +
				`{"name":"search","args":[{"name":"filter","description":"what to look for, \"quoted\"","type":{"kind":"NON_NULL"},"defaultValue":null},` +
				`{"name":"ids","description":"two\nlines","type":{"kind":"NON_NULL"},"defaultValue":null},{"name":"plain","description":null,"type":{"kind":"SCALAR"},"defaultValue":null}]},` +
				`{"name":"_service","args":[]}]}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantJSON(t, post(t, h, body(c.query, c.variables)), `{"data":`+c.want+`}`)
		})
	}
}

// TestIntrospectionDisabled also asks for the SDL, which must be answered all the same (subgraph specification).
func TestIntrospectionDisabled(t *testing.T) {
	h := (&fixture{files: typesFiles(t), closed: true}).handler(t)
	const disabled = `{"message":"introspection is disabled","path":["__type"],"extensions":{"code":"introspection-disabled"}}`
	wantJSON(t, post(t, h, body(`{ __type(name: "Color") { name } __typename }`, "")), `{"data":{"__type":null,"__typename":"Query"},"errors":[`+disabled+`]}`)
	wantJSON(t, post(t, h, body(`{ __schema { types { name } } }`, "")), `{"data":null,"errors":[`+strings.ReplaceAll(disabled, "__type", "__schema")+`]}`)
	var got struct {
		Data struct {
			Service struct{ SDL string } `json:"_service"`
		}
	}
	if err := json.Unmarshal([]byte(post(t, h, body(`query SubgraphIntrospectQuery { _service { sdl } }`, ""))), &got); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.Data.Service.SDL, "type Query") {
		t.Errorf("sdl is %q", got.Data.Service.SDL)
	}
	if hint := post(t, h, body(`{ pin }`, "")); strings.Contains(hint, "ping") {
		t.Errorf("an error suggests a name: %s", hint)
	}
}
