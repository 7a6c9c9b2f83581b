package entities

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// FuzzQuery reads any JSON as the arguments of an array relationship and writes the statements that it asks for. Nothing
// panics, a refusal is an *ArgumentError, and the SQL consists of nothing but words of ours and quoted names of the
// catalog: what a client sends becomes parameters.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"where": {}}`, `{"limit": 5, "offset": 2}`, `{"limit": null}`, `{"limit": "7"}`, `{"limit": -1}`, `{"offset": 1e3}`,
		`{"where": {"name": {"_eq": "x'; drop table users --"}}}`, `{"where": {"id": {"_in": [1, 2, "3"], "_is_null": false}}}`,
		`{"where": {"_or": [{"we_ird": {"_gte": 1.5}}, {"_not": {"tags": {"_contains": ["a", null]}}}], "_and": {"ok": {"_neq": true}}}}`,
		`{"where": {"doc": {"_has_keys_any": ["a"], "_contained_in": {"a": [1, "x"]}, "_cast": {"String": {"_ilike": "%\"%"}}}}}`,
		`{"where": {"handle": {"_similar": "(a|b)%", "_nregex": "$1::text"}, "mood": {"_nin": ["sad", "$$"]}}}`,
		`{"where": {"posts": {"author": {"posts": {"title": {"_like": "\\"}}}}, "at": {"_lt": "now"}, "tags": {"_in": [["a"], [["b"]]]}}}`,
		`{"order_by": {"id": "desc_nulls_last", "posts_aggregate": {"count": "asc", "max": {"title": "desc"}}}}`,
		`{"order_by": [{"name": "asc"}, {"id": "up"}], "distinct_on": ["name", "id"]}`, `{"distinct_on": "name", "order_by": [{"name": "asc"}]}`,
		`{"order_by": {"best_post": {"author": {"we_ird": "asc"}}}}`, `{"where": [], "order_by": 1}`, `{"nope": 1}`, `{"where": {"id": {"_eq": null}}}`, `{"":n`, `[`, ``,
	} {
		f.Add([]byte(seed))
	}
	users, quoted := fuzzedModel(f)
	f.Fuzz(func(t *testing.T, arguments []byte) {
		q, err := users.Query(&Role{admin: true}, arguments)
		if argument := new(ArgumentError); err != nil {
			if !errors.As(err, &argument) || q != nil {
				t.Fatalf("%v, %T %v", q, err, err)
			}
			return
		}
		r := users.Field("reports").Relationship.join
		columns := []*catalog.Column{users.Field("id").Column, users.Field("tags").Column}
		aggregates := []loaders.Aggregate{{Function: "count"}, {Function: "max", Columns: []*catalog.Column{users.Field("handle").Column}}}
		checkSQL(t, quoted, loaders.NewStatement(r, columns, q).SQL())
		checkSQL(t, quoted, loaders.NewAggregateStatement(r, aggregates, q).SQL())
	})
}

// sqlTokens are quoted names, parameters, words and numbers, operators, and whatever else stands there.
var sqlTokens = regexp.MustCompile(`"(?:[^"]|"")*"|\$[0-9]+|[A-Za-z_][A-Za-z_0-9]*|[0-9]+|[-+*/<>=~!@#%^&|?]+|\s+|.`)

// sqlWords are all that may stand unquoted: SQL's words, functions, and our names of rows and columns.
var sqlWords = regexp.MustCompile(`^(?:SELECT|DISTINCT|ON|FROM|WITH|ORDINALITY|AS|CROSS|JOIN|LATERAL|WHERE|AND|OR|NOT|IS|NULL|NULLS|FIRST|LAST|ANY|ALL|` +
	`OPERATOR|EXISTS|ORDER|BY|DESC|LIMIT|OFFSET|true|false|text|bigint|unnest|to_json|pg_catalog|similar_to_escape|ord|[tkac]|[acr][0-9]+|` +
	`count|sum|avg|min|max|stddev|stddev_pop|stddev_samp|variance|var_pop|var_samp)$`)

// sqlOperators are those of Hasura's comparisons, and what puts SQL together. 1 is a limit.
var sqlOperators = strings.Fields(`= <> > < >= <= ~~ !~~ ~~* !~~* ~ !~ ~* !~* @> <@ ? ?| ?& * ( ) [ ] , . : 1`)

