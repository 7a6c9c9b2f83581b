package joinery

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// denseRows fill testdata/differential so that every parent leads somewhere: what a user has one of, has two of or has
// many of is there for each of the 60.
const denseRows = `
	insert into users (id, name, handle, mood, manager_id, joined) select i, 'u' || i, 'h' || i, 'ok', greatest(i - 1, 1), '2020-01-01' from generate_series(1, 60) i;
	insert into blog.posts (id, user_id, title, mood, score, views, tags, published)
		select i, 1 + i % 60, 't' || i, 'ok', i / 4.0, i, '{a}', '2020-01-01' from generate_series(1, 240) i;
	insert into comments (id, post_id, author_id, parent_id, body, at)
		select lpad(i::text, 32, '0')::uuid, 1 + i % 240, 1 + i % 60, lpad(greatest(i - 1, 1)::text, 32, '0')::uuid, 'c' || i, '2020-01-01' from generate_series(1, 480) i;
	insert into tags select 'tag' || i from generate_series(1, 5) i;
	insert into taggings select i, 'tag' || j, j from generate_series(1, 240) i, generate_series(1, 5) j;
	insert into editions select i, l, l || i from generate_series(1, 240) i, unnest(array['en', 'de']) l;
	insert into notes select i, 1 + i % 240, 'en', 'n' || i from generate_series(1, 480) i;
	analyze`

