package subgraph_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/joinery-graphql/joinery/auth"
)

// as asks by a role, as a caller does who knows the admin secret.
func (f *fixture) as(t testing.TB) func(role, body string, header ...string) *httptest.ResponseRecorder {
	f.options.Auth = auth.New(auth.Config{AdminSecret: "s"})
	h := f.handler(t)
	return func(role, body string, header ...string) *httptest.ResponseRecorder {
		r := newRequest(t, body)
		r.Header.Set("X-Hasura-Admin-Secret", "s")
		r.Header.Set("X-Hasura-Role", role)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return do(h, r)
	}
}

const accessFiles = emptyMetadata + `
-- actions.yaml --
actions:
- name: echo
  definition: {handler: http://handler.test}
  permissions: [{role: user}, {role: editor}]
-- actions.graphql --
type Query { echo(a: Int, b: In, s: String): Out }
input In { x: Int y: Int }
type Out { a: Int out: Out }
-- query_collections.yaml --
- name: all
  definition:
    queries:
    - name: one
      query: |
        query one($a: Int = 1) { # a comment
          e: echo(a: $a, b: {x: 1, y: 2}, s: "x") { a ...f }
        }
        fragment f on Out { a }
- name: editors
  definition:
    queries:
    - {name: two, query: "{ echo { a } }"}
-- allow_list.yaml --
- {collection: all, scope: {global: true}}
- {collection: editors, scope: {global: false, roles: [editor]}}
`

func TestAllowList(t *testing.T) {
	f := &fixture{files: accessFiles, caller: echo}
	f.options.AllowList = true
	ask := f.as(t)
	const one = `query one($a: Int = 1) { e: echo(a: $a, b: {x: 1, y: 2}, s: "x") { a ...f } } fragment f on Out { a }`
	for _, c := range []struct {
		name, role, document string
		allowed              bool
	}{
		{"as it is", "user", one, true},
		{"other white space", "user", strings.ReplaceAll(one, " ", "\n,\t"), true},
		{"__typename", "user", strings.ReplaceAll(one, "{ a ", "{ __typename a t: __typename "), true},
		{"order of arguments and members", "user", strings.ReplaceAll(one, `a: $a, b: {x: 1, y: 2}, s: "x"`, `s: """x""", b: {y: 2, x: 1}, a: $a`), true},
		{"another name", "user", strings.Replace(one, "query one", "query two", 1), false},
		{"another default", "user", strings.Replace(one, "= 1", "= 2", 1), false},
		{"another value", "user", strings.Replace(one, "x: 1", "x: 3", 1), false},
		{"another string", "user", strings.Replace(one, `"x"`, `"y"`, 1), false},
		{"another alias", "user", strings.Replace(one, "e: echo", "f: echo", 1), false},
		{"a field more", "user", strings.Replace(one, "{ a ", "{ a out { a } ", 1), false},
		{"a field less", "user", strings.Replace(one, "{ a ...f", "{ ...f", 1), false},
		{"other fields in the fragment", "user", strings.Replace(one, "on Out { a }", "on Out { b: a }", 1), false},
		{"a directive", "user", strings.Replace(one, "{ a ", "{ a @include(if: true) ", 1), false},
		{"a second operation", "user", one + ` query other { echo { a } }`, false},
		{"another role's", "user", `{ echo { a } }`, false},
		{"one's own", "editor", `{ echo { a } }`, true},
		{"all's", "editor", one, true},
		{"anything of the admin", "admin", `{ echo { b: a } }`, true},
		{"_service", "user", `{ _service { sdl } }`, false},
		{"introspection", "user", `{ __schema { types { name } } }`, false},
		{"__typename alone", "user", `{ __typename }`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 { // also of the cache
				got := ask(c.role, body(c.document, "")).Body.String()
				refused := strings.Contains(got, `{"errors":[{"message":"query is not allowed","extensions":{"code":"operation-not-allowed"}}]}`)
				if refused == c.allowed || c.allowed && strings.Contains(got, `"errors"`) {
					t.Errorf("got %s", got)
				}
			}
		})
	}
}

