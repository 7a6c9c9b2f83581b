package subgraph_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/joinery-graphql/joinery/internal/testkit"
	"github.com/joinery-graphql/joinery/subgraph"
)

// TestLimits sends, for each limit, a document that just fits and one that just doesn't.
func TestLimits(t *testing.T) {
	const refused = `{"errors":[{"message":%q,"extensions":{"code":"limit-exceeded"}}]}`
	f := &fixture{files: blogFiles, sql: blogSQL, caller: blog(1)}
	databases := f.database(t)
	for _, c := range []struct {
		name, fits, exceeds string
		variables           [2]string
		limits              subgraph.Limits
		message             string
		limit               string // of the metric
	}{
		{
			name: "depth", fits: `{ one { user { name } } }`, exceeds: `{ one { user { boss { name } } } }`, limits: subgraph.Limits{Depth: 2},
			message: "operation is nested deeper than 2", limit: "depth",
		},
		{
			name: "depth through fragments", fits: `{ one { ...a } } fragment a on Item { user { name } }`,
			exceeds: `{ one { ... on Item { ...a } } } fragment a on Item { user { ...b } } fragment b on users { boss { name } }`, limits: subgraph.Limits{Depth: 2},
			message: "operation is nested deeper than 2", limit: "depth",
		},
		{
			name: "aliases", fits: `{ one { a: id b: id id } }`, exceeds: `{ one { a: id b: id c: id } }`, limits: subgraph.Limits{Aliases: 2},
			message: "operation has more than 2 aliases", limit: "aliases",
		},
		{
			name: "aliases through fragments", fits: `{ one { ...a } x: __typename } fragment a on Item { a: id }`, exceeds: `{ one { ...a user { ...b } } } fragment a on Item { a: id } fragment b on users { a: id b: id }`,
			limits: subgraph.Limits{Aliases: 2}, message: "operation has more than 2 aliases", limit: "aliases",
		},
		{
			name: "aliases in another operation", fits: `{ one { a: id } }`, exceeds: `{ one { a: id b: id c: id } } query q { __typename }`, limits: subgraph.Limits{Aliases: 2},
			message: "operation has more than 2 aliases", limit: "aliases",
		},
		{
			name: "root fields", fits: `{ one { id } __typename }`, exceeds: `{ one { id } ...q } fragment q on Query { a: __typename b: __typename }`, limits: subgraph.Limits{RootFields: 2},
			message: "operation has more than 2 root fields", limit: "root_fields",
		},
		{
			name: "fields", fits: `{ one { id user { id } } }`, exceeds: `{ one { id id ...a ...a } } fragment a on Item { id }`, limits: subgraph.Limits{Fields: 4},
			message: "operation selects more than 4 fields", limit: "fields",
		},
		{
			name: "fields of all operations", fits: `{ one { id } __typename }`, exceeds: `query a { one { id } } query b { one { id id } }`, limits: subgraph.Limits{Fields: 4},
			message: "operation selects more than 4 fields", limit: "fields",
		},
		{
			name: "tokens", fits: `{ one { id } }`, exceeds: `{ one { id id } }`, limits: subgraph.Limits{Tokens: 6},
			message: "document has more than 6 tokens", limit: "tokens",
		},
		{
			name: "complexity of limits", fits: `{ one { posts(limit: 3) { tags(limit: 2) { tag } } } }`, exceeds: `{ one { posts(limit: 3) { tags(limit: 3) { tag } } } }`,
			limits: subgraph.Limits{Complexity: 10}, message: "operation can give more than 10 objects: ask for fewer by limit", limit: "complexity",
		},
		{
			name: "complexity of lists without limit", fits: `{ list { id } }`, exceeds: `{ list { user { id } } }`,
			limits: subgraph.Limits{Complexity: 10}, message: "operation can give more than 10 objects: ask for fewer by limit", limit: "complexity",
		},
		{
			name: "complexity of limits in variables", fits: `query q($n: Int) { one { posts(limit: $n) { author { name } } } }`, exceeds: `query q($n: Int) { one { posts(limit: $n) { author { name } } } }`,
			variables: [2]string{`{"n":2}`, `{"n":3}`},
			limits:    subgraph.Limits{Complexity: 6}, message: "operation can give more than 6 objects: ask for fewer by limit", limit: "complexity",
		},
		{
			name: "complexity of a variable that isn't there", fits: `query q($n: Int) { one { posts(limit: $n) { author { name } } } }`, exceeds: `query q($n: Int) { one { posts(limit: $n) { author { name } } } }`,
			variables: [2]string{`{"n":10}`, `{}`},
			limits:    subgraph.Limits{Complexity: 21, ListSize: 11}, message: "operation can give more than 21 objects: ask for fewer by limit", limit: "complexity",
		},
		{
			name: "complexity of aggregates", fits: `{ one { posts_aggregate(limit: 3) { nodes { id } } } }`, exceeds: `{ one { posts_aggregate(limit: 3) { nodes { author { id } } } } }`,
			limits: subgraph.Limits{Complexity: 5}, message: "operation can give more than 5 objects: ask for fewer by limit", limit: "complexity",
		},
		{
			name: "complexity of huge limits", fits: `{ one { posts(limit: 0) { tags(limit: 2147483647) { post { id } } } } }`, exceeds: `{ one { posts(limit: 2147483647) { tags(limit: 2147483647) { post { id } } } } }`,
			message: "operation can give more than 100000 objects: ask for fewer by limit", limit: "complexity",
		},
		{
			name: "values", fits: `query q($w: users_bool_exp) { one { user { team(where: $w) { id } } } }`, exceeds: `query q($w: users_bool_exp) { one { user { team(where: $w) { id } } } }`,
			variables: [2]string{`{"w":{"id":{"_in":[1,2,3,4]}}}`, `{"w":{"id":{"_in":[1,2,3,4,5,6,7]}}}`},
			limits:    subgraph.Limits{Values: 14}, message: "variables have more than 14 values", limit: "values",
		},
		{
			name: "representations", fits: `query q($r: [_Any!]!) { _entities(representations: $r) { __typename } }`, exceeds: `query q($r: [_Any!]!) { _entities(representations: $r) { __typename } }`,
			variables: [2]string{`{"r":[{"__typename":"users","id":1}]}`, `{"r":[{"__typename":"users","id":1},{"__typename":"users","id":1}]}`},
			limits:    subgraph.Limits{Representations: 1}, message: "more than 1 representations", limit: "representations",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			reader := metric.NewManualReader()
			f.options = subgraph.Options{Limits: c.limits, Meter: metric.NewMeterProvider(metric.WithReader(reader)).Meter("")}
			h := f.handlerOn(t, databases)
			if got := post(t, h, body(c.fits, c.variables[0])); strings.Contains(got, `"errors"`) {
				t.Errorf("fits: %s", got)
			}
			for range 2 { // also of the cache
				got := post(t, h, body(c.exceeds, c.variables[1]))
				if c.limit == "representations" {
					got = strings.Replace(strings.Replace(got, `"data":null,`, "", 1), `"path":["_entities"],`, "", 1)
				}
				wantJSON(t, got, fmt.Sprintf(refused, c.message))
			}
			if got := refusals(t, reader)[c.limit]; got != 2 {
				t.Errorf("%d refusals are counted for %q, want 2", got, c.limit)
			}
		})
	}
}

