package joinery

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/joinery-graphql/joinery/internal/pgtest"
)

const matrixSchema = `
	create table users (id int primary key, name text, active bool);
	create table posts (id int primary key, user_id int references users, title text, score int, floor int, public bool);
	create table comments (id int primary key, post_id int references posts, body text);
	create table flags (post_id int);
	create function shout(p posts) returns text stable language sql as 'select upper(p.title)';
	insert into users values (1, 'ann', true), (2, 'bo', false), (3, 'cy', true), (4, 'di', null);
	insert into posts values (1, 1, 'apple', 5, 3, true), (2, 1, 'bean', 2, 3, false), (3, 1, 'axe', 1, 0, false), (4, 2, 'corn', 4, 9, true),
		(5, 2, 'ash', null, 1, false), (6, 3, 'dill', 3, 3, true), (7, null, 'elk', 7, 1, false), (8, 3, null, 2, 1, null);
	insert into comments select i, nullif(i % 10, 9), case when i % 3 = 0 then 'a' else 'b' end || i from generate_series(1, 30) i where i % 10 between 1 and 9;
	insert into flags values (2), (4), (5)`

const (
	matrixUser = "1"
	matrixIDs  = "{2,3}"
)

// matrixRole is a kind of permission on posts, with the same rule in SQL over p.
type matrixRole struct {
	name, permission string // "" means none
	rule             string
	limit            string            // in SQL
	columns          string            // that it may see; "" means all
	noAggregates     bool              //
	roots            string            // "" means all
	cells            map[string]string // what columns are, where not themselves
}

const matrixAll = `columns: '*', computed_fields: [shout], allow_aggregations: true`

var matrixRoles = []matrixRole{
	{name: "everything", permission: `{` + matrixAll + `, filter: {}}`, rule: "true"},
	{name: "literal", permission: `{` + matrixAll + `, filter: {public: true}}`, rule: "p.public"},
	{name: "session", permission: `{` + matrixAll + `, filter: {user_id: {_eq: X-Hasura-User-Id}}}`, rule: "p.user_id = 1"},
	{name: "session_list", permission: `{` + matrixAll + `, filter: {user_id: {_in: x-hasura-ids}}}`, rule: "p.user_id in (2, 3)"},
	{name: "object", permission: `{` + matrixAll + `, filter: {author: {active: true}}}`, rule: "exists (select from users u where u.id = p.user_id and u.active)"},
	{
		name: "array", permission: `{` + matrixAll + `, filter: {comments: {body: {_like: "a%"}}}}`,
		rule: "exists (select from comments c where c.post_id = p.id and c.body like 'a%')",
	},
	{
		name: "logic", permission: `{` + matrixAll + `, filter: {_or: [{_not: {public: true}}, {_and: [{score: {_gte: 4}}, {floor: {_nin: [9]}}]}]}}`,
		rule: "(not p.public) or (p.score >= 4 and p.floor <> 9)",
	},
	{
		name: "exists", permission: `{` + matrixAll + `, filter: {_exists: {_table: flags, _where: {post_id: {_ceq: [$, id]}}}}}`,
		rule: "exists (select from flags f where f.post_id = p.id)",
	},
	{name: "column", permission: `{` + matrixAll + `, filter: {score: {_cgt: floor}}}`, rule: "p.score > p.floor"},
	{
		name: "far", permission: `{` + matrixAll + `, filter: {author: {posts: {comments: {post: {id: {_ceq: [$, id]}}}}}}}`,
		rule: "exists (select from users u, posts q, comments c where u.id = p.user_id and q.user_id = u.id and c.post_id = q.id and q.id = p.id)",
	},
	{name: "nulls", permission: `{` + matrixAll + `, filter: {user_id: {_neq: null}, public: {_is_null: false}}}`, rule: "p.user_id is not null and p.public is not null"},
	{name: "limit", permission: `{` + matrixAll + `, filter: {}, limit: 2}`, rule: "true", limit: "limit 2"},
	{name: "id_only", permission: `{columns: [id], filter: {public: true}, allow_aggregations: true}`, rule: "p.public", columns: "id"},
	{name: "title_only", permission: `{columns: [title], filter: {}, allow_aggregations: true}`, rule: "true", columns: "title"},
	{name: "no_computed", permission: `{columns: '*', filter: {}, allow_aggregations: true}`, rule: "true", columns: "id title score public"},
	{name: "no_aggregates", permission: `{columns: '*', computed_fields: [shout], filter: {public: false}}`, rule: "not p.public", noAggregates: true},
	{name: "no_roots", permission: `{` + matrixAll + `, filter: {}, query_root_fields: []}`, rule: "true", roots: "none"},
	{name: "by_key_only", permission: `{` + matrixAll + `, filter: {}, query_root_fields: [select_by_pk]}`, rule: "true", roots: "select_by_pk"},
	{name: "nothing"},
	{
		name: "inherited", rule: "p.user_id = 1 or p.public", // of session and readers
		cells: map[string]string{
			"score": "case when p.user_id = 1 then p.score end", "public": "case when p.user_id = 1 then p.public end",
			"shout": "case when p.user_id = 1 then shout(p) end",
		},
	},
	{name: "readers", permission: `{columns: [id, title], filter: {public: true}}`, rule: "p.public", columns: "id title", noAggregates: true},
}