func checkSQL(t *testing.T, quoted []string, sql string) {
	t.Helper()
	for _, token := range sqlTokens.FindAllString(sql, -1) {
		switch {
		case strings.TrimSpace(token) == "", token[0] == '$' && len(token) > 1, sqlWords.MatchString(token), slices.Contains(sqlOperators, token):
		case token[0] == '"' && slices.Contains(quoted, token):
		default:
			t.Fatalf("%q in %s", token, sql)
		}
	}
}

// fuzzedModel is a table of users with columns of many types and a name that needs quotes, and all names of its catalog,
// quoted.
func fuzzedModel(tb testing.TB) (*Type, []string) {
	tb.Helper()
	md, faults := metadata.Read(fstest.MapFS{
		"version.yaml": {Data: []byte("version: 3")},
		"databases/databases.yaml": {Data: []byte(`
- name: default
  kind: postgres
  configuration: {connection_info: {database_url: x}}
  tables:
  - table: {schema: public, name: users}
    configuration: {column_config: {'we"ird': {custom_name: we_ird}}}
    object_relationships:
    - {name: best_post, using: {manual_configuration: {remote_table: {schema: blog, name: posts}, column_mapping: {handle: title}}}}
    array_relationships:
    - {name: reports, using: {manual_configuration: {remote_table: {schema: public, name: users}, column_mapping: {id: 'we"ird', handle: handle}}}}
    - {name: posts, using: {manual_configuration: {remote_table: {schema: blog, name: posts}, column_mapping: {id: user_id}}}}
  - table: {schema: blog, name: posts}
    object_relationships:
    - {name: author, using: {manual_configuration: {remote_table: {schema: public, name: users}, column_mapping: {user_id: id}}}}
`)},
	})
	if err := faults.Err(); err != nil {
		tb.Fatal(err)
	}
	text, citext := fuzzedType("pg_catalog", "text", catalog.BaseType), fuzzedType("ext", "citext", catalog.BaseType)
	array := text
	array.Array = true
	users := &catalog.Table{Name: catalog.Name{Schema: "public", Name: "users"}, PrimaryKey: []string{"id"}, Columns: []*catalog.Column{
		{Name: "id", Type: fuzzedType("pg_catalog", "int8", catalog.BaseType)},
		{Name: "name", Type: text},
		{Name: "handle", Type: citext},
		{Name: `we"ird`, Type: fuzzedType("pg_catalog", "numeric", catalog.BaseType)},
		{Name: "mood", Type: fuzzedType("public", "mood", catalog.EnumType)},
		{Name: "tags", Type: array},
		{Name: "doc", Type: fuzzedType("pg_catalog", "jsonb", catalog.BaseType)},
		{Name: "ok", Type: fuzzedType("pg_catalog", "bool", catalog.BaseType)},
		{Name: "at", Type: fuzzedType("pg_catalog", "timestamptz", catalog.BaseType)},
	}}
	posts := &catalog.Table{Name: catalog.Name{Schema: "blog", Name: "posts"}, PrimaryKey: []string{"id"}, Columns: []*catalog.Column{
		{Name: "id", Type: fuzzedType("pg_catalog", "int4", catalog.BaseType)},
		{Name: "user_id", Type: fuzzedType("pg_catalog", "int8", catalog.BaseType)},
		{Name: "title", Type: citext},
	}}
	model, faults := NewModel(md, map[string]*Database{"default": {
		Source: &loaders.Source{Name: "default"}, Catalog: &catalog.Catalog{Tables: map[catalog.Name]*catalog.Table{users.Name: users, posts.Name: posts}},
	}}, Options{})
	if err := faults.Err(); err != nil {
		tb.Fatal(err)
	}
	return model.Type("users"), quotedNames(users, posts)
}

func fuzzedType(schema, name string, kind catalog.TypeKind) catalog.Type {
	of := catalog.Name{Schema: schema, Name: name}
	return catalog.Type{Name: of, Base: of, Kind: kind, BaseKind: kind}
}

func quotedNames(tables ...*catalog.Table) []string {
	names := []string{"pg_catalog", "text"}
	for _, t := range tables {
		names = append(names, t.Name.Schema, t.Name.Name)
		for _, c := range t.Columns {
			names = append(names, c.Name, c.Type.Base.Schema, c.Type.Base.Name)
		}
	}
	for i, name := range names {
		names[i] = pgx.Identifier{name}.Sanitize()
	}
	return names
}
