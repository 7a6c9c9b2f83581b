package joinery

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

// TestProjects serves the metadata of real projects on their own schemas, for the callers of their roles and for the
// admin.
func TestProjects(t *testing.T) {
	for _, project := range []struct {
		name  string
		cases []projectCase
	}{
		{"acapela", []projectCase{
			{
				name:  "ID joined to uuid",
				reply: `{"user_id": "1f3b5c3e-0000-4000-8000-000000000000"}`,
				query: `mutation { upgrade_current_user { user_id user { id } } }`,
				want:  `{"data":{"upgrade_current_user":{"user_id":"1f3b5c3e-0000-4000-8000-000000000000","user":null}}}`,
			},
		}},
		{"monolith", []projectCase{
			{
				name: "nullable key", session: anonymous,
				reply: `{"user_id": null, "role": "anonymous"}`,
				query: `{ session { role user { name } } }`,
				want:  `{"data":{"session":{"role":"anonymous","user":null}}}`,
			},
			{name: "null output", session: anonymous, reply: `null`, query: `{ session { role user { name } } }`, want: `{"data":{"session":null}}`},
			{
				name: "row with two relationships", session: map[string]string{"X-Hasura-Role": "user", "X-Hasura-User-Id": "5"},
				reply: `{"vote_id": 77}`,
				query: `mutation { vote(post_id: 9, value: 1) { vote { value post { content } user { name } } } }`,
				want:  `{"data":{"vote":{"vote":{"value":1,"post":{"content":"first"},"user":{"name":"Zed"}}}}}`,
			},
			{
				name:  "computed fields of a row, one with the session",
				reply: `{"vote_id": 77}`,
				query: `mutation { vote(post_id: 9, value: 1) { vote { post { vote_total my_vote_value } } } }`,
				want:  `{"data":{"vote":{"vote":{"post":{"vote_total":1,"my_vote_value":null}}}}}`,
			},
			{
				name: "computed field of the caller's session", roleOnly: true, session: map[string]string{"X-Hasura-Role": "user", "X-Hasura-User-Id": "5"},
				reply: `{"vote_id": 77}`,
				query: `mutation { vote(post_id: 9, value: 1) { vote { post { vote_total my_vote_value } } } }`,
				want:  `{"data":{"vote":{"vote":{"post":{"vote_total":1,"my_vote_value":1}}}}}`,
			},
			{
				name: "action of another role", roleOnly: true, session: anonymous,
				query: `mutation { vote(post_id: 9, value: 1) { vote { value } } }`,
				want: `{"data":null,"errors":[{"message":"field \"vote\" of type \"Mutation\" is not permitted to the role \"anonymous\"",` +
					`"path":["vote"],"extensions":{"code":"permission-denied"}}]}`,
			},
		}},
		{"realworld", []projectCase{
			{
				name: "relationship of a row", session: map[string]string{"X-Hasura-Role": "user", "X-Hasura-User-Id": "1"},
				reply: `{"article_id": 7}`,
				query: `mutation { unlike_article(article_id: 7) { article { title author { username } } } }`,
				want:  `{"data":{"unlike_article":{"article":{"title":"Hello","author":{"username":"bo"}}}}}`,
			},
			{
				name: "array relationship by a column that the role may not select", session: anonymous,
				reply: `{"token": "t", "user_id": 1, "username": "ann", "email": "ann@example.org"}`,
				query: `mutation { login(username: "ann", password: "x") { token username follows(order_by: {following_id: asc}) { following_id user { username } } } }`,
				want: `{"data":{"login":{"token":"t","username":"ann","follows":[` +
					`{"following_id":2,"user":{"username":"bo"}},{"following_id":3,"user":{"username":"cy"}}]}}}`,
			},
		}},
	} {
		t.Run(project.name, func(t *testing.T) {
			t.Parallel()
			runProject(t, filepath.Join(testkit.Shared(t, ".", "hasura-projects"), project.name), project.cases)
		})
	}
}

type projectCase struct {
	name, reply, query, want string
	session                  map[string]string // of another caller than the admin; nil means that only the admin asks
	roleOnly                 bool              // the admin's answer is another one
}

var anonymous = map[string]string{"X-Hasura-Role": "anonymous"}

func runProject(t *testing.T, dir string, cases []projectCase) {
	db := pgtest.New(t)
	for _, file := range []string{"schema.sql", "data.sql", "seed.sql"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
			db.ExecFile(t, filepath.Join(dir, file))
		}
	}
	var reply string
	handler := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(reply)) }))
	t.Cleanup(handler.Close)
	service := startService(t, Config{
		Metadata: os.DirFS(filepath.Join(dir, "metadata")), DatabaseURL: db.URL,
		LookupEnv: func(name string) (string, bool) { return handler.URL, true },
	})
	for _, c := range cases {
		sessions := []map[string]string{nil}
		if c.session != nil {
			sessions = append(sessions, c.session)
		}
		if c.roleOnly {
			sessions = sessions[1:]
		}
		for _, session := range sessions {
			t.Run(fmt.Sprintf("%s/%v", c.name, session), func(t *testing.T) {
				reply = c.reply
				body, err := json.Marshal(map[string]string{"query": c.query})
				if err != nil {
					t.Fatal(err)
				}
				header := http.Header{}
				for name, value := range session {
					header.Set(name, value)
				}
				if diff := cmp.Diff(indent(t, c.want), postWith(t, service, header, body)); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		}
	}
}
