package joinery

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/joinery-graphql/joinery/internal/pgtest"
)

// TestEveryType uses all that the schema has for a column, for columns of nearly all types: every operator with the
// value that Joinery itself answered, order_by, distinct_on, count and the aggregates.
func TestEveryType(t *testing.T) {
	columns := []struct{ name, typ, value string }{
		{"int2", "smallint", "5"},
		{"int4", "int", "5"},
		{"int8", "bigint", "9007199254740993"},
		{"num", "numeric", "1.50"},
		{"num_big", "numeric", "123456789012345678901234567890.5"},
		{"nan", "numeric", "NaN"},
		{"float4", "real", "1.5"},
		{"float8", "double precision", "1e-7"},
		{"inf", "double precision", "-Infinity"},
		{"money", "money", "12.50"},
		{"bool", "boolean", "false"},
		{"text", "text", `it's "q" \ %`},
		{"varchar", "varchar(9)", "vc"},
		{"bpchar", "char(5)", "ab"},
		{"char", `"char"`, "c"},
		{"name", "name", "nm"},
		{"citext", "ext.citext", "CiText"},
		{"uuid", "uuid", "7ffd68ba-535e-4c72-9051-17cd4e8ed594"},
		{"bytea", "bytea", `\x00ff`},
		{"date", "date", "2020-02-29"},
		{"date_bc", "date", "0044-03-15 BC"},
		{"time", "time", "12:30:00.5"},
		{"timetz", "timetz", "12:30:00+02"},
		{"ts", "timestamp", "2020-02-29 12:30"},
		{"tstz", "timestamptz", "2020-02-29 12:30:00.000001+05:30"},
		{"tstz_inf", "timestamptz", "infinity"},
		{"tstz_bc", "timestamptz", "0044-03-15 12:00:00+00 BC"},
		{"interval", "interval", "1 day 02:03:04.5"},
		{"inet", "inet", "10.0.0.1/8"},
		{"cidr", "cidr", "10.0.0.0/8"},
		{"mac", "macaddr", "08:00:2b:01:02:03"},
		{"bit", "bit(3)", "101"},
		{"varbit", "varbit", "10"},
		{"json", "json", `{"a": 1}`},
		{"jsonb", "jsonb", `{"a": [1, "x", null]}`},
		{"jsonb_text", "jsonb", `"x"`},
		{"xml", "xml", "<a/>"},
		{"tsvector", "tsvector", "a b"},
		{"range", "int4range", "[1,5)"},
		{"multirange", "int4multirange", "{[1,5)}"},
		{"point", "point", "(1,2)"},
		{"box", "box", "(1,1),(0,0)"},
		{"oid", "oid", "7"},
		{"mood", "mood", "Angry"},
		{"price", "price", "9.5"},
		{"email", "email", "A@b"},
		{"pair", "pair", "(1,x)"},
		{"bools", "boolean[]", "{t,f}"},
		{"ints", "int[]", "{1,NULL,3}"},
		{"bigs", "bigint[]", "{9007199254740993}"},
		{"nums", "numeric[]", "{1.50}"},
		{"texts", "text[]", `{a,"b c","NULL",""}`},
		{"empty", "text[]", "{}"},
		{"grid", "int[]", "{{1,2},{3,4}}"},
		{"uuids", "uuid[]", "{7ffd68ba-535e-4c72-9051-17cd4e8ed594}"},
		{"citexts", "ext.citext[]", "{A}"},
		{"moods", "mood[]", "{Angry}"},
		{"tstzs", "timestamptz[]", "{2020-02-29 12:30+00}"},
		{"jsonbs", "jsonb[]", `{"{\"a\": 1}"}`},
		{"prices", "price[]", "{9.5}"},
		{"list", "int_list", "{1,2}"},
	}
	definitions, values := []string{"id int primary key"}, []string{"1"}
	for _, c := range columns {
		definitions = append(definitions, fmt.Sprintf("%q %s", c.name, c.typ))
		values = append(values, "'"+strings.ReplaceAll(c.value, "'", "''")+"'")
	}
	db := pgtest.New(t)
	db.Exec(t, `create schema ext; create extension citext schema ext; create type mood as enum ('sad', 'Angry'); create domain price as numeric(5, 2);
		create domain email as ext.citext; create type pair as (a int, b text); create domain int_list as int[];
		create table things (`+strings.Join(definitions, ", ")+`); insert into things values (`+strings.Join(values, ", ")+`)`)
	s := &study{service: startService(t, Config{Introspection: true, DatabaseURL: db.URL, Metadata: fstest.MapFS{
		"version.yaml":             {Data: []byte("version: 3")},
		"databases/databases.yaml": {Data: []byte("[{name: default, kind: postgres, configuration: {connection_info: {database_url: x}}, tables: [{table: {schema: public, name: things}}]}]")},
	}})}
	row := s.object(t, "{ things { "+strings.Join(s.members(t, "things", "fields"), " ")+" } }", "things")
	comparisons := s.types(t, "things_bool_exp", "inputFields")
	for _, c := range columns {
		t.Run(c.name, func(t *testing.T) {
			value, ok := row[c.name]
			if !ok {
				t.Fatal("not in the schema")
			}
			if c.name == "pair" {
				value = json.RawMessage(`"(1,x)"`) // a composite is an object in answers, and Postgres' text in arguments
			}
			for operator, typ := range s.types(t, comparisons[c.name], "inputFields") {
				s.checkOperator(t, c.name, operator, typ, value)
			}
			for _, query := range []string{
				"{ things(order_by: {%[1]s: desc_nulls_last}) { id } }", "{ things(distinct_on: %[1]s) { id } }", "{ things(distinct_on: %[1]s, order_by: {%[1]s: asc}) { id } }",
				"{ things_aggregate { aggregate { a: count(columns: %[1]s) } } }", "{ things_aggregate { aggregate { a: count(columns: [%[1]s], distinct: true) } } }",
				"{ things_aggregate { aggregate { a: count(columns: [%[1]s, id], distinct: true) } } }",
			} {
				s.checkAnswer(t, fmt.Sprintf(query, c.name))
			}
		})
	}
	for function := range s.types(t, "things_aggregate_fields", "fields") {
		if function != "count" {
			s.checkFunction(t, function, row)
		}
	}
}

