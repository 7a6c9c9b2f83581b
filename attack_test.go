package joinery

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

// attackMetadata lets a user see its own row, and call actions that forward its headers.
const attackMetadata = `
-- version.yaml --
version: 3
-- databases/databases.yaml --
- name: default
  kind: postgres
  configuration: {connection_info: {database_url: {from_env: DATABASE_URL}}}
  tables:
  - table: {schema: public, name: users}
    object_relationships:
    - {name: boss, using: {foreign_key_constraint_on: boss_id}}
    array_relationships:
    - {name: posts, using: {foreign_key_constraint_on: {column: user_id, table: {schema: public, name: posts}}}}
    select_permissions:
    - {role: user, permission: {columns: [id, name, private], filter: {name: {_eq: X-Hasura-User-Id}}, allow_aggregations: true}}
  - table: {schema: public, name: posts}
    object_relationships:
    - {name: author, using: {foreign_key_constraint_on: user_id}}
    select_permissions:
    - {role: user, permission: {columns: [id, title], filter: {author: {name: {_eq: X-Hasura-User-Id}}}}}
-- actions.graphql --
type Query { find(id: Int, text: String, any: jsonb): Found  redirect: Found  away: Found  huge: Found  split: Found  forbidden: Found }
type Mutation { make(text: String): Found }
type Found { id: Int  text: String }
scalar jsonb
-- actions.yaml --
actions:
- name: find
  definition: {kind: "", handler: "{{HANDLER}}/find", forward_client_headers: true, headers: [{name: X-Api-Key, value_from_env: HANDLER_KEY}]}
  permissions: [{role: user}]
- {name: redirect, definition: {kind: "", handler: "{{HANDLER}}/redirect", headers: [{name: X-Api-Key, value_from_env: HANDLER_KEY}]}, permissions: [{role: user}]}
- {name: away, definition: {kind: "", handler: "{{HANDLER}}/away", headers: [{name: X-Api-Key, value_from_env: HANDLER_KEY}]}, permissions: [{role: user}]}
- {name: huge, definition: {kind: "", handler: "{{HANDLER}}/huge"}, permissions: [{role: user}]}
- {name: split, definition: {kind: "", handler: "{{HANDLER}}/split"}, permissions: [{role: user}]}
- {name: forbidden, definition: {kind: "", handler: "{{HANDLER}}/find"}}
- {name: make, definition: {kind: synchronous, handler: "{{HANDLER}}/make"}, permissions: [{role: user}]}
custom_types:
  objects:
  - name: Found
    relationships:
    - {name: user, type: object, source: default, remote_table: users, field_mapping: {id: id}}
`

const attackSchema = `
create table users (id int primary key, name text not null, private text, boss_id int references users);
create table posts (id int primary key, user_id int references users, title text);
insert into users values (1, 'ann', 'of ann', null), (2, 'bob', 'planted-private', 1);
insert into posts values (10, 1, 'a'), (20, 2, 'planted-title');
update users set boss_id = 2 where id = 1;
`

// planted are what no answer may hold: rows that the caller may not see, and secrets.
var planted = []string{"planted-private", "planted-title", "bob", "planted-handler-key", attackAdminSecret, attackRouterSecret, "goroutine ", "SQLSTATE"}

const (
	attackAdminSecret  = "planted-admin-secret"
	attackRouterSecret = "planted-router-secret"
)

// target is the program under attack.
type target struct {
	address string
	log     *testkit.Buffer
	good    string // a request as it is sent
	answer  string // its data
}

