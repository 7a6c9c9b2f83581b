package localstack

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const example = repository + "/examples/hodor"

func TestReadExample(t *testing.T) {
	t.Parallel()
	if _, err := Read(example); err != nil {
		t.Error(err)
	}
}

// stackWith writes a folder with a stack.yaml and further files.
func stackWith(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadFaults(t *testing.T) {
	t.Parallel()
	around := map[string]string{"metadata/version.yaml": "version: 3\n", "op.graphql": "{ a }", "op.json": "{}", "bad.graphql": "{ a }", "bad.json": "{", "alone.graphql": "{ a }"}
	const fine = "metadata: metadata\nsubgraphs: [{name: joinery, url: '${joinery.url}/graphql'}]\n"
	tests := []struct {
		name, stack string
		want        []string // lines of the error, without the folder
	}{
		{"fine", fine + "operations: [op.graphql]\n", nil},
		{"empty", "", []string{
			`stack.yaml: missing metadata (the folder that holds version.yaml)`,
			"stack.yaml: missing subgraphs (subgraphs: [{name: joinery, url: '${joinery.url}/graphql'}])",
		}},
		{"syntax", "metadata: metadata\n  services: [\n", []string{`stack.yaml:1: mapping value is not allowed in this context`}},
		{"unknown_key", fine + "servces: []\n", []string{`stack.yaml:3: unknown field "servces"`}},
		{"wrong_form", "metadata:\n  a: b\n", []string{`stack.yaml:2: expected text, found a list or a mapping`}},
		{"missing_folders", "metadata: metadatas\nmigrations: nowhere\nsubgraphs: [{name: a, url: http://a}]\n", []string{
			`stack.yaml:1: missing metadata "metadatas" (paths count from the folder of stack.yaml)`,
			`stack.yaml:2: missing migrations "nowhere" (paths count from the folder of stack.yaml)`,
		}},
		{"services", fine + "services:\n- name: joinery\n  command: [a]\n  health: /\n- name: a\n- name: a\n  command: [a]\n  health: healthz\n- name: ''\n  command: [a]\n  health: /\n", []string{
			`stack.yaml:4: duplicate name of service "joinery" (each program has its own)`,
			`stack.yaml:7: missing command of service "a" (command: [program, argument, ...])`,
			`stack.yaml:7: missing or invalid health of service "a" (the path that answers 200, such as /healthz)`,
			`stack.yaml:8: duplicate name of service "a" (each program has its own)`,
			`stack.yaml:10: missing or invalid health of service "a" (the path that answers 200, such as /healthz)`,
			`stack.yaml:11: invalid name "" of service 4 (a name without / \ . and })`,
		}},
		{"references", fine + "joinery:\n  env:\n    A: ${handler.url}\n    B: ${joinery.port}\n    C: ${env.}\n    D: ${env.X:-y} ${joinery.address}\n", []string{
			`stack.yaml:5: unknown program "handler" in ${handler.url}: there are joinery`,
			`stack.yaml:6: invalid reference ${joinery.port}: write ${NAME.url}, ${NAME.address}, ${env.NAME}, ${env.NAME:-default}, ${secret.router} or ${secret.jwt}`,
			`stack.yaml:7: invalid reference ${env.}: write ${NAME.url}, ${NAME.address}, ${env.NAME}, ${env.NAME:-default}, ${secret.router} or ${secret.jwt}`,
		}},
		{"subgraph_without_url", "metadata: metadata\nsubgraphs:\n- name: a\n", []string{`stack.yaml:3: missing name or url of subgraph 1`}},
		{"operations", fine + "operations:\n- op.gql\n- missing.graphql\n- alone.graphql\n- bad.graphql\n", []string{
			`stack.yaml:4: invalid operation "op.gql": its name doesn't end in .graphql (its answer is the file of the same name with .json)`,
			`stack.yaml:5: missing operation "missing.graphql" (paths count from the folder of stack.yaml)`,
			`stack.yaml:5: missing answer "missing.json" (write it there)`,
			`stack.yaml:6: missing answer "alone.json" (write it there)`,
			`stack.yaml:7: invalid JSON in "bad.json"`,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			files := maps.Clone(around)
			files[stackFile] = test.stack
			dir := stackWith(t, files)
			_, err := Read(dir)
			var got []string
			if err != nil {
				got = strings.Split(strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""), "\n")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadNoStack(t *testing.T) {
	t.Parallel()
	_, err := Read(filepath.Join(t.TempDir(), "nowhere"))
	if err == nil || !strings.Contains(err.Error(), "missing") || !strings.Contains(err.Error(), "stack.yaml") {
		t.Errorf("got %v", err)
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	e := expander{
		path: "stack.yaml", addresses: map[string]string{"handler": "127.0.0.1:4004"},
		secrets:   secrets{router: "r", jwt: "j"},
		lookupEnv: environment{"SET": "value", "EMPTY": ""}.lookup,
	}
	tests := []struct{ name, text, want, fault string }{
		{"plain", "a $b {c}", "a $b {c}", ""},
		{"url", "${handler.url}/x", "http://127.0.0.1:4004/x", ""},
		{"address_twice", "${handler.address},${handler.address}", "127.0.0.1:4004,127.0.0.1:4004", ""},
		{"env", "${env.SET}", "value", ""},
		{"set_wins", "${env.SET:-other}", "value", ""},
		{"default", "${env.UNSET:-http://a:1/}", "http://a:1/", ""},
		{"empty_default", "${env.EMPTY:-}", "", ""},
		{"secrets", "${secret.router} ${secret.jwt}", "r j", ""},
		{"missing", "${env.UNSET} ${env.EMPTY}", "", "stack.yaml:7: missing environment variable for ${env.UNSET}, ${env.EMPTY}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := e.expand(text{test.text, 7})
			fault := ""
			if err != nil {
				fault = err.Error()
			}
			if got != test.want || fault != test.fault {
				t.Errorf("got %q, %q; want %q, %q", got, fault, test.want, test.fault)
			}
		})
	}
}

func TestNeeded(t *testing.T) {
	t.Parallel()
	stand := service{Name: text{value: "standin"}, StandsInFor: map[string]text{"DOMAIN": {value: "${standin.url}"}, "SECRET": {value: "s"}}}
	tests := []struct {
		name    string
		environ environment
		needed  bool
		domain  string
		fault   string
	}{
		{"nothing_set", environment{}, true, "http://127.0.0.1:1", ""},
		{"all_set", environment{"DOMAIN": "real", "SECRET": "x"}, false, "real", ""},
		{"some_set", environment{"DOMAIN": "real"}, false, "real", "missing environment variables SECRET: set them too, or unset DOMAIN to have standin stand in"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &runner{Stack: &Stack{}, environ: test.environ, addresses: map[string]string{"standin": "127.0.0.1:1"}}
			r.setDefaults()
			needed, err := r.needed(stand)
			fault := ""
			if err != nil {
				fault = err.Error()
			}
			if needed != test.needed || fault != test.fault || r.environ["DOMAIN"] != test.domain {
				t.Errorf("got %t, %q, DOMAIN %q", needed, fault, r.environ["DOMAIN"])
			}
		})
	}
}

func TestForPrograms(t *testing.T) {
	t.Parallel()
	got := forPrograms([]string{"A=b=c", "OTEL_SERVICE_NAME=x", "JOINERY_DATABASE_URL=y", "HASURA_GRAPHQL_ADMIN_SECRET=s"})
	want := environment{"A": "b=c", "HASURA_GRAPHQL_ADMIN_SECRET": "s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReserve(t *testing.T) {
	t.Parallel()
	const wanted = 14000 // of no program of ours
	reserve := func(p *ports, program string, port int) (string, bool) {
		t.Helper()
		address, inUse, err := p.reserve(t.Context(), program, port)
		if err != nil {
			t.Fatal(err)
		}
		return address, inUse
	}
	var one, other ports
	t.Cleanup(one.close)
	t.Cleanup(other.close)
	first, inUse := reserve(&one, "a", wanted)
	if first != "127.0.0.1:14000" || inUse {
		t.Errorf("got %s, in use %t", first, inUse)
	}
	if address, inUse := reserve(&other, "a", wanted); address != "127.0.0.1:14010" || !inUse {
		t.Errorf("got %s, in use %t for a port in use", address, inUse)
	}
	one.release("a") // its program has yet to take it
	if address, inUse := reserve(&other, "b", wanted); address != "127.0.0.1:14020" || !inUse {
		t.Errorf("got %s, in use %t for a port that is about to be used", address, inUse)
	}
	one.close()
	var address string
	for try := range 100 { // a program that another test starts holds our sockets between fork and exec
		if address, inUse = reserve(&other, fmt.Sprint("c", try), wanted); !inUse {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if address != first || inUse {
		t.Errorf("got %s, in use %t for a port that was given up", address, inUse)
	}
	if address, inUse := reserve(&other, "d", 0); address == "" || inUse {
		t.Errorf("got %s, in use %t where any will do", address, inUse)
	}
}

func TestMigrationFiles(t *testing.T) {
	t.Parallel()
	dir := stackWith(t, map[string]string{"2.sql": "", "10.sql": "", "notes.md": "", "default/1_a/up.sql": "", "default/1_a/down.sql": ""})
	got, err := migrations(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i] = strings.TrimPrefix(got[i], dir+"/")
	}
	if diff := cmp.Diff([]string{"10.sql", "2.sql", "default/1_a/up.sql"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutPassword(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, connection, want string }{
		{"url", "postgres://ann:secret@db.example:5433/shop?sslmode=disable", "postgres://ann@db.example:5433/shop"},
		{"key_values", "host=db.example user=ann password=secret dbname=shop", "postgres://ann@db.example:5432/shop"},
		{"socket", "host=/run/postgresql user=ann password=secret dbname=shop", "postgres://ann@/shop?host=%2Frun%2Fpostgresql"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := withoutPassword(test.connection)
			if err != nil || got != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
	if _, err := withoutPassword("postgres://ann:secret@db:x/shop"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got error %v for an invalid URL", err)
	}
}
