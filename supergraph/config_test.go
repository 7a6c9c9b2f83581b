package supergraph

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"

	"github.com/joinery-graphql/joinery/internal/testkit"
)

var update = flag.Bool("update", false, "write what comes out into the golden files")

func TestReadConfig(t *testing.T) {
	t.Setenv("AUTH0_HOST", "auth0.example")
	t.Setenv("EMPTY", "")
	dir := t.TempDir()
	path := filepath.Join(dir, "rover.yaml")
	write(t, path, `
# a comment
federation_version: "=2.14.0"
subgraphs:
  joinery:
    routing_url: ${env.NO_JOINERY_URL:-http://127.0.0.1:4001/graphql}
    schema: {file: ./examples/joinery.graphql}
  auth0:
    schema:
      subgraph_url: http://${env.AUTH0_HOST}:4002/graphql${env.EMPTY:-not-used}
      introspection_headers:
        Authorization: Bearer ${env.NO_TOKEN:-none}
        X-Number: 12
  inline:
    routing_url: https://inline.example/
    schema:
      sdl: |
        type Query { price: Int }
  absolute:
    routing_url: http://127.0.0.1:4003/
    schema: {file: /schemas/absolute.graphql}
`)
	got, err := ReadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Path:              path,
		FederationVersion: "=2.14.0",
		Subgraphs: []Subgraph{
			{
				Name: "joinery", Line: 5, RoutingURL: "http://127.0.0.1:4001/graphql",
				Schema: Schema{Line: 7, File: filepath.Join(dir, "examples/joinery.graphql")},
			}, {
				Name: "auth0", Line: 8, RoutingURL: "http://auth0.example:4002/graphql",
				Schema: Schema{
					Line: 9, URL: "http://auth0.example:4002/graphql",
					Headers: map[string]string{"Authorization": "Bearer none", "X-Number": "12"},
				},
			}, {
				Name: "inline", Line: 14, RoutingURL: "https://inline.example/",
				Schema: Schema{Line: 16, SDL: "type Query { price: Int }\n"},
			}, {
				Name: "absolute", Line: 19, RoutingURL: "http://127.0.0.1:4003/",
				Schema: Schema{Line: 21, File: "/schemas/absolute.graphql"},
			},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("ReadConfig (-want +got):\n%s", diff)
	}
}

// TestReadConfigFaults reads each archive of testdata/config: rover.yaml, and the faults that it must have. Refresh
// with -update.
func TestReadConfigFaults(t *testing.T) {
	for _, archive := range testkit.Archives(t, "testdata/config/*.txtar") {
		t.Run(archive.Name, func(t *testing.T) {
			_, err := parseConfig("rover.yaml", archive.Files[0].Data)
			if err == nil {
				t.Fatal("no error")
			}
			got := err.Error() + "\n"
			if *update {
				archive.Files = append(archive.Files[:1], txtar.File{Name: "faults", Data: []byte(got)})
				archive.Write(t)
				return
			}
			if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadConfigMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rover.yaml")
	_, err := ReadConfig(path)
	if want := path + ": missing supergraph config (write one, or name another with --config)"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v is not os.ErrNotExist", err)
	}
}

// TestRepositoryConfig reads the rover.yaml that this repository ships.
func TestRepositoryConfig(t *testing.T) {
	cfg, err := ReadConfig("../rover.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range cfg.Subgraphs {
		got[s.Name] = s.RoutingURL + " " + s.Schema.File
	}
	want := map[string]string{
		"joinery": "http://127.0.0.1:4001/graphql ../examples/hodor/joinery.graphql",
		"auth0":   "http://127.0.0.1:4002/graphql ../supergraph/auth0profile/schema.graphql",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rover.yaml (-want +got):\n%s", diff)
	}
}

func FuzzParseConfig(f *testing.F) {
	for _, archive := range testkit.Archives(f, "testdata/config/*.txtar") {
		f.Add(archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg, err := parseConfig("rover.yaml", text)
		if err == nil && len(cfg.Subgraphs) == 0 {
			t.Error("a config without subgraphs passed")
		}
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
