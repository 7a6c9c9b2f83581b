package joinery

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestBadInput sends what a client should not. Each gives an error of a fixed code whose words are ours, nothing is
// logged as our fault, and the service goes on.
func TestBadInput(t *testing.T) {
	const (
		invalid  = "GRAPHQL_VALIDATION_FAILED"
		argument = "invalid-argument"
		key      = "data-exception"
	)
	nested := func(open, inner, closing string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
	}
	tests := []struct {
		name, query, variables string
		code, message          string // of the first error; message is a part of it
	}{
		{"unknown column", `{ users(where: {nope: {_eq: 1}}) { id } }`, ``, invalid, `Field "nope" is not defined by type "users_bool_exp"`},
		{"unknown column in a variable", `query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w": {"nope": {"_eq": 1}}}`, invalid, `unknown field`},
		{"unknown column, deep in a variable", `query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w": {"_or": [{"posts": {"nope": 1}}]}}`, invalid, `unknown field`},
		{"unknown operator", `{ users(where: {id: {_near: 1}}) { id } }`, ``, invalid, `Field "_near" is not defined by type "bigint_comparison_exp"`},
		{"unknown operator in a variable", `query($c: bigint_comparison_exp) { users(where: {id: $c}) { id } }`, `{"c": {"_near": 1}}`, invalid, `unknown field`},
		{"operator of another type", `{ users(where: {id: {_like: "1%"}}) { id } }`, ``, invalid, `Field "_like" is not defined`},
		{"unknown argument", `{ users(first: 1) { id } }`, ``, invalid, `Unknown argument "first"`},
		{"unknown column in distinct_on", `{ users(distinct_on: nope) { id } }`, ``, invalid, `"nope"`},
		{"unknown column in a variable of distinct_on", `query($d: [users_select_column!]) { users(distinct_on: $d) { id } }`, `{"d": ["nope"]}`, invalid, `not a valid users_select_column`},
		{"unknown column in count", `query($d: [users_select_column!]) { users_aggregate { aggregate { count(columns: $d) } } }`, `{"d": ["nope"]}`, invalid, `not a valid users_select_column`},
		{"sum of a text", `{ users_aggregate { aggregate { sum { name } } } }`, ``, invalid, `Cannot query field "name"`},
		{"unknown order", `{ users(order_by: {id: up}) { id } }`, ``, invalid, `"up" does not exist in "order_by" enum`},
		{"unknown order in a variable", `query($o: [users_order_by!]) { users(order_by: $o) { id } }`, `{"o": [{"id": "up"}]}`, invalid, `not a valid order_by`},
		{"order in another case", `query($o: [users_order_by!]) { users(order_by: $o) { id } }`, `{"o": [{"id": "ASC"}]}`, invalid, `invalid value of enum order_by`},
		{"order by an unknown column in a variable", `query($o: [users_order_by!]) { users(order_by: $o) { id } }`, `{"o": {"nope": "asc"}}`, invalid, `unknown field`},
		{"order by an array relationship", `{ users(order_by: {posts: {id: asc}}) { id } }`, ``, invalid, `"posts"`},
		{"distinct without its order", `{ users(distinct_on: [name], order_by: {id: asc}) { id } }`, ``, argument, `"distinct_on" columns must match initial "order_by" columns`},

		{"negative limit", `{ users(limit: -1) { id } }`, ``, argument, `limit: unexpected negative value`},
		{"negative limit in a variable", `query($n: Int) { users(limit: $n) { id } }`, `{"n": -1}`, argument, `limit: unexpected negative value`},
		{"negative offset", `{ users { posts(offset: -9) { id } } }`, ``, argument, `offset: unexpected negative value`},
		{"limit as text", `{ users(limit: "1") { id } }`, ``, invalid, `Int cannot represent non-integer value: "1"`},
		{"limit as text in a variable", `query($n: Int) { users(limit: $n) { id } }`, `{"n": "1"}`, invalid, `invalid value of type Int`},
		{"limit with a fraction", `query($n: Int) { users(limit: $n) { id } }`, `{"n": 1.5}`, invalid, ``},
		{"limit beyond Int", `{ users(limit: 99999999999999999999) { id } }`, ``, invalid, `Int cannot represent non 32-bit signed integer value`},
		{"limit as a list", `query($n: Int) { users(limit: $n) { id } }`, `{"n": [1]}`, invalid, ``},
		{"where as a list", `query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w": [{"id": {"_eq": 1}}]}`, invalid, `must be a users_bool_exp`},
		{"where as text", `{ users(where: "id = 1") { id } }`, ``, invalid, ``},
		{"comparisons as a value", `{ users(where: {id: 1}) { id } }`, ``, invalid, ``},
		{"variable of another type", `query($w: notes_bool_exp) { users(where: $w) { id } }`, `{}`, invalid, `expecting type "users_bool_exp"`},

		{"null in a comparison", `{ users(where: {name: {_eq: null}}) { id } }`, ``, argument, `where.name._eq: unexpected null value`},
		{"null in a comparison's variable", `query($v: String) { users(where: {name: {_eq: $v}}) { id } }`, `{"v": null}`, argument, `where.name._eq: unexpected null value`},
		{"null in a whole variable", `query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w": {"id": {"_in": null}}}`, argument, `where.id._in: unexpected null value`},
		{"null among a list", `{ users(where: {id: {_in: [1, null]}}) { id } }`, ``, invalid, ``},
		{"null among a variable's list", `query($l: [bigint!]) { users(where: {id: {_in: $l}}) { id } }`, `{"l": [1, null]}`, invalid, `cannot be null`},
		{"null instead of comparisons", `{ users(where: {name: null}) { id } }`, ``, argument, `where.name: expecting an object`},
		{"null for _not", `{ users(where: {_not: null}) { id } }`, ``, argument, `where._not: expecting an object`},
		{"_is_null of a number", `{ users(where: {name: {_is_null: 1}}) { id } }`, ``, invalid, `Boolean cannot represent a non boolean value: 1`},
		{"_is_null of a text in a variable", `query($v: Boolean) { users(where: {name: {_is_null: $v}}) { id } }`, `{"v": "true"}`, invalid, `Boolean`},
		{"_is_null of null", `{ users(where: {name: {_is_null: null}}) { id } }`, ``, argument, `where.name._is_null: unexpected null value`},

		{"unknown enum value", `{ users(where: {mood: {_eq: "nope"}}) { id } }`, ``, argument, `invalid value in an argument`},
		{"unknown enum value in a list", `{ users(where: {mood: {_in: ["ok", "nope"]}}) { id } }`, ``, argument, `invalid value in an argument`},
		{"unknown value of an enum table", `{ users(where: {level: {_eq: top}}) { id } }`, ``, invalid, `Value "top" does not exist in "levels_enum" enum`},
		{"unknown value of an enum table in a variable", `query($v: [levels_enum!]) { users(where: {level: {_in: $v}}) { id } }`, `{"v": ["low", "LOW"]}`, invalid, `variable "$v"`},
		{"pattern for an enum table", `{ users(where: {level: {_like: "l%"}}) { id } }`, ``, invalid, `Field "_like" is not defined`},
		{"order of an enum table's values", `{ users(where: {level: {_gt: low}}) { id } }`, ``, invalid, `Field "_gt" is not defined`},
		{"text for a computed numeric", `{ users(where: {debt: {_gt: "much"}}) { id } }`, ``, argument, `invalid value in an argument`},
		{"distinct computed field", `{ users(distinct_on: debt) { id } }`, ``, invalid, `Value "debt" does not exist`},
		{"aggregate of a computed field", `{ users_aggregate { aggregate { sum { debt } } } }`, ``, invalid, `Cannot query field "debt"`},
		{"text for a numeric", `{ users(where: {balance: {_gt: "much"}}) { id } }`, ``, argument, `invalid value in an argument`},
		{"unknown time zone", `{ users(where: {joined: {_lt: "2020-01-01 00:00 Middle/Earth"}}) { id } }`, ``, argument, `invalid value in an argument`},
		{"text for a bigint", `{ users(where: {id: {_eq: "x"}}) { id } }`, ``, argument, `where.id._eq: invalid input syntax for type bigint`},
		{"too large for a bigint", `query($v: bigint) { users(where: {id: {_eq: $v}}) { id } }`, `{"v": 99999999999999999999}`, argument, `where.id._eq: invalid input syntax for type bigint`},
		{"too large for an Int", `{ articles(where: {id: {_in: [1, 3000000000]}}) { id } }`, ``, invalid, `Int cannot represent non 32-bit signed integer value`},
		{"object for a bigint", `{ users(where: {id: {_eq: {a: 1}}}) { id } }`, ``, argument, `where.id._eq: invalid input syntax for type bigint`},
		{"object for a numeric in a variable", `query($v: numeric) { users(where: {balance: {_eq: $v}}) { id } }`, `{"v": {"a": [1]}}`, argument, `where.balance._eq: invalid input syntax for type numeric`},
		{"no time", `{ users(where: {joined: {_lt: "someday"}}) { id } }`, ``, argument, `invalid value in an argument`},
		{"no date", `{ articles(where: {day: {_lt: "2021-02-30"}}) { id } }`, ``, argument, `invalid value in an argument`},
		{"no uuid", `{ comments(where: {id: {_eq: "7ffd"}}) { id } }`, ``, argument, `where.id._eq: invalid input syntax for type uuid`},
		{"number for a text", `{ users(where: {name: {_eq: 1}}) { id } }`, ``, invalid, `String cannot represent a non string value: 1`},
		{"zero byte in a text", `{ users(where: {name: {_eq: "a\u0000b"}}) { id } }`, ``, argument, `where.name._eq: invalid input syntax for type text`},
		{"zero byte in jsonb", `{ users(where: {doc: {_eq: {a: "\u0000"}}}) { id } }`, ``, argument, `invalid value in an argument`},
		{"zero byte in a key", `{ users(where: {doc: {_has_key: "\u0000"}}) { id } }`, ``, argument, `where.doc._has_key: invalid input syntax for type text`},
		{"zero byte in an array", `{ users(where: {tags: {_contains: ["\u0000"]}}) { id } }`, ``, argument, `where.tags._contains: invalid input syntax for type text`},
		{"list of lists for an array", `query($v: [String!]) { users(where: {tags: {_eq: $v}}) { id } }`, `{"v": [["a"], ["b", "c"]]}`, invalid, `invalid value of type String`},
		{"invalid regular expression", `{ articles(where: {title: {_regex: "(["}}) { id } }`, ``, argument, `invalid value in an argument`},
		{"invalid pattern", `{ articles(where: {title: {_like: "t\\"}}) { id } }`, ``, argument, `invalid value in an argument`},
		{"invalid SIMILAR TO pattern", `{ articles(where: {title: {_similar: "(["}}) { id } }`, ``, argument, `invalid value in an argument`},

		{"key of another type", `{ users_by_pk(id: "x") { id } }`, ``, key, `invalid input syntax for type bigint`},
		{"key left out", `{ users_by_pk { id } }`, ``, invalid, `"id" of type "bigint!" is required`},
		{"null key", `query($id: bigint!) { users_by_pk(id: $id) { id } }`, `{"id": null}`, invalid, `cannot be null`},
		{"half a key", `{ editions_by_pk(lang: "en") { title } }`, ``, invalid, `"post_id" of type "Int!" is required`},

		{"ninety nested _and", `{ users(where: ` + nested("{_and: ", "{}", "}", 90) + `) { id } }`, ``, argument, `nested deeper than 50`},
		{"a thousand nested _and in lists", `{ users(where: ` + nested("{_and: [", "{}", "]}", 1000) + `) { id } }`, ``, "limit-exceeded", `a value is nested deeper than 100`},
		{"a thousand nested _and in a variable", `query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w": ` + nested(`{"_and": [`, "{}", "]}", 1000) + `}`, argument, `nested deeper than 50`},
		{"a thousand nested _not in a variable", `query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w": ` + nested(`{"_not": `, "{}", "}", 1000) + `}`, argument, `nested deeper than 50`},
		{"a thousand nested relationships", `query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w": ` + nested(`{"manager": `, "{}", "}", 1000) + `}`, argument, `nested deeper than 50`},
		{"a thousand nested aggregates", `query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w": ` + nested(`{"reports_aggregate": {"count": {"predicate": {}, "filter": `, "{}", "}}}", 1000) + `}`, argument, `nested deeper than 50`},
		{"condition on an aggregate without a predicate", `query($c: blog_posts_aggregate_bool_exp_count!) { users(where: {posts_aggregate: {count: $c}}) { id } }`, `{"c": {"distinct": true}}`, invalid, `predicate`},
		{"null predicate", `query($p: Int_comparison_exp!) { users(where: {posts_aggregate: {count: {predicate: $p}}}) { id } }`, `{"p": null}`, invalid, `cannot be null`},
		{"text for a count", `{ users(where: {posts_aggregate: {count: {predicate: {_gt: "1"}}}}) { id } }`, ``, invalid, `Int cannot represent`},
		{"unknown function in a condition", `{ users(where: {posts_aggregate: {sum: {predicate: {_gt: 1}}}}) { id } }`, ``, invalid, `Field "sum" is not defined`},
		{"distinct count of json", `{ users(where: {posts_aggregate: {count: {arguments: [nope], predicate: {}}}}) { id } }`, ``, invalid, `Value "nope" does not exist`},
		{"a thousand nested orders", `query($o: [users_order_by!]) { users(order_by: $o) { id } }`, `{"o": ` + nested(`{"manager": `, `{"id": "asc"}`, "}", 1000) + `}`, argument, `nested deeper than 50`},
		{"a million brackets", `query($w: users_bool_exp) { users(where: $w) { id } }`, `{"w": ` + nested(`[`, "", "]", 1_000_000) + `}`, "bad-request", ``},
		{"a million literal brackets", `{ users(where: ` + nested(`[`, "", "]", 1_000_000) + `) { id } }`, ``, "limit-exceeded", ``},
		{"100,000 values as literals", `{ users(where: {id: {_in: [` + strings.Repeat("1,", 100_000) + `]}}) { id } }`, ``, "limit-exceeded", ``},
		{"100,000 values, one of them wrong", `query($l: [bigint!]) { users(where: {id: {_in: $l}}) { id } }`, `{"l": [` + strings.Repeat("1,", 100_000) + `"x"]}`, argument, `where.id._in: invalid input syntax for type bigint`},

		{"fragment within itself", `{ users { ...F } } fragment F on users { id manager { ...F } }`, ``, invalid, `Cannot spread fragment "F" within itself`},
		{"fragments within each other", `{ users { ...F } } fragment F on users { manager { ...G } } fragment G on users { ...F }`, ``, invalid, `Cannot spread fragment`},
		{"unused cyclic fragment", `{ users { id } } fragment F on users { ...F }`, ``, invalid, ``},
		{"unknown fragment", `{ users { ...F } }`, ``, invalid, `Unknown fragment "F"`},
		{"one key, two arguments", `{ users { posts(limit: 1) { id } posts(limit: 2) { id } } }`, ``, invalid, `conflict`},
	}
	var log strings.Builder
	s := newStudy(t, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	s.db.Exec(t, denseRows)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log.Reset()
			if tt.variables == "" {
				tt.variables = "{}"
			}
			_, errs := s.ask(tt.query, tt.variables)
			checkBadInput(t, errs, tt.code, tt.message)
			if log.Len() > 0 {
				t.Errorf("logged as our fault: %s", log.String())
			}
		})
	}
	if data, errs := s.ask(`{ users_by_pk(id: 1) { name } }`, "{}"); errs != "" || string(data) != `{"users_by_pk":{"name":"u1"}}` {
		t.Errorf("after all that: %s %s", data, errs)
	}
}