// matrixWay is a way to posts, and its answer in SQL: RULE, LIMIT, [column] stand for the role's. needs are the columns
// that it names; aggregates and root say what else it needs.
type matrixWay struct {
	name, query, sql string
	needs            string
	aggregates       bool
	root             string
}

var matrixWays = []matrixWay{
	{
		name: "action to a row", query: `{ visit { post { id title } } }`, needs: "id title",
		sql: `select json_build_object('visit', json_build_object('post', (select json_build_object('id', [id], 'title', [title]) from posts p where p.id = 1 and (RULE))))`,
	},
	{
		name: "action to rows", query: `{ visit { posts(order_by: {id: asc}) { id score } } }`, needs: "id score",
		sql: `select json_build_object('visit', json_build_object('posts', (select coalesce(json_agg(r), '[]') from (select [id] as id, [score] as score from posts p where p.user_id = 1 and (RULE) order by [id] LIMIT) r)))`,
	},
	{
		name: "representation of an output", query: `{ _entities(representations: [{__typename: "Visit", post_id: 4, user_id: 2}]) { ... on Visit { post { title } posts(order_by: {id: asc}) { id } } } }`, needs: "id title",
		sql: `select json_build_object('_entities', json_build_array(json_build_object('post', (select json_build_object('title', [title]) from posts p where p.id = 4 and (RULE)),
			'posts', (select coalesce(json_agg(r), '[]') from (select [id] as id from posts p where p.user_id = 2 and (RULE) order by [id] LIMIT) r))))`,
	},
	{
		name: "representation of a row", query: `{ _entities(representations: [{__typename: "posts", id: 1}, {__typename: "posts", id: 7}, {__typename: "posts", id: 2}, {__typename: "posts", id: 404}]) { ... on posts { title } } }`,
		needs: "id title",
		sql:   `select json_build_object('_entities', (select json_agg((select json_build_object('title', [title]) from posts p where p.id = k and (RULE)) order by n) from unnest(array[1, 7, 2, 404]) with ordinality as keys(k, n)))`,
	},
	{
		name: "table to rows", query: `{ users(order_by: {id: asc}) { posts(order_by: {id: asc}) { id title } } }`, needs: "id title",
		sql: `select json_build_object('users', (select json_agg(json_build_object('posts', (select coalesce(json_agg(r), '[]') from (select [id] as id, [title] as title from posts p where p.user_id = u.id and (RULE) order by [id] LIMIT) r)) order by u.id) from users u))`,
	},
	{
		name: "table to a row", query: `{ comments(order_by: {id: asc}) { post { title score } } }`, needs: "title score",
		sql: `select json_build_object('comments', (select json_agg(json_build_object('post', (select json_build_object('title', [title], 'score', [score]) from posts p where p.id = c.post_id and (RULE))) order by c.id) from comments c))`,
	},
	{
		name: "rows of a row", query: `{ comments(order_by: {id: asc}, limit: 3) { post { author { posts(order_by: {id: asc}) { id } } } } }`, needs: "id",
		sql: `select json_build_object('comments', (select json_agg(json_build_object('post', (select json_build_object('author', (select json_build_object('posts', (select coalesce(json_agg(r), '[]')
			from (select [id] as id from posts p where p.user_id = u.id and (RULE) order by [id] LIMIT) r)) from users u where u.id = p.user_id)) from posts p where p.id = c.post_id and (RULE))) order by c.id) from (select * from comments order by id limit 3) c))`,
	},
	{
		name: "root rows", query: `{ posts(order_by: {id: asc}) { id title } }`, needs: "id title", root: "select",
		sql: `select json_build_object('posts', (select coalesce(json_agg(r), '[]') from (select [id] as id, [title] as title from posts p where RULE order by [id] LIMIT) r))`,
	},
	{
		name: "root rows with a limit", query: `{ posts(order_by: {id: asc}, limit: 3, offset: 1) { id } }`, needs: "id", root: "select",
		sql: `select json_build_object('posts', (select coalesce(json_agg(r), '[]') from (select * from (select [id] as id from posts p where RULE order by [id] limit 3 offset 1) s LIMIT) r))`,
	},
	{
		name: "root row by key", query: `{ a: posts_by_pk(id: 1) { title } b: posts_by_pk(id: 2) { title } c: posts_by_pk(id: 404) { title } }`, needs: "id title", root: "select_by_pk",
		sql: `select json_build_object('a', (select json_build_object('title', [title]) from posts p where id = 1 and (RULE)), 'b', (select json_build_object('title', [title]) from posts p where id = 2 and (RULE)), 'c', null)`,
	},
	{
		name: "root aggregate", query: `{ posts_aggregate { aggregate { count n: count(columns: score) sum { score } } } }`, needs: "score", aggregates: true, root: "select_aggregate",
		sql: `select json_build_object('posts_aggregate', json_build_object('aggregate', (select json_build_object('count', count(*), 'n', count([score]), 'sum', json_build_object('score', sum([score]))) from posts p where RULE)))`,
	},
	{
		name: "aggregate of rows", query: `{ users(order_by: {id: asc}) { posts_aggregate { aggregate { count max { score } } } } }`, needs: "score", aggregates: true,
		sql: `select json_build_object('users', (select json_agg(json_build_object('posts_aggregate', json_build_object('aggregate', (select json_build_object('count', count(*), 'max', json_build_object('score', max([score]))) from posts p where p.user_id = u.id and (RULE)))) order by u.id) from users u))`,
	},
	{
		name: "nodes", query: `{ visit { posts_aggregate(order_by: {id: asc}) { aggregate { count } nodes { id } } } }`, needs: "id", aggregates: true,
		sql: `select json_build_object('visit', json_build_object('posts_aggregate', json_build_object('aggregate', (select json_build_object('count', count(*)) from posts p where p.user_id = 1 and (RULE)),
			'nodes', (select coalesce(json_agg(r), '[]') from (select [id] as id from posts p where p.user_id = 1 and (RULE) order by [id] LIMIT) r))))`,
	},
	{
		name: "where through rows", query: `{ users(where: {posts: {score: {_gte: 2}}}, order_by: {id: asc}) { id } }`, needs: "score",
		sql: `select json_build_object('users', (select coalesce(json_agg(json_build_object('id', id) order by id), '[]') from users u where exists (select from posts p where p.user_id = u.id and (RULE) and [score] >= 2)))`,
	},
	{
		name: "where through no rows", query: `{ users(where: {_not: {posts: {}}}, order_by: {id: asc}) { id } }`,
		sql: `select json_build_object('users', (select coalesce(json_agg(json_build_object('id', id) order by id), '[]') from users u where not exists (select from posts p where p.user_id = u.id and (RULE))))`,
	},
	{
		name: "where through a row", query: `{ comments(where: {post: {title: {_like: "a%"}}}, order_by: {id: asc}) { id } }`, needs: "title",
		sql: `select json_build_object('comments', (select coalesce(json_agg(json_build_object('id', id) order by id), '[]') from comments c where exists (select from posts p where p.id = c.post_id and (RULE) and [title] like 'a%')))`,
	},
	{
		name: "order through a row", query: `{ comments(order_by: [{post: {score: asc_nulls_last}}, {id: desc}]) { id } }`, needs: "score",
		sql: `select json_build_object('comments', (select json_agg(json_build_object('id', id) order by (select [score] from posts p where p.id = c.post_id and (RULE)) asc nulls last, id desc) from comments c))`,
	},
	{
		name: "order by rows", query: `{ users(order_by: [{posts_aggregate: {count: desc}}, {id: asc}]) { id } }`, aggregates: true,
		sql: `select json_build_object('users', (select json_agg(json_build_object('id', id) order by (select count(*) from posts p where p.user_id = u.id and (RULE)) desc, id) from users u))`,
	},
	{
		name: "order by an aggregate of rows", query: `{ users(order_by: [{posts_aggregate: {max: {score: desc_nulls_last}}}, {id: asc}]) { id } }`, needs: "score", aggregates: true,
		sql: `select json_build_object('users', (select json_agg(json_build_object('id', id) order by (select max([score]) from posts p where p.user_id = u.id and (RULE)) desc nulls last, id) from users u))`,
	},
	{
		name: "own where", query: `{ posts(where: {_or: [{score: {_gt: 3}}, {score: {_is_null: true}}]}, order_by: {id: asc}) { id } }`, needs: "id score", root: "select",
		sql: `select json_build_object('posts', (select coalesce(json_agg(r), '[]') from (select [id] as id from posts p where (RULE) and ([score] > 3 or [score] is null) order by [id] LIMIT) r))`,
	},
	{
		name: "own order", query: `{ posts(order_by: [{score: desc_nulls_first}, {id: asc}]) { id score } }`, needs: "id score", root: "select",
		sql: `select json_build_object('posts', (select coalesce(json_agg(r), '[]') from (select [id] as id, [score] as score from posts p where RULE order by [score] desc nulls first, [id] LIMIT) r))`,
	},
	{
		name: "distinct", query: `{ posts(distinct_on: public, order_by: [{public: asc}, {id: asc}]) { id public } }`, needs: "id public", root: "select",
		sql: `select json_build_object('posts', (select coalesce(json_agg(r), '[]') from (select distinct on ([public]) [id] as id, [public] as public from posts p where RULE order by [public], [id] LIMIT) r))`,
	},
	{
		name: "computed field", query: `{ posts(order_by: {id: asc}) { shout } }`, needs: "id shout", root: "select",
		sql: `select json_build_object('posts', (select coalesce(json_agg(r), '[]') from (select [shout] as shout from posts p where RULE order by [id] LIMIT) r))`,
	},
	{
		name: "where by a computed field", query: `{ posts(where: {shout: {_like: "A%"}}, order_by: {id: asc}) { title } }`, needs: "id title shout", root: "select",
		sql: `select json_build_object('posts', (select coalesce(json_agg(r), '[]') from (select [title] as title from posts p where (RULE) and [shout] like 'A%' order by [id] LIMIT) r))`,
	},
	{
		name: "expression", query: `{ posts(order_by: {id: asc}) { id worth } }`, needs: "id score", root: "select",
		sql: `select json_build_object('posts', (select coalesce(json_agg(r), '[]') from (select [id] as id, coalesce([score], -1) * 2 as worth from posts p where RULE order by [id] LIMIT) r))`,
	},
	{
		name: "expression of a representation", query: `{ _entities(representations: [{__typename: "posts", id: 1}, {__typename: "posts", id: 7}, {__typename: "posts", id: 404}]) { ... on posts { worth } } }`,
		needs: "id score",
		sql:   `select json_build_object('_entities', (select json_agg((select json_build_object('worth', coalesce([score], -1) * 2) from posts p where p.id = k and (RULE)) order by n) from unnest(array[1, 7, 404]) with ordinality as keys(k, n)))`,
	},
	{
		name: "row to an action", query: `{ users(order_by: {id: asc}) { posts(order_by: {id: asc}) { id rated } } }`, needs: "id score",
		sql: `select json_build_object('users', (select json_agg(json_build_object('posts', (select coalesce(json_agg(r), '[]') from (select [id] as id, [score] as rated from posts p where p.user_id = u.id and (RULE) order by [id] LIMIT) r)) order by u.id) from users u))`,
	},
	{
		name: "row to an action to a row", query: `{ users(order_by: {id: asc}) { visited { post { id title } } } }`, needs: "id title",
		sql: `select json_build_object('users', (select json_agg(json_build_object('visited', json_build_object('post', (select json_build_object('id', [id], 'title', [title]) from posts p where p.id = u.id and (RULE)))) order by u.id) from users u))`,
	},
}