// TestStatements counts the SQL statements of operations over one parent and over 60, of the admin and of a role with
// filters and limits: it is the same number. $n, $visits and $entities stand for so many parents.
func TestStatements(t *testing.T) {
	tests := []struct {
		name, query string
		want        int
	}{
		{"action alone", `{ visits(answer: $visits) { user_id } }`, 0},
		{"object", `{ visits(answer: $visits) { user { name } } }`, 1},
		{"object twice", `{ visits(answer: $visits) { user { name } again: user { id handle } } }`, 1},
		{"two objects", `{ visits(answer: $visits) { user { name } user_by_handle { name } } }`, 2},
		{"composite key", `{ visits(answer: $visits) { edition { title } } }`, 1},
		{"array", `{ visits(answer: $visits) { posts { id } } }`, 1},
		{"array with a limit", `{ visits(answer: $visits) { posts(limit: 2, offset: 1, order_by: {id: desc}) { id } } }`, 1},
		{"array with everything", `{ visits(answer: $visits) { posts(where: {author: {name: {_is_null: false}}}, distinct_on: mood, order_by: [{mood: asc}, {author: {name: asc}}], limit: 2) { id } } }`, 1},
		{"same arguments, other fields", `{ visits(answer: $visits) { a: posts(limit: 2) { id } b: posts(limit: 2) { title } } }`, 1},
		{"other arguments", `{ visits(answer: $visits) { a: posts(limit: 1) { id } b: posts(limit: 2) { id } } }`, 2},
		{"same variables", `{ visits(answer: $visits) { a: posts(limit: $n, where: {id: {_gt: 0}}) { id } b: posts(where: {id: {_gt: 0}}, limit: $n) { title } } }`, 1},
		{"aggregate", `{ visits(answer: $visits) { posts_aggregate { aggregate { count sum { views } max { score title } } } } }`, 1},
		{"aggregate twice", `{ visits(answer: $visits) { posts_aggregate { aggregate { count } } b: posts_aggregate { aggregate { avg { score } } } } }`, 1},
		{"aggregate with rows", `{ visits(answer: $visits) { posts_aggregate { aggregate { count } nodes { id } } } }`, 2},
		{"rows as nodes and beside", `{ visits(answer: $visits) { posts { id } posts_aggregate { nodes { title } } } }`, 1},
		{"aggregate with rows and their joins", `{ visits(answer: $visits) { posts_aggregate { aggregate { count } nodes { author { name } comments_aggregate { aggregate { count } } } } } }`, 4},
		{"nested members", `{ visits(answer: $visits) { home { post { id } } places { post { title } } grid { post { day } } } }`, 1},
		{"chain", `{ visits(answer: $visits) { user { posts { comments { author { name } } } } } }`, 4},
		{"cycle", `{ visits(answer: $visits) { user { manager { manager { manager { name } } } } } }`, 4},
		{"same relationship by two ways", `{ visits(answer: $visits) { user { posts { id } } user_by_handle { posts { title } } } }`, 3},
		{"fragments", `{ visits(answer: $visits) { ...A ...B ... on Visit { user { mood } } } } fragment A on Visit { user { name } } fragment B on Visit { user { id posts { id } } }`, 2},
		{"skipped", `{ visits(answer: $visits) { user_id user @skip(if: true) { name } } }`, 0},
		{"two actions", `{ a: visits(answer: $visits) { user { name } } b: visits(answer: $visits) { user { id } } }`, 1},
		{"lists of lists", `{ visit_grid(answer: $grid) { user { name posts { id } } } }`, 2},
		{"mutation", `mutation { add_visits(answer: $visits) { user { name } posts { id } } }`, 2},
		{"two mutations", `mutation { a: add_visits(answer: $visits) { user { name } } b: add_visits(answer: $visits) { user { name } } }`, 2},
		{"entities", `{ _entities(representations: $users) { ... on users { name } } }`, 1},
		{"entities and their joins", `{ _entities(representations: $users) { ... on users { name manager { name } posts(limit: 3) { title comments_aggregate { aggregate { count } } } } } }`, 4},
		{"entities by two keys", `{ _entities(representations: $mixed) { ... on users { name } } }`, 2},
		{"entities of two types", `{ _entities(representations: $types) { ... on users { name } ... on editions { title post { title } } } }`, 3},
		{"entities twice", `{ a: _entities(representations: $users) { ... on users { name } } b: _entities(representations: $users) { ... on users { handle } } }`, 1},
		{"aliased entities, wave by wave", `{
			a: _entities(representations: $users) { ... on users { posts { comments { author { name } } } } }
			b: _entities(representations: $users) { ... on users { name posts { title author { name } } manager { name } } }
			c: _entities(representations: []) { ... on users { reports { id } } }
		}`, 6},
		{"aliased entities at other depths", `{
			a: _entities(representations: $users) { ... on users { posts { id } } }
			b: _entities(representations: $users) { ... on users { manager { posts { id } } } }
		}`, 4},
		{"aliased entities by other keys and of other types", `{
			a: _entities(representations: $users) { ... on users { posts { id } } } b: _entities(representations: $mixed) { ... on users { posts { title } } }
			c: _entities(representations: $types) { ... on users { handle } ... on editions { title } }
		}`, 4},
		{"entities of an output", `{ _entities(representations: $outputs) { ... on Visit { user_id user { name } posts { id } } } }`, 2},
		{"entities beside an action", `{ _entities(representations: $users) { ... on users { posts { id } } } visits(answer: $visits) { user { posts { title } } } }`, 3},
		{"table", `{ users(limit: $n) { name } }`, 1},
		{"table with all of a row", `{ users(limit: $n) { manager { name } stats { posts } reports { id } posts { id } comments { id } posts_aggregate { aggregate { count } } } }`, 7},
		{"table filtered and ordered through relationships", `{ users(limit: $n, where: {posts: {comments: {body: {_like: "c%"}}}}, order_by: [{posts_aggregate: {max: {score: desc}}}, {manager: {name: asc}}]) { name } }`, 1},
		{"table by composite keys", `{ editions(limit: $n, order_by: {lang: desc, post_id: asc}) { notes { id edition { title } } } }`, 3},
		{"table of a many-to-many relationship", `{ articles(limit: $n) { taggings { label { about } } } }`, 3},
		{"table's aggregate", `{ users_aggregate(limit: $n) { aggregate { count } nodes { posts { id } } } }`, 3},
		{"computed fields", `{ visits(answer: $visits) { user { debt posts(where: {headline: {_is_null: false}}, order_by: {author: {debt: asc}}, limit: 2) { headline author { debt } } } } }`, 3},
		{"enum of a table", `{ users(limit: $n, where: {_or: [{level: {_is_null: true}}, {level: {_in: [low, mid]}}]}) { level } }`, 1},
		{"filtered by aggregates", `{ users(limit: $n, where: {posts_aggregate: {count: {predicate: {_gte: 0}, filter: {comments_aggregate: {count: {predicate: {_lt: 1000}}}}}}}) { name } }`, 1},
		{"two tables", `{ users(limit: $n) { name } articles(limit: $n) { author { name } } }`, 3},
		{"depth", `{ visits(answer: $visits) { posts(limit: 2) { author { reports { comments(limit: 1) { post { editions { title } } } } } } } }`, 6},
	}
	s := newStudy(t, Config{Metadata: withPermissions(t, []string{"viewer"}, func(string, string) map[string]any {
		noSuchTag := map[string]any{"_table": "tags", "_where": map[string]any{"name": "X-Hasura-Tag"}}
		return map[string]any{"filter": map[string]any{"_not": map[string]any{"_exists": noSuchTag}}, "limit": 1000}
	})})
	s.db.Exec(t, denseRows)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i, parents := range []int{1, 60, 1, 60} {
				s.header = nil
				if i >= 2 {
					s.header = http.Header{"X-Hasura-Role": {"viewer"}, "X-Hasura-Tag": {"none"}}
				}
				query, variables := request60(tt.query, parents)
				s.counter.Reset()
				data, errs := s.ask(query, variables)
				if errs != "" {
					t.Fatalf("%d parents: %s", parents, errs)
				}
				if got := firstList(t, data); got >= 0 && got != parents {
					t.Errorf("%d parents asked for, %d answered: %s", parents, got, data)
				}
				if got := s.counter.Count(); got != tt.want {
					t.Errorf("%d parents: %d statements, want %d:\n%s", parents, got, tt.want, strings.Join(s.counter.SQL(), "\n"))
				}
			}
		})
	}
}