// TestAllowListPersisted: a persisted document is held to the list, too, also after the admin asked for it.
func TestAllowListPersisted(t *testing.T) {
	f := &fixture{files: accessFiles, caller: echo}
	f.options.AllowList = true
	ask := f.as(t)
	const document = `{ echo { b: a } }`
	hash := sha256.Sum256([]byte(document))
	extensions := fmt.Sprintf(`"extensions":{"persistedQuery":{"version":1,"sha256Hash":%q}}}`, hex.EncodeToString(hash[:]))
	if got := ask("admin", `{"query":"`+document+`",`+extensions).Body.String(); strings.Contains(got, "errors") {
		t.Errorf("the admin: %s", got)
	}
	for _, sent := range []string{`{` + extensions, `{"query":"` + document + `",` + extensions} {
		if got := ask("user", sent).Body.String(); !strings.Contains(got, `"code":"operation-not-allowed"`) {
			t.Errorf("a user: %s", got)
		}
	}
}

func TestRoleLimits(t *testing.T) {
	f := &fixture{files: accessFiles + `
-- api_limits.yaml --
depth_limit: {global: 2, per_role: {editor: 1}}
node_limit: {per_role: {editor: 2}}
`, caller: answers{"echo": `{"a":1,"out":{"a":2,"out":{"a":3}}}`}}
	ask := f.as(t)
	for _, c := range []struct{ role, document, want string }{
		{"user", `{ echo { out { a } } }`, ""},
		{"user", `{ echo { out { out { a } } } }`, "operation is nested deeper than 2, which is the limit of the role"},
		{"user", `{ echo { ...f } } fragment f on Out { out { ...g } } fragment g on Out { out { a } }`, "operation is nested deeper than 2, which is the limit of the role"},
		{"user", `{ __schema { types { fields { type { name } } } } }`, ""}, // introspection has no depth
		{"editor", `{ a: echo { a } b: echo { a } }`, ""},
		{"editor", `{ a: echo { a } b: echo { a } c: echo { a } }`, "operation has more than 2 nodes, which is the limit of the role"},
		{"editor", `{ echo { out { a } } }`, "operation is nested deeper than 1, which is the limit of the role"},
		{"admin", `{ echo { out { out { a } } } }`, ""},
	} {
		for range 2 { // also of the cache
			got := ask(c.role, body(c.document, "")).Body.String()
			if c.want == "" && strings.Contains(got, "errors") || !strings.Contains(got, c.want) || c.want != "" && !strings.Contains(got, "limit-exceeded") {
				t.Errorf("%s %s: %s", c.role, c.document, got)
			}
		}
	}
}

func TestRoleRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fixture{files: accessFiles + `
-- api_limits.yaml --
rate_limit:
  global: {max_reqs_per_min: 2}
  per_role: {editor: {max_reqs_per_min: 1, unique_params: [x-hasura-user-id]}}
`, caller: echo}
		ask := f.as(t)
		statuses := func(role string, n int, header ...string) string {
			var out []string
			for range n {
				w := ask(role, body(`{ echo { a } }`, ""), header...)
				out = append(out, strings.TrimSpace(fmt.Sprint(w.Code, " ", w.Header().Get("Retry-After"))))
			}
			return strings.Join(out, ",")
		}
		for _, c := range []struct{ name, got, want string }{
			{"two of a minute", statuses("user", 3), "200,200,429 30"},
			{"callers apart", statuses("editor", 2, "X-Hasura-User-Id", "1") + ";" + statuses("editor", 1, "X-Hasura-User-Id", "2"), "200,429 60;200"},
			{"another role", statuses("other", 3), "200,200,429 30"},
			{"the admin", statuses("admin", 5), "200,200,200,200,200"},
		} {
			if c.got != c.want {
				t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
			}
		}
		time.Sleep(30 * time.Second)
		if got := statuses("user", 2); got != "200,429 30" {
			t.Errorf("half a minute later: %s", got)
		}
	})
}

func TestRoleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fixture{files: waitFiles + "-- actions.yaml --\nactions:\n- {name: wait, definition: {handler: http://x}, permissions: [{role: user}]}\n- {name: now, definition: {handler: http://x}}\n" +
			"-- api_limits.yaml --\ntime_limit: {per_role: {user: 3}}\n", caller: waiting{}}
		got := f.as(t)("user", body(`{ wait }`, "")).Body.String()
		wantJSON(t, got, `{"data":{"wait":null},"errors":[{"message":"request took longer than 3s","path":["wait"],"extensions":{"code":"time-limit-exceeded"}}]}`)
	})
}