// denied says what keeps the role from going the way: a name that no statement may then hold.
func (r *matrixRole) denied(w *matrixWay) string {
	switch {
	case r.name == "nothing", w.aggregates && r.noAggregates, w.root != "" && r.roots != "" && r.roots != w.root:
		return `"posts"`
	}
	for _, need := range strings.Fields(w.needs) {
		if r.columns != "" && !slices.Contains(strings.Fields(r.columns), need) {
			return `"` + need + `"`
		}
	}
	return ""
}

func (r *matrixRole) expand(sql string) string {
	for _, c := range []string{"id", "title", "score", "public"} {
		cell := "p." + c
		if r.cells[c] != "" {
			cell = r.cells[c]
		}
		sql = strings.ReplaceAll(sql, "["+c+"]", cell)
	}
	shout := "shout(p)"
	if r.cells["shout"] != "" {
		shout = r.cells["shout"]
	}
	return strings.NewReplacer("[shout]", shout, "RULE", r.rule, "LIMIT", r.limit).Replace(sql)
}

// TestPermissionsMatrix goes every way to a table's rows with every kind of permission. The answer is what the same rule,
// written in SQL by hand, gives; or an error, and then no statement names what isn't permitted.
func TestPermissionsMatrix(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(t, matrixSchema)
	conn := db.Conn(t)
	counter := &pgtest.Counter{}
	service := startService(t, Config{
		Metadata: matrixMetadata(), DatabaseURL: db.URL, queryTracer: counter,
		Transport: roundTripper(answerMatrix),
	})
	cells := 0
	for i := range matrixRoles {
		for j := range matrixWays {
			r, w := &matrixRoles[i], &matrixWays[j]
			cells++
			t.Run(r.name+"/"+w.name, func(t *testing.T) {
				counter.Reset()
				answer := askMatrix(t, service, r, w)
				if hidden := r.denied(w); hidden != "" {
					checkDenied(t, answer, hidden, counter.SQL())
					return
				}
				var want string
				if err := conn.QueryRow(t.Context(), r.expand(w.sql), pgx.QueryExecModeSimpleProtocol).Scan(&want); err != nil {
					t.Fatalf("%v\n%s", err, r.expand(w.sql))
				}
				if got := indent(t, string(answer.Data)); len(answer.Errors) > 0 || got != indent(t, want) {
					t.Errorf("got %s %v\nwant %s", answer.Data, answer.Errors, want)
				}
			})
		}
	}
	if cells < 200 {
		t.Errorf("%d cells", cells)
	}
}