// startTarget runs `joinery serve` until the test ends.
func startTarget(t *testing.T, program, database, handler string, vars ...string) *target {
	t.Helper()
	dir := t.TempDir()
	files := testkit.FS(t, attackMetadata)
	if err := os.CopyFS(filepath.Join(dir, "metadata"), files); err != nil {
		t.Fatal(err)
	}
	out := &target{log: &testkit.Buffer{}}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "serve", "--metadata", filepath.Join(dir, "metadata"), "--listen", "127.0.0.1:0", "--max-body-bytes", "1000000")
	cmd.Env = append([]string{"DATABASE_URL=" + database, "HANDLER=" + handler, "HANDLER_KEY=planted-handler-key", "JOINERY_ADMIN_SECRET=" + attackAdminSecret}, vars...)
	cmd.Stderr = out.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() { stop(); <-ended })
	for out.address == "" {
		select {
		case <-ended:
			t.Fatalf("the program ended: %s", out.log)
		default:
		}
		if m := regexp.MustCompile(`"url":"http://([^/"]+)/graphql"`).FindStringSubmatch(out.log.String()); m != nil {
			out.address = m[1]
		}
	}
	return out
}

// send sends bytes and reads one answer. The status is 0 where the connection was closed without one.
func (g *target) send(t *testing.T, raw string) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	go func() { _, _ = io.WriteString(conn, raw) }() // the answer may come before all is sent
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, ""
	}
	return response.StatusCode, string(text)
}

// claims are those of ann's token.
func claims(change func(jwt.MapClaims)) jwt.MapClaims {
	c := jwt.MapClaims{
		"exp": time.Now().Add(time.Hour).Unix(), "aud": "joinery",
		"https://hasura.io/jwt/claims": map[string]any{"x-hasura-default-role": "user", "x-hasura-allowed-roles": []string{"user"}, "x-hasura-user-id": "ann"},
	}
	if change != nil {
		change(c)
	}
	return c
}

func signed(t *testing.T, method jwt.SigningMethod, key any, c jwt.MapClaims, header ...any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	for i := 0; i < len(header); i += 2 {
		token.Header[header[i].(string)] = header[i+1]
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// httpPost is a request as it is sent: lines of its header, and its body.
func httpPost(body string, header ...string) string {
	lines := append([]string{"POST /graphql HTTP/1.1", "Host: joinery.test", "Content-Type: application/json", fmt.Sprintf("Content-Length: %d", len(body))}, header...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

// document is a request's body.
func document(query string, variables ...string) string {
	text, _ := json.Marshal(query)
	if len(variables) == 0 {
		return `{"query":` + string(text) + `}`
	}
	return `{"query":` + string(text) + `,"variables":` + variables[0] + `}`
}

// seen are the requests that reached handlers, and what they brought.
type seen struct {
	mu       sync.Mutex
	requests []string // method, path, headers and body, a line each
	foreign  int      // requests that reached another host
}

func (s *seen) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := strings.Join(s.requests, "\n")
	s.requests = nil
	return out
}

func (s *seen) note(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\n", r.Method, r.URL.RequestURI(), r.Host)
	_ = r.Header.Write(&b)
	fmt.Fprintf(&b, "%s\n", body)
	s.mu.Lock()
	s.requests = append(s.requests, b.String())
	s.mu.Unlock()
	return string(body)
}

// attackHandlers are the actions' handlers: some are hostile themselves.
func attackHandlers(t *testing.T, s *seen) (url string) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		s.foreign++
		s.mu.Unlock()
		_, _ = io.WriteString(w, `{"id":2}`)
	}))
	t.Cleanup(elsewhere.Close)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.note(r)
		_, _ = io.WriteString(w, `{"id":1,"text":"x"}`)
	})
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/find", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusPermanentRedirect)
	})
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"text":"`)
		chunk := strings.Repeat("x", 1<<20)
		for range 40 {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
		_, _ = io.WriteString(w, `"}`)
	})
	mux.HandleFunc("/split", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":1,"text":"x\"},\"errors\":[{\"message\":\"forged\"}],\"y\":{\"z\":\""}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// gzipped is text, repeated, compressed.
func gzipped(part string, n int) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for range n {
		_, _ = io.WriteString(w, part)
	}
	_ = w.Close()
	return b.String()
}

