package supergraph

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/joinery-graphql/joinery/internal/testkit"
)

// need skips a test for what isn't on this machine; where CI is set that is a failure, since there it must be.
func need(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		testkit.Skip(t, "%v", err)
	}
}

func needNode(t *testing.T) {
	t.Helper()
	_, _, err := nodeTools(t.Context())
	need(t, err)
}

func readExample(t *testing.T) *Config {
	t.Helper()
	cfg, err := ReadConfig("testdata/example/rover.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// inline is a config whose subgraphs are given as name, SDL, name, SDL ... in files of a temporary folder.
func inline(t *testing.T, namesAndSDLs ...string) (cfg *Config, dir string) {
	t.Helper()
	dir = t.TempDir()
	cfg = &Config{Path: filepath.Join(dir, "rover.yaml")}
	for i := 0; i < len(namesAndSDLs); i += 2 {
		name, path := namesAndSDLs[i], filepath.Join(dir, namesAndSDLs[i]+".graphql")
		write(t, path, namesAndSDLs[i+1])
		cfg.Subgraphs = append(cfg.Subgraphs, Subgraph{
			Name: name, RoutingURL: "http://" + name + ".example/", Schema: Schema{File: path},
		})
	}
	return cfg, dir
}

func TestCompose(t *testing.T) {
	needNode(t)
	result, err := Compose(t.Context(), readExample(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "supergraph", Input: result.SDL})
	if err != nil {
		t.Fatalf("supergraph is no valid schema: %v", err)
	}
	if f := schema.Types["users"].Fields.ForName("auth0_profile"); f == nil {
		t.Error("users has no auth0_profile, the field of the other subgraph")
	}
	for _, want := range []string{
		`JOINERY @join__graph(name: "joinery", url: "http://127.0.0.1:4001/graphql")`,
		`AUTH0 @join__graph(name: "auth0", url: "http://127.0.0.1:4002/graphql")`,
		`"Creates a user."`,
	} {
		if !strings.Contains(strings.ReplaceAll(result.SDL, `"""`, `"`), want) {
			t.Errorf("supergraph is without %s:\n%s", want, result.SDL)
		}
	}
	for _, p := range result.Problems {
		if p.Level == LevelWarn || p.Level == LevelError {
			t.Errorf("unexpected problem %s", p)
		}
	}
}

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable", "@external"])` + "\n"

// TestComposeProblems shows how what composition objects to is told; DIR stands for the folder of the schema files.
func TestComposeProblems(t *testing.T) {
	needNode(t)
	composer := &Composer{}
	defer composer.Close()
	tests := []struct {
		name string
		a, b string
		want string
	}{
		{
			name: "types in conflict",
			a:    link + "type Query { a: T }\ntype T @shareable {\n  id: ID!\n}",
			b:    link + "type Query { b: T }\ntype T @shareable { \"a comment\" id: Int }",
			want: `DIR/a.graphql:4:3: FIELD_TYPE_MISMATCH: Type of field "T.id" is incompatible across subgraphs: it has type "ID!" in subgraph "a" but type "Int" in subgraph "b"
	DIR/b.graphql:3:33: and here, in subgraph "b"`,
		}, {
			name: "field of both, not shareable",
			a:    link + "type Query { same: Int }",
			b:    link + "type Query {\n  same: Int\n}",
			want: `DIR/a.graphql:2:14: INVALID_FIELD_SHARING: Non-shareable field "Query.same" is resolved from multiple subgraphs: it is resolved from subgraphs "a" and "b" and defined as non-shareable in all of them
	DIR/b.graphql:3:3: and here, in subgraph "b"`,
		}, {
			name: "unknown type",
			a:    link + "type Query { a: Int }",
			b:    link + "type Query {\n  b: Nope\n}",
			want: `DIR/b.graphql:3:6: INVALID_GRAPHQL: [b] Unknown type Nope`,
		}, {
			name: "key without its field",
			a:    link + "type Query { a: Int }\ntype T @key(fields: \"idx\") { id: ID }",
			b:    link + "type Query { b: Int }",
			want: `DIR/a.graphql:3:9: KEY_INVALID_FIELDS: [a] On type "T", for @key(fields: "idx"): Cannot query field "idx" on type "T" (the field should either be added to this subgraph or, if it should not be resolved by this subgraph, you need to add it to this subgraph with @external).
	DIR/a.graphql:3:6: and here, in subgraph "a"`,
		}, {
			name: "syntax errors of both",
			a:    link + "type Query { a Int }",
			b:    "type Query { b: Int",
			want: `DIR/a.graphql:2:16: INVALID_GRAPHQL: [a] Syntax Error: Expected ":", found Name "Int".
DIR/b.graphql:1:20: INVALID_GRAPHQL: [b] Syntax Error: Expected Name, found <EOF>.`,
		}, {
			name: "no way to a field",
			a:    link + "type Query { a: T }\ntype T @key(fields: \"id\", resolvable: false) { id: ID }",
			b:    link + "type Query { b: Int }\ntype T @key(fields: \"id\", resolvable: false) { id: ID x: Int }",
			want: `DIR/a.graphql: SATISFIABILITY_ERROR: The following supergraph API query:
	{
	  a {
	    x
	  }
	}
	cannot be satisfied by the subgraphs because:
	- from subgraph "a":
	  - cannot find field "T.x".
	  - cannot move to subgraph "b", which has field "T.x", because none of the @key defined on type "T" in subgraph "b" are resolvable (they are all declared with their "resolvable" argument set to false).
	DIR/b.graphql: and here, in subgraph "b"`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, dir := inline(t, "a", tt.a, "b", tt.b)
			result, err := composer.Compose(t.Context(), cfg)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, %v, want Problems", result, err)
			}
			if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestComposeHints(t *testing.T) {
	needNode(t)
	cfg, dir := inline(t,
		"a", link+"type Query { a: T }\n\"one\" type T @shareable { id: ID }",
		"b", link+"type Query { b: T }\n\"two\" type T @shareable { id: ID }")
	cfg.FederationVersion, cfg.versionLine = "=2.9.3", 1
	result, err := Compose(t.Context(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range result.Problems {
		line, _, _ := strings.Cut(strings.ReplaceAll(p.String(), dir, "DIR"), "\n")
		got = append(got, line)
	}
	want := []string{
		`DIR/a.graphql:3:12: warn: INCONSISTENT_DESCRIPTION: Element "T" has inconsistent descriptions across subgraphs. The supergraph will use description (from subgraph "a"):`,
		`DIR/rover.yaml:1:1: warn: FEDERATION_VERSION: composed with 2.14.4, where federation_version asks for =2.9.3`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestComposeNewerVersion(t *testing.T) {
	cfg := &Config{Path: "rover.yaml", FederationVersion: "=2.99.0", versionLine: 2}
	_, err := Compose(t.Context(), cfg, Options{})
	want := `rover.yaml:2: federation_version "=2.99.0" is newer than composition 2.14.4 of this Joinery (use a newer Joinery, or rover supergraph compose)`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestComposerAgain composes on one Node process, also after an error and after a composition that was given up.
func TestComposerAgain(t *testing.T) {
	needNode(t)
	composer := &Composer{}
	defer composer.Close()
	compose := func(ctx context.Context, sdl string) error {
		cfg, _ := inline(t, "a", sdl)
		_, err := composer.Compose(ctx, cfg)
		return err
	}
	if err := compose(t.Context(), "type Query { a: Int }"); err != nil {
		t.Fatal(err)
	}
	first := composer.node
	if err := compose(t.Context(), "type Query { a: }"); err == nil {
		t.Error("no error for a syntax error")
	}
	if err := compose(t.Context(), "type Query { a: String }"); err != nil {
		t.Error(err)
	}
	if composer.node != first {
		t.Error("Node was started again")
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := compose(canceled, "type Query { a: Int }"); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if _, err := composer.ask(canceled, request{}); !errors.Is(err, context.Canceled) || composer.node != nil {
		t.Errorf("canceled while Node composes: %v, and Node must be stopped", err)
	}
	if err := compose(t.Context(), "type Query { a: Int }"); err != nil {
		t.Errorf("after a canceled one: %v", err)
	}
}

// TestComposerNodeDies: the next composition starts Node again.
func TestComposerNodeDies(t *testing.T) {
	needNode(t)
	composer := &Composer{}
	defer composer.Close()
	cfg, _ := inline(t, "a", "type Query { a: Int }")
	if _, err := composer.Compose(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	composer.node.Stop(0)
	if _, err := composer.Compose(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "composer ended: signal: ") {
		t.Errorf("error %v, want that the composer ended", err)
	}
	if _, err := composer.Compose(t.Context(), cfg); err != nil {
		t.Errorf("after Node died: %v", err)
	}
}

func TestComposeMissingFiles(t *testing.T) {
	cfg := &Config{Path: "conf/rover.yaml", Subgraphs: []Subgraph{
		{Name: "a", Schema: Schema{Line: 4, File: "no/a.graphql"}},
		{Name: "b", Schema: Schema{Line: 7, File: "no/b.graphql"}},
	}}
	_, err := Compose(t.Context(), cfg, Options{})
	want := `conf/rover.yaml:4: subgraph "a": missing schema file no/a.graphql (write it, or correct the path)
conf/rover.yaml:7: subgraph "b": missing schema file no/b.graphql (write it, or correct the path)`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestIntrospect asks servers that answer as no subgraph should. URL stands for the server's address.
func TestIntrospect(t *testing.T) {
	respond := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	const isIt = " (is subgraph_url the address of its GraphQL endpoint?)"
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string // error; empty: the SDL must come
	}{
		{"SDL", respond(200, "application/json", `{"data": {"_service": {"sdl": "type Query { a: Int }"}}}`), ""},
		{"SDL with GraphQL's own media type", respond(200, "application/graphql-response+json; charset=utf-8", `{"data": {"_service": {"sdl": "type Query { a: Int }"}}}`), ""},
		{"SDL as text", respond(200, "text/plain", `{"data": {"_service": {"sdl": "type Query { a: Int }"}}}`), ""},
		{"HTML", respond(200, "text/html; charset=utf-8", `<html>`), "URL answered 200 with text/html instead of JSON" + isIt},
		{"not found", respond(404, "text/plain", `404 page not found`), "URL answered 404 with text/plain instead of JSON" + isIt},
		{"no content type", func(w http.ResponseWriter, _ *http.Request) { w.Header()["Content-Type"] = nil }, "URL answered 200 with no content type instead of JSON" + isIt},
		{"other JSON", respond(200, "application/json", `[1]`), "URL answered 200 with JSON that is no GraphQL response" + isIt},
		{"cut JSON", respond(200, "application/json", `{"data": `), "URL answered 200 with JSON that is no GraphQL response" + isIt},
		{"no service", respond(200, "application/json", `{"data": {}}`), "URL answered 200 without _service.sdl" + isIt},
		{"GraphQL error", respond(400, "application/json", `{"errors": [{"message": "Cannot query field \"_service\""}]}`), `URL answered with an error: Cannot query field "_service" (does it need introspection_headers?)`},
		{"empty SDL", respond(200, "application/json", `{"data": {"_service": {"sdl": " "}}}`), "empty schema in URL (a subgraph has at least one type)"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://user:pass@other.example/graphql", http.StatusFound)
		}, "URL answered 302, to https://user:xxxxx@other.example/graphql (redirects are not followed: put the final URL in)"},
		{"too long", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.CopyN(w, zeros{}, maxSDL+1)
		}, "URL answered more than 16 MB (give the schema as a file)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			s := Subgraph{Name: "a", Schema: Schema{Line: 4, URL: server.URL}}
			sdl, fault := s.load(t.Context(), &Config{Path: "rover.yaml"}, time.Minute)
			if tt.want == "" {
				if fault != nil || sdl != "type Query { a: Int }" {
					t.Errorf("got %q, %v", sdl, fault)
				}
				return
			}
			want := `rover.yaml:4: subgraph "a": ` + tt.want
			if fault == nil || strings.ReplaceAll(fault.String(), server.URL, "URL") != want {
				t.Errorf("got\n%v\nwant\n%s", fault, want)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func TestIntrospectRequest(t *testing.T) {
	var header http.Header
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		io.WriteString(w, `{"data": {"_service": {"sdl": "type Query { a: Int }"}}}`)
	}))
	defer server.Close()
	if _, _, err := introspect(t.Context(), server.URL, map[string]string{"Authorization": "Bearer t"}); err != nil {
		t.Fatal(err)
	}
	if got := header.Get("Authorization") + " " + header.Get("Content-Type"); got != "Bearer t application/json" {
		t.Errorf("headers: %s", got)
	}
	if !strings.Contains(string(body), "_service { sdl }") {
		t.Errorf("body: %s", body)
	}
}

func TestIntrospectUnreachable(t *testing.T) {
	down := httptest.NewServer(nil)
	down.Close()
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.ReadAll(r.Body) // or the server doesn't see the client go
		<-r.Context().Done()
	}))
	defer slow.Close()
	address := strings.TrimPrefix(down.URL, "http://")
	cfg := &Config{Path: "rover.yaml", Subgraphs: []Subgraph{
		{Name: "down", Schema: Schema{Line: 3, URL: "http://user:hunter2@" + address}},
		{Name: "slow", Schema: Schema{Line: 6, URL: slow.URL}},
	}}
	_, err := Compose(t.Context(), cfg, Options{Timeout: 100 * time.Millisecond})
	const mend = " (is it running? start it, or give its schema as a file)"
	want := `rover.yaml:3: subgraph "down": ask http://user:xxxxx@` + address + `: dial tcp ` + address + `: connect: connection refused` + mend +
		"\n" + `rover.yaml:6: subgraph "slow": ask ` + slow.URL + `: no answer in time` + mend
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestNodeMissing(t *testing.T) {
	tests := []struct {
		name     string
		programs map[string]string // name, shell script
		want     string
	}{
		{"neither", nil, "compose: missing node: composition runs on Node.js: install Node.js 20 or newer, which brings npm (https://nodejs.org), and see that PATH has it"},
		{"no npm", map[string]string{"node": "echo v20.0.0"}, "compose: missing npm: composition runs on Node.js: install Node.js 20 or newer, which brings npm (https://nodejs.org), and see that PATH has it"},
		{"old node", map[string]string{"node": "echo v18.20.1", "npm": ""}, "compose: node 18.20.1 at DIR/node is too old: install Node.js 20 or newer, which brings npm (https://nodejs.org), and see that PATH has it"},
		{"npm fails", map[string]string{"node": "echo v20.0.0", "npm": "echo no registry >&2; exit 7"}, "compose: install Node packages: npm ci ended: exit status 7: no registry (is the npm registry reachable? try: npm ping)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, _ := inline(t, "a", "type Query { a: Int }")
			dir := t.TempDir()
			for name, script := range tt.programs {
				writeScript(t, filepath.Join(dir, name), script)
			}
			t.Setenv("PATH", dir)
			_, err := Compose(t.Context(), cfg, Options{Cache: t.TempDir()})
			if err == nil || strings.ReplaceAll(err.Error(), dir, "DIR") != tt.want {
				t.Errorf("got\n%v\nwant\n%s", err, tt.want)
			}
		})
	}
}

func writeScript(t *testing.T, path, script string) {
	t.Helper()
	write(t, path, "#!/bin/sh\n"+script+"\n")
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

// TestInstall installs into an empty cache from two goroutines at once: one does it, the other waits, both compose.
func TestInstall(t *testing.T) {
	needNode(t)
	cache := t.TempDir()
	if err := os.MkdirAll(filepath.Join(cache, "node-compose-"+nodeHash()+".partial", "left"), 0o755); err != nil {
		t.Fatal(err) // left behind by a process that was killed
	}
	cfg, _ := inline(t, "a", "type Query { a: Int }")
	var log strings.Builder
	done := make(chan error)
	go func() {
		_, err := Compose(t.Context(), cfg, Options{Cache: cache})
		done <- err
	}()
	_, err := Compose(t.Context(), cfg, Options{Cache: cache, Log: &log})
	if err := cmp.Or(err, <-done); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "node-compose-"+nodeHash())
	if !exists(filepath.Join(dir, "node_modules/@apollo/composition")) || exists(filepath.Join(dir, "node_modules/@apollo/gateway")) {
		t.Error("to compose, @apollo/composition must be there and @apollo/gateway not")
	}
	if exists(dir + ".partial") {
		t.Error("the partial folder is still there")
	}
}

// TestNodePackage holds the package to what the rest relies on.
func TestNodePackage(t *testing.T) {
	manifest, err := nodeFiles.ReadFile("node/package.json")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(manifest), `"@apollo/composition": "`+compositionVersion+`"`) {
		t.Errorf("package.json has another @apollo/composition than %s", compositionVersion)
	}
	for _, path := range []string{"node", "hive-gateway", "../internal/fedtest/node"} {
		lockFile, err := os.ReadFile(filepath.Join(path, "package-lock.json"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(lockFile), `"resolved"`) {
			t.Errorf("%s/package-lock.json names a registry: make it anew with its .npmrc in place", path)
		}
	}
}

func TestFillGivesUp(t *testing.T) {
	cache := t.TempDir()
	unlock, err := lock(t.Context(), filepath.Join(cache, "x.lock"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := fill(ctx, cache, "x", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another holds the lock: %v", err)
	}
	unlock()
	dir, err := fill(t.Context(), cache, "x", func(dir string) error { return os.WriteFile(filepath.Join(dir, "f"), nil, 0o600) })
	if err != nil || !exists(filepath.Join(dir, "f")) {
		t.Errorf("after it was let go: %q, %v", dir, err)
	}
}

func TestCacheDir(t *testing.T) {
	home, temp := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("TMPDIR", temp)
	t.Setenv("JOINERY_CACHE", "")
	check := func(what, dir, want string) {
		t.Helper()
		got, err := cacheDir(dir)
		if err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, %v, want %s", what, got, err, want)
		}
	}
	check("user's", "", home)
	t.Setenv("JOINERY_CACHE", filepath.Join(temp, "env"))
	check("environment's", "", filepath.Join(temp, "env"))
	check("given", filepath.Join(temp, "given"), filepath.Join(temp, "given"))
	t.Setenv("JOINERY_CACHE", "")
	t.Setenv("HOME", "/dev/null") // as of a user without a home
	check("no home", "", filepath.Join(temp, "joinery-"))
	ours, _ := cacheDir("")
	if err := os.Chmod(ours, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := cacheDir(""); err == nil || !strings.Contains(err.Error(), "JOINERY_CACHE") {
		t.Errorf("a folder that all may write: error %v, want one that names JOINERY_CACHE", err)
	}
}

// TestProcess: a child that ignores SIGTERM is ended all the same, with what it has started.
func TestProcess(t *testing.T) {
	sh, err := exec.LookPath("sh")
	need(t, err)
	var log tail
	p, err := startProcess("stubborn", exec.Command(sh, "-c", `trap "" TERM; echo ready; while :; do sleep 60; done`), &log)
	if err != nil {
		t.Fatal(err)
	}
	for log.String() != "ready" {
		select {
		case <-p.Done():
			t.Fatal(p.ended())
		case <-time.After(time.Millisecond):
		}
	}
	p.Stop(10 * time.Millisecond)
	if got := p.ended().Error(); got != "stubborn ended: signal: killed: ready" {
		t.Errorf("ended: %s", got)
	}
	p.Stop(0) // again is fine
}