// answerMatrix answers the actions: rate with what it was given, visited with a post of the user's id.
func answerMatrix(r *http.Request) (*http.Response, error) {
	var payload struct {
		Action struct{ Name string }
		Input  struct {
			Scores json.RawMessage
			ID     int
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&payload); err != nil {
		return nil, err
	}
	switch payload.Action.Name {
	case "rate":
		return echoAnswer(r, string(payload.Input.Scores))
	case "visited":
		return echoAnswer(r, fmt.Sprintf(`{"post_id": %d}`, payload.Input.ID))
	}
	return echoAnswer(r, `{"post_id": 1, "user_id": 1}`)
}

// TestSessionsApart has callers of many sessions ask the same document at once: it has one plan, but each caller's
// statements and rows are its own.
func TestSessionsApart(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(t, matrixSchema)
	service := startService(t, Config{
		Metadata: matrixMetadata(), DatabaseURL: db.URL,
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) { return echoAnswer(r, `{"post_id": 1, "user_id": 1}`) }),
	})
	body := []byte(`{"query": "{ posts(order_by: {id: asc}) { id } visit { post { id } } _entities(representations: [{__typename: \"posts\", id: 4}]) { ... on posts { id } } }"}`)
	want := map[string]string{
		"1": `{"data":{"posts":[{"id":1},{"id":2},{"id":3}],"visit":{"post":{"id":1}},"_entities":[null]}}`,
		"2": `{"data":{"posts":[{"id":4},{"id":5}],"visit":{"post":null},"_entities":[{"id":4}]}}`,
		"3": `{"data":{"posts":[{"id":6},{"id":8}],"visit":{"post":null},"_entities":[null]}}`,
		"9": `{"data":{"posts":[],"visit":{"post":null},"_entities":[null]}}`,
	}
	var wg sync.WaitGroup
	for range 25 {
		for user, want := range want {
			wg.Go(func() {
				got := postWith(t, service, http.Header{"X-Hasura-Role": {"session"}, "X-Hasura-User-Id": {user}}, body)
				if got != indent(t, want) {
					t.Errorf("user %s: got %s", user, got)
				}
			})
		}
	}
	wg.Wait()
}