// checkOperator compares the column with its own value.
func (s *study) checkOperator(t *testing.T, column, operator, typ string, value json.RawMessage) {
	t.Helper()
	operand, want := string(value), "1"
	switch operator {
	case "_neq", "_gt", "_lt":
		want = "0"
	case "_in":
		operand = "[" + operand + "]"
	case "_nin":
		operand, want = "["+operand+"]", "0"
	case "_is_null":
		operand, want = "false", "1"
	case "_cast":
		operand = `{"String": {"_neq": "no"}}`
	case "_has_key":
		operand, want = `"a"`, ""
	case "_has_keys_any", "_has_keys_all":
		operand, want = `["a"]`, ""
	case "_like", "_ilike", "_similar", "_regex", "_iregex":
		operand = `"%"`
		if strings.HasSuffix(operator, "regex") {
			operand = `"."`
		}
	case "_nlike", "_nilike", "_nsimilar", "_nregex", "_niregex":
		operand, want = `"(zz)"`, "1"
	}
	if strings.HasPrefix(typ, "[") && (strings.Contains(operand, "null") || column == "grid" && operator != "_is_null") {
		return // GraphQL's lists have elements that may not be null, and one dimension
	}
	query := fmt.Sprintf("query($v: %s) { things_aggregate(where: {%s: {%s: $v}}) { aggregate { count } } }", typ, column, operator)
	data, errs := s.ask(query, `{"v": `+operand+`}`)
	got := strings.TrimSuffix(strings.TrimPrefix(string(data), `{"things_aggregate":{"aggregate":{"count":`), "}}}")
	if errs != "" || want != "" && got != want {
		t.Errorf("%s %s %s: got %s %s, want %s", column, operator, operand, got, errs, want)
	}
}

// checkAnswer wants an answer, or a refusal in our words.
func (s *study) checkAnswer(t *testing.T, query string) {
	t.Helper()
	if _, errs := s.ask(query, "{}"); errs != "" && !strings.Contains(errs, "have no order") {
		t.Errorf("%s: %s", query, errs)
	}
}

// checkFunction wants that min and max of a row are the row's values.
func (s *study) checkFunction(t *testing.T, function string, row map[string]json.RawMessage) {
	t.Helper()
	columns := s.members(t, "things_"+function+"_fields", "fields")
	query := fmt.Sprintf("{ things_aggregate { aggregate { %s { %s } } } }", function, strings.Join(columns, " "))
	data, errs := s.ask(query, "{}")
	var answer struct {
		Aggregate struct {
			Aggregate map[string]map[string]json.RawMessage `json:"aggregate"`
		} `json:"things_aggregate"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || errs != "" {
		t.Errorf("%s: %v %s", function, err, errs)
		return
	}
	for name, value := range answer.Aggregate.Aggregate[function] {
		if (function == "min" || function == "max") && string(value) != string(row[name]) {
			t.Errorf("%s of %s: got %s, want %s", function, name, value, row[name])
		}
	}
}

// object is the first object of a root field.
func (s *study) object(t *testing.T, query, root string) map[string]json.RawMessage {
	t.Helper()
	data, errs := s.ask(query, "{}")
	var answer map[string][]map[string]json.RawMessage
	if err := json.Unmarshal(data, &answer); err != nil || errs != "" {
		t.Fatalf("%s: %v %s", query, err, errs)
	}
	return answer[root][0]
}

// types are the members of a type, with their types as they are written.
func (s *study) types(t *testing.T, name, kind string) map[string]string {
	t.Helper()
	const typ = "type { name kind ofType { name kind ofType { name kind ofType { name kind ofType { name kind } } } } }"
	data, errs := s.ask(fmt.Sprintf("{ __type(name: %q) { members: %s { name %s } } }", name, kind, typ), "{}")
	var answer struct {
		Type *struct {
			Members []struct {
				Name string
				Type introspectedType
			}
		} `json:"__type"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || errs != "" || answer.Type == nil {
		t.Fatalf("type %q: %v %s", name, err, errs)
	}
	out := map[string]string{}
	for _, m := range answer.Type.Members {
		out[m.Name] = m.Type.String()
	}
	return out
}

func (s *study) members(t *testing.T, name, kind string) []string {
	t.Helper()
	var out []string
	for member := range s.types(t, name, kind) {
		out = append(out, member)
	}
	return out
}

type introspectedType struct {
	Name, Kind string
	OfType     *introspectedType
}

func (t introspectedType) String() string {
	switch t.Kind {
	case "LIST":
		return "[" + t.OfType.String() + "]"
	case "NON_NULL":
		return t.OfType.String() + "!"
	}
	return t.Name
}