// refusals are the values of joinery.limit.exceeded by joinery.limit.
func refusals(t *testing.T, reader *metric.ManualReader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != "joinery.limit.exceeded" {
				continue
			}
			for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
				limit, _ := p.Attributes.Value("joinery.limit")
				out[limit.AsString()] = p.Value
			}
		}
	}
	return out
}

// bombs are requests, most of them within the limit of tokens, that are meant to cost much: each is answered in little time, be it by
// a refusal.
func bombs() map[string]string {
	const where, any = `query($v: posts_bool_exp!) { one { posts(where: $v) { id } } }`, `query($v: [_Any!]!) { _entities(representations: $v) { __typename } }`
	repeat := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.NewReplacer("%[2]d", strconv.Itoa(i+1), "%d", strconv.Itoa(i)).Replace(format))
		}
		return b.String()
	}
	var all strings.Builder
	for i := range 60 {
		fmt.Fprintf(&all, " ...f%d", i)
	}
	documents := map[string]string{
		"one field again and again":            `{ ` + strings.Repeat("__typename ", 14_000) + `}`,
		"one field with arguments":             `{ one {` + strings.Repeat(" posts(limit: 1) { id }", 1_600) + `} }`,
		"fields within fields":                 `{ one {` + strings.Repeat(" user { boss { id name } }", 1_800) + `} }`,
		"aliases":                              `{ one {` + repeat(4_900, " a%d: id") + `} }`,
		"fragments that double":                `{ one { user { ...f0 } } }` + repeat(400, " fragment f%d on users { a: boss { ...f%[2]d } b: boss { ...f%[2]d } }") + ` fragment f400 on users { id }`,
		"fragments that double, same name":     `{ one { user { ...f0 boss { boss { boss { boss { id } } } } } } }` + repeat(20, " fragment f%d on users { boss { ...f%[2]d } boss { ...f%[2]d } }") + ` fragment f20 on users { id }`,
		"fragments side by side":               `{ one { user {` + repeat(1_200, " ...f%d") + ` } } }` + repeat(1_200, " fragment f%d on users { id name }"),
		"fragments in a cycle":                 `{ one { user { ...f0 } } }` + repeat(1_000, " fragment f%d on users { boss { ...f%[2]d } }") + ` fragment f1000 on users { boss { ...f0 } }`,
		"fragments that all spread each other": `{ __schema { ...f0 } } ` + repeat(60, ` fragment f%d on __Schema { description`+all.String()+` }`),
		"inline fragments":                     `{ one {` + strings.Repeat(" ...{", 3_000) + strings.Repeat(" id", 2_000) + strings.Repeat("}", 3_000) + ` } }`,
		"operations over one fragment":         repeat(1_400, "query q%d { ...f } ") + `fragment f on Query { ` + strings.Repeat("one { id } ", 1_300) + `}`,
		"unknown fields":                       `{` + repeat(14_000, " x%d") + `}`,
		"unknown arguments":                    `{ one(` + repeat(4_900, " x%d: 1") + `) { id } }`,
		"unknown directives":                   `{ one ` + repeat(7_000, " @x%d") + ` { id } }`,
		"variables":                            `query(` + repeat(2_400, " $v%d: Int = 1") + `) { __typename }`,
		"an input nested deep":                 `{ one { posts(where: ` + strings.Repeat("{_not: ", 3_500) + `{}` + strings.Repeat("}", 3_500) + `) { id } } }`,
		"a list nested deep":                   `{ one { posts(where: ` + strings.Repeat("[", 7_000) + strings.Repeat("]", 7_000) + `) { id } } }`,
		"an input with many members":           `{ one { posts(where: {` + strings.Repeat(" id: {}", 3_600) + `}) { id } } }`,
		"introspection":                        `{ __schema { types {` + strings.Repeat(" fields { type {", 1_700) + ` name ` + strings.Repeat("} }", 1_700) + `} } }`,
		"selections nested deep":               `{ one { user ` + strings.Repeat("{ boss ", 4_900) + `{ id }` + strings.Repeat("}", 4_900) + ` } }`,
		"a document of one long name":          `{ ` + strings.Repeat("x", 3<<20) + ` }`,
		"a document of comments":               `{ __typename ` + strings.Repeat("#\n", 1<<20) + ` }`,
		"a long string":                        `{ one { posts(where: {title: {_eq: "` + strings.Repeat(`\\u0041`, 300_000) + `"}}) { id } } }`,
	}
	out := map[string]string{
		"variable nested deep":       body(where, `{"v":`+strings.Repeat(`{"_not":`, 9_000)+`{}`+strings.Repeat("}", 9_000)+`}`),
		"variable nested too deep":   body(where, `{"v":`+strings.Repeat(`{"_not":`, 400_000)+`{}`+strings.Repeat("}", 400_000)+`}`),
		"variable of nested lists":   body(where, `{"v":`+strings.Repeat(`[`, 9_000)+strings.Repeat("]", 9_000)+`}`),
		"variable with many values":  body(where, `{"v":{"id":{"_in":[1`+strings.Repeat(",1", 1_500_000)+`]}}}`),
		"variable of conditions":     body(where, `{"v":{"_or":[`+repeat(10_000, `{"id":{"_eq":%d}},`)+`{}]}}`),
		"variable with a long list":  body(where, `{"v":{"_or":[{}`+strings.Repeat(",{}", 1_000_000)+`]}}`),
		"variable with a number":     body(where, `{"v":{"id":{"_eq":`+strings.Repeat("9", 3<<20)+`}}}`),
		"variable with an exponent":  body(where, `{"v":{"id":{"_eq":1e999999999}}}`),
		"representation nested deep": body(any, `{"v":[{"__typename":"users","id":`+strings.Repeat(`[`, 9_000)+strings.Repeat("]", 9_000)+`}]}`),
		"representation of members":  body(any, `{"v":[{`+repeat(200_000, `"m%d":1,`)+`"__typename":"users","id":1}]}`),
		"representations of numbers": body(any, `{"v":[{"__typename":"users","id":`+strings.Repeat("9", 3<<20)+`}]}`),
		"many operation names":       `{"query":"{ __typename }","operationName":"` + strings.Repeat("x", 3<<20) + `"}`,
		"many variables":             `{"query":"{ __typename }","variables":{` + repeat(200_000, `"v%d":1,`) + `"v":1}}`,
		"many extensions":            `{"query":"{ __typename }","extensions":{` + repeat(200_000, `"v%d":1,`) + `"v":1}}`,
	}
	for name, document := range documents {
		out[name] = body(document, "")
	}
	return out
}

func TestBombs(t *testing.T) {
	f := &fixture{files: blogFiles, sql: blogSQL, caller: blog(1)}
	for _, suggestions := range []bool{true, false} {
		f.closed = !suggestions
		h := f.handler(t)
		for name, text := range bombs() {
			t.Run(fmt.Sprintf("%s, suggestions %v", name, suggestions), func(t *testing.T) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := testkit.CPUTime(t)
				got := post(t, h, text)
				took := testkit.CPUTime(t) - start
				runtime.ReadMemStats(&after)
				allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
				if !json.Valid([]byte(got)) {
					t.Errorf("got %.200s", got)
				}
				if len(got) > 100_000 {
					t.Errorf("an answer of %d bytes", len(got))
				}
				t.Logf("%v and %d MiB for %d bytes: %.100s", took, allocated, len(text), got)
				if took > bombTime || allocated > bombMemory {
					t.Errorf("took %v of CPU time and %d MiB", took, allocated)
				}
			})
		}
	}
}

// Without the limits most bombs take minutes, or all memory: these bounds tell that from a slow machine and the race
// detector.
const (
	bombTime   = 30 * time.Second
	bombMemory = 2000 // MiB allocated, most of it one after the other
)