type matrixAnswer struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Path       []any
		Extensions struct{ Code string }
	}
}

func askMatrix(t *testing.T, service *Service, r *matrixRole, w *matrixWay) (answer matrixAnswer) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"query": w.query})
	header := http.Header{"X-Hasura-Role": {r.name}, "X-Hasura-User-Id": {matrixUser}, "X-Hasura-Ids": {matrixIDs}}
	if err := json.Unmarshal([]byte(postWith(t, service, header, body)), &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func checkDenied(t *testing.T, answer matrixAnswer, hidden string, sent []string) {
	t.Helper()
	if len(answer.Errors) == 0 {
		t.Fatalf("no error: %s", answer.Data)
	}
	for _, e := range answer.Errors {
		if e.Extensions.Code != "permission-denied" || len(e.Path) == 0 {
			t.Errorf("got %+v", e)
		}
	}
	for _, sql := range sent {
		selected, _, _ := strings.Cut(sql, " FROM ")
		if strings.Contains(sql, `"posts"`) && (hidden == `"posts"` || strings.Contains(selected, hidden)) {
			t.Errorf("%s in %s", hidden, sql)
		}
	}
}

func matrixMetadata() fstest.MapFS {
	var posts, others strings.Builder
	for _, r := range matrixRoles {
		if r.permission != "" {
			fmt.Fprintf(&posts, "  - {role: %s, permission: %s}\n", r.name, r.permission)
		}
		if r.name != "inherited" {
			fmt.Fprintf(&others, "  - {role: %s, permission: {columns: '*', filter: {}, allow_aggregations: true}}\n", r.name)
		}
	}
	var roles []string
	for _, r := range matrixRoles {
		roles = append(roles, "{role: "+r.name+"}")
	}
	return fstest.MapFS{
		"version.yaml":         {Data: []byte("version: 3")},
		"inherited_roles.yaml": {Data: []byte(`[{role_name: inherited, role_set: [session, readers]}]`)},
		"actions.graphql":      {Data: []byte("type Query { visit: Visit visited(id: Int!): Visit rate(scores: [Int]!): [Int]! }\ntype Visit { post_id: Int user_id: Int }")},
		"actions.yaml": {Data: []byte(`
actions:
- {name: visit, definition: {handler: "http://handler.test"}, permissions: &everybody [` + strings.Join(roles, ", ") + `]}
- {name: visited, definition: {handler: "http://handler.test"}, permissions: *everybody}
- {name: rate, definition: {handler: "http://handler.test"}, permissions: *everybody}
custom_types:
  objects:
  - name: Visit
    relationships:
    - {name: post, type: object, remote_table: posts, field_mapping: {post_id: id}}
    - {name: posts, type: array, remote_table: posts, field_mapping: {user_id: user_id}}
`)},
		"federation.yaml": {Data: []byte(`
types:
  posts:
    fields:
      worth: {type: Int, requires: score, expression: "coalesce(score, -1) * 2"}
      rated: {action: {name: rate, arguments: {scores: score}, batch: true}}
  users:
    fields:
      visited: {action: {name: visited, arguments: {id: id}}}
`)},
		"databases/databases.yaml": {Data: []byte(`
- name: default
  kind: postgres
  configuration: {connection_info: {database_url: {from_env: DATABASE_URL}}}
  tables:
  - table: flags
  - table: users
    array_relationships: [{name: posts, using: {foreign_key_constraint_on: {column: user_id, table: posts}}}]
    select_permissions:
` + indentLines(others.String()) + `
  - table: comments
    object_relationships: [{name: post, using: {foreign_key_constraint_on: post_id}}]
    select_permissions:
` + indentLines(others.String()) + `
  - table: posts
    computed_fields: [{name: shout, definition: {function: shout}}]
    object_relationships: [{name: author, using: {foreign_key_constraint_on: user_id}}]
    array_relationships: [{name: comments, using: {foreign_key_constraint_on: {column: post_id, table: comments}}}]
    select_permissions:
` + indentLines(posts.String()))},
	}
}

func indentLines(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ")
}