func checkBadInput(t *testing.T, errs, code, message string) {
	t.Helper()
	var list []struct {
		Message    string
		Extensions struct{ Code string }
	}
	if err := json.Unmarshal([]byte(errs), &list); err != nil || len(list) == 0 {
		t.Fatalf("no errors: %.300s", errs)
	}
	if !strings.Contains(list[0].Message, message) {
		t.Errorf("message %.300q lacks %q", list[0].Message, message)
	}
	for _, e := range list {
		if e.Extensions.Code != code {
			t.Errorf("code %q, want %q: %.300s", e.Extensions.Code, code, e.Message)
		}
		if len(e.Message) > 1000 {
			t.Errorf("message of %d bytes: %.300s", len(e.Message), e.Message)
		}
		for _, word := range []string{"SQLSTATE", "ERROR", "pg_", "regular expression", "stack", "goroutine"} {
			if strings.Contains(e.Message, word) {
				t.Errorf("message has %q: %.300s", word, e.Message)
			}
		}
	}
}

// TestWrongKey has a key that is no value of the column's type beside others, below arguments: it costs its own place only,
// and isn't taken for a wrong argument; nor is that taken for a wrong key.
func TestWrongKey(t *testing.T) {
	s := newStudy(t, Config{})
	s.db.Exec(t, denseRows)
	const answer = `[{"at": "2020-01-01T00:00:00Z"}, {"at": "someday"}, {"at": null}]`
	tests := []struct{ name, arguments, want, code string }{
		{"no arguments", ``, `{"visits":[{"n":{"aggregate":{"count":480}}},null,{"n":{"aggregate":{"count":0}}}]}`, "data-exception"},
		{"arguments", `(limit: 5)`, `{"visits":[{"n":{"aggregate":{"count":5}}},null,{"n":{"aggregate":{"count":0}}}]}`, "data-exception"},
		{"wrong arguments", `(where: {body: {_regex: "("}})`, `{"visits":[null,null,{"n":{"aggregate":{"count":0}}}]}`, "invalid-argument"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, _ := json.Marshal(answer)
			data, errs := s.ask(`{ visits(answer: `+string(text)+`) { n: comments_then_aggregate`+tt.arguments+` { aggregate { count } } } }`, `{}`)
			checkBadInput(t, errs, tt.code, "")
			if string(data) != tt.want {
				t.Errorf("got %s, want %s", data, tt.want)
			}
		})
	}
}