// request60 declares the variables that a query uses and gives them values for so many parents.
func request60(query string, parents int) (string, string) {
	types := map[string]string{
		"n": "Int", "visits": "String!", "grid": "String!", "users": "[_Any!]!", "mixed": "[_Any!]!", "types": "[_Any!]!", "outputs": "[_Any!]!",
	}
	values := map[string]any{"n": parents}
	var visits, users, mixed, types2, outputs []any
	for i := 1; i <= parents; i++ {
		place := map[string]any{"name": "p", "post_id": i}
		visit := map[string]any{
			"user_id": i, "handle": fmt.Sprint("H", i), "post_id": i, "lang": "en", "home": place, "places": []any{place, place}, "grid": []any{[]any{place}, nil},
		}
		visits = append(visits, visit)
		users = append(users, map[string]any{"__typename": "users", "id": i})
		mixed = append(mixed, map[string]any{"__typename": "users", "id": i}, map[string]any{"__typename": "users", "handle": fmt.Sprint("h", i)})
		types2 = append(types2, users[i-1], map[string]any{"__typename": "editions", "post_id": i, "lang": "de"})
		outputs = append(outputs, map[string]any{"__typename": "Visit", "user_id": i})
	}
	text, _ := json.Marshal(visits)
	values["visits"], values["grid"] = string(text), "["+string(text)+"]"
	values["users"], values["mixed"], values["types"], values["outputs"] = users, mixed, types2, outputs
	var declared []string
	for name, typ := range types {
		if strings.Contains(query, "$"+name) {
			declared = append(declared, "$"+name+": "+typ)
		} else {
			delete(values, name)
		}
	}
	if !strings.HasPrefix(query, "mutation") {
		query = "query " + query
	}
	query = strings.Replace(query, " {", "("+strings.Join(declared, ", ")+") {", 1)
	variables, _ := json.Marshal(values)
	return query, string(variables)
}

// firstList is the length of the first root field, where it is a list of parents, else -1.
func firstList(t *testing.T, data json.RawMessage) int {
	t.Helper()
	var roots map[string]json.RawMessage
	if err := json.Unmarshal(data, &roots); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"visits", "users", "articles", "editions", "add_visits", "a"} {
		var list []json.RawMessage
		if json.Unmarshal(roots[name], &list) == nil && list != nil {
			return len(list)
		}
	}
	return -1
}