// attack is a request that tries something, and how it must end.
type attack struct {
	name   string
	raw    string // what is sent
	status int
	want   string // in the answer; "" where there is none
	absent string // from what reached a handler
	router bool   // goes to the program behind a router
}

func TestAttacks(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	program := filepath.Join(t.TempDir(), "joinery")
	if out, err := exec.Command("go", "build", "-o", program, "./cmd/joinery").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	db := pgtest.New(t)
	db.Exec(t, attackSchema)
	s := &seen{}
	handler := attackHandlers(t, s)

	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	secret, err := json.Marshal(map[string]any{"type": "RS256", "key": string(public), "audience": "joinery"})
	if err != nil {
		t.Fatal(err)
	}
	own := startTarget(t, program, db.URL, handler, "JOINERY_JWT_SECRET="+string(secret))
	behind := startTarget(t, program, db.URL, handler, "JOINERY_ROUTER_SECRET="+attackRouterSecret)
	ann := "Authorization: Bearer " + signed(t, jwt.SigningMethodRS256, key, claims(nil))
	router := []string{"Router-Authorization: " + attackRouterSecret, "x-hasura-role: user", "x-hasura-user-id: ann"}
	const rows, annsRow = `{ users { id name private } }`, `{"data":{"users":[{"id":1,"name":"ann","private":"of ann"}]}}`
	for _, g := range []*target{own, behind} {
		g.answer = annsRow
	}
	own.good, behind.good = httpPost(document(rows), ann), httpPost(document(rows), router...)

	cases := attacks(t, key, public, ann, router)
	if len(cases) < 60 {
		t.Errorf("%d cases", len(cases))
	}
	slow := crawl(t, own)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := own
			if c.router {
				g = behind
			}
			s.take()
			status, body := g.send(t, c.raw)
			if status != c.status || !strings.Contains(body, c.want) {
				t.Errorf("%d %.600s\nwant %d %s", status, body, c.status, c.want)
			}
			for _, secret := range planted {
				if strings.Contains(body, secret) {
					t.Errorf("the answer holds %q: %.600s", secret, body)
				}
			}
			if reached := s.take(); c.absent != "" && strings.Contains(strings.ToLower(reached), c.absent) {
				t.Errorf("%q reached a handler: %s", c.absent, reached)
			}
			if s.foreign > 0 {
				t.Errorf("another host was asked")
			}
			if status, body := g.send(t, g.good); status != 200 || body != g.answer {
				t.Errorf("a good request afterwards: %d %s", status, body)
			}
		})
	}
	for _, g := range []*target{own, behind} {
		log := g.log.String()
		for _, word := range []string{"panicked", "planted-", "DATA RACE", "request failed"} {
			if strings.Contains(log, word) {
				t.Errorf("the log holds %q:\n%.3000s", word, log)
			}
		}
	}
	for _, conn := range slow {
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("a connection that sends nothing is kept: %v", err)
			break
		}
	}
	if rest := tableSizes(t, db); rest != "2 users, 2 posts" {
		t.Errorf("the database has %s", rest)
	}
}

// crawl opens connections that send a part of a request and then nothing. Those that stay within headers are returned: the
// program closes them.
func crawl(t *testing.T, g *target) (headers []net.Conn) {
	t.Helper()
	for i := range 200 {
		conn, err := net.Dial("tcp", g.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		part := g.good[:40]
		if i%2 == 0 {
			part = g.good[:len(g.good)-5]
		} else {
			headers = append(headers, conn)
		}
		if _, err := io.WriteString(conn, part); err != nil {
			t.Fatal(err)
		}
	}
	return headers
}

func tableSizes(t *testing.T, db *pgtest.DB) string {
	t.Helper()
	var out string
	if err := db.Conn(t).QueryRow(t.Context(), `select (select count(*) from users) || ' users, ' || (select count(*) from posts) || ' posts'`).Scan(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