// TestLargeInput sends what is large, but right.
func TestLargeInput(t *testing.T) {
	s := newStudy(t, Config{})
	s.db.Exec(t, denseRows)
	var ids, names []string
	for i := range 100_000 {
		ids, names = append(ids, fmt.Sprint(i+2)), append(names, fmt.Sprintf("%q", fmt.Sprint("u", i+2)))
	}
	tests := []struct{ name, query, variables, want string }{
		{"100,000 numbers", `query($l: [bigint!]) { users_aggregate(where: {id: {_in: $l}}) { aggregate { count } } }`, `{"l": [` + strings.Join(ids, ",") + `]}`, `{"users_aggregate":{"aggregate":{"count":59}}}`},
		{"100,000 texts", `query($l: [String!]) { users_aggregate(where: {name: {_nin: $l}}) { aggregate { count } } }`, `{"l": [` + strings.Join(names, ",") + `]}`, `{"users_aggregate":{"aggregate":{"count":1}}}`},
		{"49 nested _not", `query($w: users_bool_exp) { users_aggregate(where: $w) { aggregate { count } } }`, `{"w": ` + strings.Repeat(`{"_not": `, 48) + `{"id": {"_lt": 3}}` + strings.Repeat("}", 48) + `}`, `{"users_aggregate":{"aggregate":{"count":2}}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data, errs := s.ask(tt.query, tt.variables)
			if string(data) != tt.want {
				t.Errorf("got %s %.300s, want %s", data, errs, tt.want)
			}
		})
	}
}
